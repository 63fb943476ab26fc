import { LuceError } from "../errors.ts";

/**
 * How the raw covariates a, b of the two sides become one feature.
 *
 * - `relative`: (a - b) / (a + b + 1), for counts (Chatbot Arena)
 * - `density`: the first column is tokens, (a - b) / (a + b); the others are counts per token,
 *   d = x / (tokens + 1), then (d_a - d_b) / (d_a + d_b + 1) (Arena-Hard)
 * - `difference`: a - b, for covariates that may be negative
 */
export type FeatureConvention = "relative" | "density" | "difference";

/** @returns [N][K] raw features; swapping the sides changes their sign. */
export function styleFeatures(
  left: ArrayLike<number>,
  right: ArrayLike<number>,
  columns: number,
  convention: FeatureConvention,
): Float64Array {
  const features = new Float64Array(left.length);
  for (let at = 0; at < left.length; at++) {
    const column = at % columns;
    const row = at - column;
    if (!Number.isFinite(left[at]) || !Number.isFinite(right[at])) {
      throw new LuceError("invalid-input", `a covariate of row ${row / columns} is not a number`, {
        hint: "leave out rows without it, or covariates that the file does not hold for every row",
      });
    }
    if (convention === "difference") features[at] = left[at] - right[at];
    else if (convention === "relative") features[at] = share(left[at], right[at], 1);
    else if (column === 0) features[at] = share(left[at], right[at], 0);
    else features[at] = share(left[at] / (left[row] + 1), right[at] / (right[row] + 1), 1);
  }
  return features;
}

function share(a: number, b: number, added: number): number {
  const sum = a + b + added;
  return sum === 0 ? 0 : (a - b) / sum;
}

/** Features centred and divided by their standard deviation over battles; a column that does not vary is dropped. */
export function standardise(
  features: Float64Array,
  columns: number,
  count: Float64Array,
  ddof: number,
): { features: Float64Array; kept: number[]; deviations: number[] } {
  const rows = count.length;
  let total = 0;
  for (const c of count) total += c;
  const means: number[] = [];
  const deviations: number[] = [];
  const kept: number[] = [];
  for (let column = 0; column < columns; column++) {
    let mean = 0;
    for (let row = 0; row < rows; row++) mean += (count[row] * features[row * columns + column]) / total;
    let squares = 0;
    let magnitude = 0;
    for (let row = 0; row < rows; row++) {
      squares += count[row] * (features[row * columns + column] - mean) ** 2;
      magnitude = Math.max(magnitude, Math.abs(features[row * columns + column]));
    }
    const deviation = Math.sqrt(squares / (total - ddof));
    // A column of one value has a deviation of rounding errors.
    if (deviation > 1e-12 * magnitude) {
      kept.push(column);
      means.push(mean);
      deviations.push(deviation);
    }
  }
  const standardised = new Float64Array(rows * kept.length);
  for (let row = 0; row < rows; row++) {
    kept.forEach((column, k) => {
      standardised[row * kept.length + k] = (features[row * columns + column] - means[k]) / deviations[k];
    });
  }
  return { features: standardised, kept, deviations };
}
