import { LuceError } from "../errors.ts";

/** All n(n-1)/2 pairs of items by how two raters order them. */
export type PairCounts = {
  readonly concordant: number;
  readonly discordant: number;
  /** Tied in x but not in y. */
  readonly tiedOnlyX: number;
  readonly tiedOnlyY: number;
  readonly tiedBoth: number;
};

/**
 * Counts the pairs by merge sort, O(n log n).
 *
 * @param x [n] scores of the items under one rater
 * @param y [n] scores of the same items under the other
 * @throws LuceError `shape-mismatch`; `not-finite` for NaN
 * @see Knight, A Computer Method for Calculating Kendall's Tau with Ungrouped Data, JASA 1966
 */
export function countPairs(x: ArrayLike<number>, y: ArrayLike<number>): PairCounts {
  requirePaired(x, y);
  const n = x.length;
  const order = Array.from({ length: n }, (_, item) => item).sort((a, b) => x[a] - x[b] || y[a] - y[b]);
  const sortedY = Float64Array.from(order, (item) => y[item]);
  const tiedX = tiedPairs(n, (k) => x[order[k]] === x[order[k - 1]]);
  const tiedBoth = tiedPairs(n, (k) => x[order[k]] === x[order[k - 1]] && sortedY[k] === sortedY[k - 1]);
  const discordant = sortCountingInversions(sortedY);
  const tiedY = tiedPairs(n, (k) => sortedY[k] === sortedY[k - 1]);
  const tiedOnlyX = tiedX - tiedBoth;
  const tiedOnlyY = tiedY - tiedBoth;
  const concordant = (n * n - n) / 2 - discordant - tiedOnlyX - tiedOnlyY - tiedBoth;
  return { concordant, discordant, tiedOnlyX, tiedOnlyY, tiedBoth };
}

/** Kendall's tau-a, (C - D) / n0: ties count against. Null for fewer than two items. */
export function kendallTauA(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  return kendallTauAOfPairs(countPairs(x, y));
}

/**
 * Kendall's tau-b, (C - D) / sqrt((C + D + Tx)(C + D + Ty)): corrected for ties on either side.
 * Null where one side is constant. O(n log n).
 */
export function kendallTau(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  return kendallTauOfPairs(countPairs(x, y));
}

/** Goodman and Kruskal's gamma, (C - D) / (C + D): ties left out. Null where every pair is tied. */
export function goodmanKruskalGamma(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  return goodmanKruskalGammaOfPairs(countPairs(x, y));
}

/** The share of pairs that y orders as x does, tied pairs counted half. Null for fewer than two items. */
export function pairwiseAccuracy(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  return pairwiseAccuracyOfPairs(countPairs(x, y));
}

export const kendallTauAOfPairs = (pairs: PairCounts) => share(pairs.concordant - pairs.discordant, totalPairs(pairs));

export function kendallTauOfPairs({ concordant, discordant, tiedOnlyX, tiedOnlyY }: PairCounts): number | null {
  const untied = concordant + discordant;
  return share(concordant - discordant, Math.sqrt((untied + tiedOnlyX) * (untied + tiedOnlyY)));
}

export const goodmanKruskalGammaOfPairs = ({ concordant, discordant }: PairCounts) =>
  share(concordant - discordant, concordant + discordant);

export function pairwiseAccuracyOfPairs(pairs: PairCounts): number | null {
  const tied = pairs.tiedOnlyX + pairs.tiedOnlyY + pairs.tiedBoth;
  return share(pairs.concordant + tied / 2, totalPairs(pairs));
}

/** Spearman's rho: the Pearson correlation of mid-ranks. Null where one side is constant. O(n log n). */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  return pearsonCorrelation(midranks(x), midranks(y));
}

/** [n] ranks from 1 for the smallest value; tied values share the mean of their positions. */
export function midranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, item) => item).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) ranks[order[k]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** Pearson's correlation, in [-1, 1]. Null where one side is constant. */
export function pearsonCorrelation(x: ArrayLike<number>, y: ArrayLike<number>): number | null {
  requirePaired(x, y);
  const meanX = mean(x);
  const meanY = mean(y);
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i++) {
    xx += (x[i] - meanX) ** 2;
    xy += (x[i] - meanX) * (y[i] - meanY);
    yy += (y[i] - meanY) ** 2;
  }
  const correlation = isConstant(x) || isConstant(y) ? null : share(xy, Math.sqrt(xx) * Math.sqrt(yy));
  return correlation === null ? null : Math.max(-1, Math.min(1, correlation));
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function totalPairs({ concordant, discordant, tiedOnlyX, tiedOnlyY, tiedBoth }: PairCounts): number {
  return concordant + discordant + tiedOnlyX + tiedOnlyY + tiedBoth;
}

function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

/** Pairs within runs of equal neighbours of a sorted sequence. */
function tiedPairs(n: number, equalsPrevious: (k: number) => boolean): number {
  let pairs = 0;
  let run = 0;
  for (let k = 1; k < n; k++) {
    run = equalsPrevious(k) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

/** Sorts in place, bottom up, and returns how many pairs stood in strictly descending order. */
function sortCountingInversions(values: Float64Array): number {
  let inversions = 0;
  let from: Float64Array = values;
  let to: Float64Array = new Float64Array(values.length);
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(start + 2 * width, values.length);
      let low = start;
      let high = middle;
      for (let k = start; k < end; k++) {
        if (low < middle && (high >= end || from[low] <= from[high])) to[k] = from[low++];
        else {
          inversions += middle - low;
          to[k] = from[high++];
        }
      }
    }
    [from, to] = [to, from];
  }
  if (from !== values) values.set(from);
  return inversions;
}

function requirePaired(x: ArrayLike<number>, y: ArrayLike<number>): void {
  if (x.length !== y.length) {
    throw new LuceError("shape-mismatch", `x has ${x.length} scores and y has ${y.length}`, {
      hint: "give the scores of the same items, in the same order",
    });
  }
  for (const [name, values] of Object.entries({ x, y })) {
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) {
        throw new LuceError("not-finite", "a score is not a number", {
          where: `${name}[${i}]`,
          hint: "leave out items that have no score",
        });
      }
    }
  }
}
