import type { Cells } from "./cells.ts";

/** Derivatives of one judgment's log-likelihood, reused from cell to cell. K is the number of shared parameters. */
export type Derivatives = {
  logLikelihood: number;
  /** By the difference d of the two strengths. */
  slope: number;
  /** Minus the second derivative by d. */
  curvature: number;
  /** [K] by the shared parameters. */
  readonly sharedSlope: Float64Array;
  /** [K] minus the mixed second derivative. */
  readonly mixedCurvature: Float64Array;
  /** [K, K] minus the second derivative by the shared parameters. */
  readonly sharedCurvature: Float64Array;
};

/**
 * A concave log-likelihood of pairwise outcomes in the difference of two strengths and a few shared
 * parameters (a tie threshold, style coefficients). What rating models differ in; how they are fitted,
 * how sure they are and what they identify is shared.
 */
export type PairwiseLikelihood = {
  readonly sharedCount: number;
  /** Whether judgments of one pair can be replaced by their mean outcome. */
  readonly linearInOutcome: boolean;
  /** The derivative by d alone, where K is 0: what a refit repeats thousands of times. */
  slope?(outcome: number, d: number): number;
  /** Where the search for the shared parameters starts. */
  readonly sharedStart?: Float64Array;
  /** Writes the derivatives at difference `d` of one judgment of cell `cell` with the given outcome into `out`. */
  derivatives(outcome: number, d: number, shared: Float64Array, out: Derivatives, cell: number): void;
};

export function createDerivatives(sharedCount: number): Derivatives {
  return {
    logLikelihood: 0,
    slope: 0,
    curvature: 0,
    sharedSlope: new Float64Array(sharedCount),
    mixedCurvature: new Float64Array(sharedCount),
    sharedCurvature: new Float64Array(sharedCount * sharedCount),
  };
}

/** Calls `visit` with each cell that has mass, its derivatives at (strengths, shared) in the argument. */
export function forEachCell(
  cells: Cells,
  likelihood: PairwiseLikelihood,
  strengths: Float64Array,
  shared: Float64Array,
  visit: (cell: number, derivatives: Derivatives) => void,
): void {
  const derivatives = createDerivatives(likelihood.sharedCount);
  for (let cell = 0; cell < cells.mass.length; cell++) {
    if (cells.mass[cell] === 0) continue;
    const d = strengths[cells.first[cell]] - strengths[cells.second[cell]];
    likelihood.derivatives(cells.outcome[cell], d, shared, derivatives, cell);
    visit(cell, derivatives);
  }
}

/** log(1 + exp(x)) without overflow. */
export function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

/** 1 / (1 + exp(-x)). */
export function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
