import type { Random } from "../random.ts";
import { choleskyInPlace } from "./cholesky.ts";
import { DENSE_LIMIT } from "./pairwise-fit.ts";
import { quantileOfSorted } from "./quantile.ts";
import type { RatingFit } from "./rating.ts";

/** Half-width of a 95 % interval in standard errors. */
export const NORMAL_95 = 1.959963984540054;

/** How sure one is of strengths and of their differences. */
export type Uncertainty = {
  /** [M] of log strengths; NaN where unknown. */
  readonly standardErrors: Float64Array;
  /** Standard error of the difference of two strengths; NaN where unknown. */
  differenceError(i: number, j: number): number;
  /**
   * Draws of what strengths deviate from their estimates by, [D][M], jointly (bootstrap replicates, or normal
   * draws); NaN where unknown. Null where only standard errors are known.
   */
  readonly deviations: readonly Float64Array[] | null;
  /** [M] limits of the 95 % interval of each log strength. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
};

/** From the method's own covariance (or its standard errors, taken as independent): normal intervals. O(M^3) once, O(D M^2) for the draws. */
export function normalUncertainty(fit: RatingFit, random: Random): Uncertainty {
  const { logStrengths, covariance } = fit;
  const systems = logStrengths.length;
  const standardErrors = fit.standardErrors ?? new Float64Array(systems).fill(Number.NaN);
  return {
    standardErrors,
    differenceError: (i, j) => differenceError(covariance, standardErrors, i, j),
    deviations:
      systems <= DENSE_LIMIT ? normalDeviations(covariance ?? diagonal(standardErrors), systems, random) : null,
    lower: logStrengths.map((strength, i) => strength - NORMAL_95 * standardErrors[i]),
    upper: logStrengths.map((strength, i) => strength + NORMAL_95 * standardErrors[i]),
  };
}

/** From bootstrap replicates [R][M]: percentile intervals. */
export function bootstrapUncertainty(logStrengths: Float64Array, replicates: readonly Float64Array[]): Uncertainty {
  const deviations = replicates.map((replicate) => replicate.map((strength, i) => strength - logStrengths[i]));
  const systems = logStrengths.length;
  // Joint statements compare every two systems in every replicate; above the limit only each system's own are made.
  const joint = systems <= DENSE_LIMIT;
  const covariance = joint ? sampleCovariance(deviations, systems) : null;
  const standardErrors = new Float64Array(systems);
  const lower = new Float64Array(systems);
  const upper = new Float64Array(systems);
  for (let i = 0; i < systems; i++) {
    const values = Float64Array.from(replicates, (replicate) => replicate[i])
      .filter((v) => !Number.isNaN(v))
      .sort();
    standardErrors[i] = deviation(values);
    lower[i] = values.length > 1 ? quantileOfSorted(values, 0.025) : Number.NaN;
    upper[i] = values.length > 1 ? quantileOfSorted(values, 0.975) : Number.NaN;
  }
  return {
    standardErrors,
    differenceError: (i, j) => differenceError(covariance, standardErrors, i, j),
    deviations: joint ? deviations : null,
    lower,
    upper,
  };
}

/** Of independent estimates where there is no covariance. */
function differenceError(covariance: Float64Array | null, standardErrors: Float64Array, i: number, j: number): number {
  if (covariance === null) return Math.hypot(standardErrors[i], standardErrors[j]);
  const systems = standardErrors.length;
  const variance = covariance[i * systems + i] + covariance[j * systems + j] - 2 * covariance[i * systems + j];
  return Math.sqrt(variance < 0 ? 0 : variance);
}

/** [M, M]; NaN for a system with a replicate that is not finite. */
function sampleCovariance(deviations: readonly Float64Array[], systems: number): Float64Array {
  const covariance = new Float64Array(systems * systems);
  const means = new Float64Array(systems);
  for (const draw of deviations) for (let i = 0; i < systems; i++) means[i] += draw[i] / deviations.length;
  const centred = new Float64Array(systems);
  for (const draw of deviations) {
    for (let i = 0; i < systems; i++) centred[i] = draw[i] - means[i];
    for (let i = 0; i < systems; i++) {
      for (let j = 0; j <= i; j++) covariance[i * systems + j] += centred[i] * centred[j];
    }
  }
  for (let i = 0; i < systems; i++) {
    for (let j = 0; j <= i; j++) {
      covariance[i * systems + j] /= deviations.length - 1;
      covariance[j * systems + i] = covariance[i * systems + j];
    }
  }
  return covariance;
}

/** Sample standard deviation; NaN where any value is not finite or there are fewer than two. */
function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** The covariance of independent estimates. */
function diagonal(standardErrors: Float64Array): Float64Array {
  const systems = standardErrors.length;
  const covariance = new Float64Array(systems * systems);
  for (let i = 0; i < systems; i++) covariance[i * systems + i] = standardErrors[i] ** 2;
  return covariance;
}

/** A thousand draws, fewer where they would take more than a moment. */
function normalDeviations(covariance: Float64Array, systems: number, random: Random): Float64Array[] {
  const known = Array.from({ length: systems }, (_, i) => i).filter((i) =>
    Number.isFinite(covariance[i * systems + i]),
  );
  const n = known.length;
  if (n === 0) return [];
  let largest = 0;
  for (const i of known) largest = Math.max(largest, covariance[i * systems + i]);
  // Singular along the gauge: a constant added to everything leaves every difference as it is.
  const factor = new Float64Array(n * n);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b <= a; b++) factor[a * n + b] = covariance[known[a] * systems + known[b]] + largest;
    factor[a * n + a] += 1e-9 * largest;
  }
  if (largest === 0 || !choleskyInPlace(factor, n)) return [];
  const draws = Math.max(200, Math.min(1000, Math.floor(4e7 / (n * n))));
  const z = new Float64Array(n);
  return Array.from({ length: draws }, () => {
    for (let a = 0; a < n; a++) z[a] = random.normal();
    const deviations = new Float64Array(systems).fill(Number.NaN);
    for (let a = 0; a < n; a++) {
      let sum = 0;
      for (let b = 0; b <= a; b++) sum += factor[a * n + b] * z[b];
      deviations[known[a]] = sum;
    }
    return deviations;
  });
}
