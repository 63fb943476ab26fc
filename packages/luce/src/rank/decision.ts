import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import type { Uncertainty } from "./uncertainty.ts";

export type Decision = "better" | "worse" | "no difference that matters" | "not enough data";

export type PairDecision = {
  readonly decision: Decision;
  /** Log-odds by which the first is ahead, with the limits of its interval. */
  readonly difference: number;
  readonly lower: number;
  readonly upper: number;
  /** Probability that the first is the stronger, given the data. */
  readonly probabilityBetter: number;
  /**
   * How many times the present judgments it would take, in the same mix, to decide; 1 where it is decided,
   * Infinity where no number would do.
   */
  readonly dataNeeded: number;
};

/**
 * Whether system i is better than system j, for a margin (log-odds) below which a difference does not matter.
 *
 * The interval of the difference within plus or minus the margin: no difference that matters. Else wholly above
 * 0: better; wholly below: worse; otherwise there is not enough data.
 *
 * @param critical half-width of the interval in standard errors: 1.96 for one comparison, more for many
 */
export function decide(
  logStrengths: Float64Array,
  uncertainty: Uncertainty,
  i: number,
  j: number,
  margin: number,
  critical: number,
): PairDecision {
  const difference = logStrengths[i] - logStrengths[j];
  const error = uncertainty.differenceError(i, j);
  if (!Number.isFinite(difference) || !Number.isFinite(error)) {
    return {
      decision: "not enough data",
      difference,
      lower: Number.NaN,
      upper: Number.NaN,
      probabilityBetter: Number.NaN,
      dataNeeded: Number.NaN,
    };
  }
  const lower = difference - critical * error;
  const upper = difference + critical * error;
  const decision =
    lower >= -margin && upper <= margin && margin > 0
      ? "no difference that matters"
      : lower > 0
        ? "better"
        : upper < 0
          ? "worse"
          : "not enough data";
  const distance = Math.abs(difference);
  const separate = (critical * error) / distance;
  const dismiss = distance < margin ? (critical * error) / (margin - distance) : Number.POSITIVE_INFINITY;
  return {
    decision,
    difference,
    lower,
    upper,
    probabilityBetter: probabilityAbove(uncertainty, i, j, difference, error),
    dataNeeded: decision === "not enough data" ? Math.min(separate, dismiss) ** 2 : 1,
  };
}

function probabilityAbove(
  { deviations }: Uncertainty,
  i: number,
  j: number,
  difference: number,
  error: number,
): number {
  if (error === 0) return difference > 0 ? 1 : difference < 0 ? 0 : 0.5;
  if (!deviations?.length) return normalCdf(difference / error, 0, 1);
  let above = 0;
  for (const draw of deviations) {
    const d = difference + draw[i] - draw[j];
    above += d > 0 ? 1 : d === 0 ? 0.5 : 0;
  }
  return above / deviations.length;
}

/**
 * The probability of each system to be the strongest: the share of the joint draws in which it is, [M].
 * NaN where there are no joint draws, or some strength has no finite estimate.
 */
export function probabilityBest(logStrengths: Float64Array, { deviations }: Uncertainty): Float64Array {
  const systems = logStrengths.length;
  const best = new Float64Array(systems);
  if (!deviations?.length || !logStrengths.every(Number.isFinite)) return best.fill(Number.NaN);
  for (const draw of deviations) {
    let winner = -1;
    for (let i = 0; i < systems; i++) {
      if (winner < 0 || !(logStrengths[i] + draw[i] <= logStrengths[winner] + draw[winner])) winner = i;
    }
    best[winner]++;
  }
  return best.map((times) => times / deviations.length);
}
