import studentQuantile from "@stdlib/stats-base-dists-t-quantile";
import { LuceError } from "../errors.ts";

export type MeanInterval = { readonly mean: number; readonly lower: number; readonly upper: number };

/**
 * The mean of independent runs with its 95% interval by Student's t.
 *
 * @param values one a run, at least 2
 * @throws LuceError `invalid-input` for fewer
 */
export function meanInterval(values: readonly number[]): MeanInterval {
  const runs = values.length;
  if (runs < 2) {
    throw new LuceError(
      "invalid-input",
      `an interval needs at least 2 runs, there ${runs === 1 ? "is 1" : "are none"}`,
      {
        hint: "ask for more seeds",
      },
    );
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / runs;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (runs - 1);
  const half = studentQuantile(0.975, runs - 1) * Math.sqrt(variance / runs);
  return { mean, lower: mean - half, upper: mean + half };
}
