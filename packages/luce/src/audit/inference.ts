/** The statistics that several audits share: intervals, tests, clustered variances, many tests at once. */
import binomialCdf from "@stdlib/stats-base-dists-binomial-cdf";
import studentCdf from "@stdlib/stats-base-dists-t-cdf";
import studentQuantile from "@stdlib/stats-base-dists-t-quantile";
import { NORMAL_95 } from "../rank/uncertainty.ts";

/** An effect is reported when chance alone would show one as large less often than this. */
export const SIGNIFICANCE = 0.01;

export type Estimate = {
  readonly value: number;
  readonly standardError: number;
  /** 95% interval. */
  readonly lower: number;
  readonly upper: number;
  /** Two-sided, against 0. */
  readonly pValue: number;
};

/**
 * An estimate with its Student interval and test.
 * @param degreesOfFreedom clusters less one; the normal distribution where infinite
 */
export function estimateOf(value: number, standardError: number, degreesOfFreedom: number): Estimate {
  const degrees = Math.min(degreesOfFreedom, 1e6);
  const margin = studentQuantile(0.975, degrees) * standardError;
  return {
    value,
    standardError,
    lower: value - margin,
    upper: value + margin,
    pValue: standardError > 0 ? 2 * studentCdf(-Math.abs(value) / standardError, degrees) : value === 0 ? 1 : 0,
  };
}

/** How rows hang together: rows of one cluster may depend on each other. */
export type Clustering = {
  /** One array [N] a way of clustering; -1 is a cluster of its own. */
  readonly ways: readonly Int32Array[];
  /** Of two ways, the clusters of both at once. */
  readonly both?: Int32Array;
  /** Clusters of the coarsest way, less one. */
  readonly degreesOfFreedom: number;
  /** What the clusters are, for the reader. */
  readonly name: string;
};

/**
 * Variance of a sum of influences whose rows depend on each other within clusters. With two ways of
 * clustering, the two-way variance of Cameron, Gelbach and Miller (2011): V1 + V2 - V12, never less
 * than the larger of V1 and V2. Each is multiplied by G / (G - 1).
 *
 * @param influence [N] what each row adds to the estimate
 */
export function clusteredVariance(influence: Float64Array, { ways, both }: Clustering): number {
  if (ways.length === 0) return sumOfSquares(influence);
  const single = ways.map((way) => oneWayVariance(influence, way));
  if (ways.length === 1) return single[0];
  return Math.max(...single, single[0] + single[1] - oneWayVariance(influence, both ?? intersection(ways[0], ways[1])));
}

function oneWayVariance(influence: Float64Array, clusters: Int32Array): number {
  let last = -1;
  for (let row = 0; row < clusters.length; row++) if (clusters[row] > last) last = clusters[row];
  const sums = new Float64Array(last + 1);
  const seen = new Uint8Array(last + 1);
  let alone = 0;
  let count = 0;
  for (let row = 0; row < influence.length; row++) {
    const cluster = clusters[row];
    if (cluster < 0) {
      alone += influence[row] ** 2;
      count++;
    } else {
      sums[cluster] += influence[row];
      if (seen[cluster] === 0) {
        seen[cluster] = 1;
        count++;
      }
    }
  }
  return (alone + sumOfSquares(sums)) * (count > 1 ? count / (count - 1) : 1);
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

/** Numbers the distinct pairs of two clusterings. */
export function intersection(a: Int32Array, b: Int32Array): Int32Array {
  return numberKeys(a.length, (row) => (a[row] < 0 || b[row] < 0 ? -1 : a[row] * 2 ** 26 + b[row]));
}

/** Numbers the distinct keys of `length` rows in order of appearance; a negative key stays -1. */
export function numberKeys(length: number, keyOf: (row: number) => number): Int32Array {
  const numbers = new Map<number, number>();
  const numbered = new Int32Array(length);
  for (let row = 0; row < length; row++) {
    const key = keyOf(row);
    if (key < 0) {
      numbered[row] = -1;
      continue;
    }
    let number = numbers.get(key);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(key, number);
    }
    numbered[row] = number;
  }
  return numbered;
}

/**
 * Which of many hypotheses to reject so that at most {@link SIGNIFICANCE} of the rejected are true (Benjamini and
 * Hochberg 1995).
 */
export function rejectedAtFalseDiscoveryRate(pValues: readonly number[]): boolean[] {
  const order = pValues.map((_, index) => index).sort((a, b) => pValues[a] - pValues[b]);
  let last = -1;
  order.forEach((index, place) => {
    if (pValues[index] <= (SIGNIFICANCE * (place + 1)) / pValues.length) last = place;
  });
  const rejected = pValues.map(() => false);
  for (let place = 0; place <= last; place++) rejected[order[place]] = true;
  return rejected;
}

/** The Wilson score interval (95%) of a share; `successes` need not be whole. */
export function wilsonInterval(successes: number, trials: number): { lower: number; upper: number } {
  if (trials === 0) return { lower: 0, upper: 1 };
  const share = successes / trials;
  const denominator = 1 + NORMAL_95 ** 2 / trials;
  const centre = (share + NORMAL_95 ** 2 / (2 * trials)) / denominator;
  const margin =
    (NORMAL_95 * Math.sqrt((share * (1 - share)) / trials + NORMAL_95 ** 2 / (4 * trials ** 2))) / denominator;
  return { lower: Math.max(0, centre - margin), upper: Math.min(1, centre + margin) };
}

/** Two-sided exact binomial p-value, twice the smaller tail. */
export function binomialPValue(successes: number, trials: number, probability: number): number {
  const below = binomialCdf(successes, trials, probability);
  const above = successes === 0 ? 1 : 1 - binomialCdf(successes - 1, trials, probability);
  return Math.min(1, 2 * Math.min(below, above));
}
