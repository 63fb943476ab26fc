import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { quantileOfSorted } from "./quantile.ts";
import { NORMAL_95, type Uncertainty } from "./uncertainty.ts";

export type RankIntervals = {
  /** [M] 1 is best, equal strengths share the better rank; null where nothing places the system. */
  readonly rank: (number | null)[];
  readonly rankLower: (number | null)[];
  readonly rankUpper: (number | null)[];
  /**
   * [M] how many standard errors a difference from this system must exceed to be told from 0, given that it is
   * compared with every other.
   */
  readonly critical: Float64Array;
};

/**
 * Ranks within each component, with 95 % intervals that hold although a system is compared with every other.
 *
 * A system's rank lies between one more than the number of systems surely better and the number not surely worse;
 * "surely" is a difference beyond `critical` standard errors, the 95 % quantile of the largest standardised
 * deviation among the system's differences (Mogstad, Romano, Shaikh and Wilhelm 2024, "Inference for Ranks").
 * Where only standard errors are known, systems are told apart by non-overlapping Sidak intervals (Klein, Wright
 * and Wieczorek 2020, "A joint confidence region for an overall ranking of populations"), which is wider.
 *
 * A method that shows another number than its strengths (a conservative score) ranks by that number; an interval
 * that comes from the strengths is then widened to hold the rank.
 *
 * O(D M^2) with joint draws, O(M log M) without.
 *
 * @param shown [M] what systems are ranked by
 */
export function rankIntervals(
  logStrengths: Float64Array,
  components: Int32Array,
  uncertainty: Uncertainty,
  shown: Float64Array = logStrengths,
): RankIntervals {
  const systems = logStrengths.length;
  const rank: (number | null)[] = new Array(systems).fill(null);
  const rankLower: (number | null)[] = new Array(systems).fill(null);
  const rankUpper: (number | null)[] = new Array(systems).fill(null);
  const critical = new Float64Array(systems).fill(NORMAL_95);
  for (const all of Map.groupBy(components.keys(), (i) => components[i]).values()) {
    const placed = all
      .filter((i) => !Number.isNaN(shown[i]))
      .sort((a, b) => (shown[a] === shown[b] ? 0 : shown[b] - shown[a]));
    placed.forEach((i, at) => {
      const above = at > 0 ? placed[at - 1] : -1;
      rank[i] = above >= 0 && shown[above] === shown[i] ? rank[above] : at + 1;
      rankLower[i] = 1;
      rankUpper[i] = all.length;
    });
    const known = placed.filter(
      (i) => Number.isFinite(logStrengths[i]) && Number.isFinite(uncertainty.standardErrors[i]),
    );
    if (uncertainty.deviations?.length) {
      fromDraws(known, all.length, logStrengths, uncertainty, critical, rankLower, rankUpper);
    } else fromErrors(known, all.length, logStrengths, uncertainty.standardErrors, critical, rankLower, rankUpper);
  }
  for (let i = 0; i < systems; i++) {
    const at = rank[i];
    if (at === null) continue;
    rankLower[i] = Math.min(rankLower[i] ?? at, at);
    rankUpper[i] = Math.max(rankUpper[i] ?? at, at);
  }
  return { rank, rankLower, rankUpper, critical };
}

function fromDraws(
  known: number[],
  total: number,
  logStrengths: Float64Array,
  { deviations, differenceError }: Uncertainty,
  critical: Float64Array,
  rankLower: (number | null)[],
  rankUpper: (number | null)[],
): void {
  const n = known.length;
  const inverseErrors = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < a; b++) {
      const error = differenceError(known[a], known[b]);
      // Nothing is known of a pair without a finite error: it never separates.
      inverseErrors[a * n + b] = inverseErrors[b * n + a] = error > 0 && Number.isFinite(error) ? 1 / error : 0;
    }
  }
  const D = deviations!.length;
  /** [n][D] the largest standardised deviation among a system's differences, in each draw. */
  const largest = new Float64Array(n * D);
  const values = new Float64Array(n);
  const most = new Float64Array(n);
  for (let d = 0; d < D; d++) {
    const draw = deviations![d];
    for (let a = 0; a < n; a++) values[a] = draw[known[a]];
    most.fill(0);
    for (let a = 1; a < n; a++) {
      const value = values[a];
      const row = a * n;
      let mostOfA = most[a];
      for (let b = 0; b < a; b++) {
        const t = Math.abs(value - values[b]) * inverseErrors[row + b];
        if (t > mostOfA) mostOfA = t;
        if (t > most[b]) most[b] = t;
      }
      most[a] = mostOfA;
    }
    for (let a = 0; a < n; a++) largest[a * D + d] = most[a];
  }
  known.forEach((i, a) => {
    critical[i] = Math.max(NORMAL_95, quantileOfSorted(largest.subarray(a * D, (a + 1) * D).sort(), 0.95));
    let better = 0;
    let worse = 0;
    known.forEach((j, b) => {
      const t = (logStrengths[j] - logStrengths[i]) * inverseErrors[a * n + b];
      if (t > critical[i]) better++;
      else if (t < -critical[i]) worse++;
    });
    rankLower[i] = 1 + better;
    rankUpper[i] = total - worse;
  });
}

function fromErrors(
  known: number[],
  total: number,
  logStrengths: Float64Array,
  standardErrors: Float64Array,
  critical: Float64Array,
  rankLower: (number | null)[],
  rankUpper: (number | null)[],
): void {
  const z = sidak(known.length);
  const lower = Float64Array.from(known, (i) => logStrengths[i] - z * standardErrors[i]).sort();
  const upper = Float64Array.from(known, (i) => logStrengths[i] + z * standardErrors[i]).sort();
  for (const i of known) {
    critical[i] = Math.max(NORMAL_95, z);
    rankLower[i] = 1 + known.length - countBelow(lower, logStrengths[i] + z * standardErrors[i], true);
    rankUpper[i] = total - countBelow(upper, logStrengths[i] - z * standardErrors[i], false);
  }
}

/** How many of the ascending `sorted` are below `value` (or equal to it, where `orEqual`). */
function countBelow(sorted: Float64Array, value: number, orEqual: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value || (orEqual && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Standard errors at which `count` independent 95 % statements hold together. */
function sidak(count: number): number {
  return normalQuantile(0.5 + 0.5 * 0.95 ** (1 / Math.max(1, count)), 0, 1);
}
