import { LuceError } from "../errors.ts";

export type RankBiasedOverlap = {
  /** [max(lengths)] items that the prefixes of each depth share; a list that is shorter gives all it has. */
  readonly overlap: number[];
  /** Mean over the depths both lists reach of the shared proportion; null where a list is empty. */
  readonly averageOverlap: number | null;
  /** The sum over the depths both lists reach: what is certain without extrapolation of any kind. */
  readonly rboTruncated: number;
  /** The least the infinite sum can be, given the depths both lists reach. */
  readonly rboMin: number;
  /** The sum extrapolated from what was seen; null where a list is empty. */
  readonly rboExt: number | null;
};

/**
 * Rank-biased overlap of two lists: agreement that counts most at the head, for lists that need not hold the
 * same items or be of the same length. Symmetric, in [0, 1]. O(n).
 *
 * @param listA ids, best first, none twice
 * @param p persistence in (0, 1): 0.9 puts 86% of the weight on the first 10 places, p -> 0 all on the first
 * @throws LuceError `invalid-input` for an id that a list holds twice; `invalid-parameter` for p
 * @see Webber, Moffat and Zobel, A Similarity Measure for Indefinite Rankings, TOIS 2010: equations 7, 11, 32
 */
export function rankBiasedOverlap(
  listA: readonly (string | number)[],
  listB: readonly (string | number)[],
  p = 0.9,
): RankBiasedOverlap {
  if (!(p > 0 && p < 1)) {
    throw new LuceError("invalid-parameter", `p is ${p}, expected a number between 0 and 1, both excluded`);
  }
  requireDistinct("listA", listA);
  requireDistinct("listB", listB);
  const overlap = overlaps(listA, listB);
  const s = Math.min(listA.length, listB.length);
  const l = overlap.length;
  const atShorter = s > 0 ? overlap[s - 1] : 0;
  let proportions = 0;
  let truncated = 0;
  let below = 0;
  for (let d = 1; d <= s; d++) {
    proportions += overlap[d - 1] / d;
    truncated += p ** (d - 1) * (overlap[d - 1] / d);
    below += ((overlap[d - 1] - atShorter) * p ** d) / d;
  }
  const odds = (1 - p) / p;
  let extrapolated = 0;
  for (let d = 1; d <= l; d++) {
    extrapolated += (overlap[d - 1] / d) * p ** d;
    if (d > s) extrapolated += ((atShorter * (d - s)) / (s * d)) * p ** d;
  }
  return {
    overlap,
    averageOverlap: s > 0 ? proportions / s : null,
    rboTruncated: (1 - p) * truncated,
    rboMin: odds * (below - atShorter * Math.log1p(-p)),
    rboExt: s > 0 ? odds * extrapolated + ((overlap[l - 1] - atShorter) / l + atShorter / s) * p ** l : null,
  };
}

function overlaps(listA: readonly (string | number)[], listB: readonly (string | number)[]): number[] {
  const seen = new Set<string | number>();
  let shared = 0;
  const see = (id: string | number | undefined) => {
    if (id === undefined) return;
    if (seen.has(id)) shared++;
    else seen.add(id);
  };
  return Array.from({ length: Math.max(listA.length, listB.length) }, (_, place) => {
    see(listA[place]);
    see(listB[place]);
    return shared;
  });
}

function requireDistinct(name: string, list: readonly (string | number)[]): void {
  const seen = new Set<string | number>();
  for (const [place, id] of list.entries()) {
    if (seen.has(id)) {
      throw new LuceError("invalid-input", `"${id}" stands in the list twice`, { where: `${name}[${place}]` });
    }
    seen.add(id);
  }
}
