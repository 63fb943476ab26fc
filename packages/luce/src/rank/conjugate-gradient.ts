import type { Information } from "./pairwise-fit.ts";

/** A symmetric positive semi-definite matrix by what it does to a vector. */
export type LinearOperator = {
  /** Writes the product with `x` into `out`. */
  apply(x: Float64Array, out: Float64Array): void;
  readonly diagonal: Float64Array;
};

/** Solves information * x = b cell by cell: O(C (1 + K)) an iteration. See `solveConjugateGradient`. */
export function conjugateGradient(information: Information, b: Float64Array, tolerance: number): Float64Array {
  const operator = {
    apply: (x: Float64Array, out: Float64Array) => applyInformation(information, x, out),
    diagonal: diagonalOf(information),
  };
  return solveConjugateGradient(operator, b, tolerance);
}

/**
 * Solves operator * x = b by conjugate gradients with a diagonal preconditioner. The operator may be singular
 * along the gauge; b is then orthogonal to it and x is too.
 *
 * @param tolerance stop where the residual is this share of b
 */
export function solveConjugateGradient(operator: LinearOperator, b: Float64Array, tolerance: number): Float64Array {
  const size = b.length;
  const inverseDiagonal = operator.diagonal.map((value) => (value > 0 ? 1 / value : 0));
  const x = new Float64Array(size);
  const residual = b.slice();
  const direction = new Float64Array(size);
  const applied = new Float64Array(size);
  const target = tolerance ** 2 * weightedNorm(residual, inverseDiagonal);
  let norm = weightedNorm(residual, inverseDiagonal);
  for (let i = 0; i < size; i++) direction[i] = inverseDiagonal[i] * residual[i];
  for (let iteration = 0; iteration < 2000 && norm > target && norm > 0; iteration++) {
    operator.apply(direction, applied);
    let curvature = 0;
    for (let i = 0; i < size; i++) curvature += direction[i] * applied[i];
    if (!(curvature > 0)) break;
    const step = norm / curvature;
    for (let i = 0; i < size; i++) {
      x[i] += step * direction[i];
      residual[i] -= step * applied[i];
    }
    const nextNorm = weightedNorm(residual, inverseDiagonal);
    const mix = nextNorm / norm;
    for (let i = 0; i < size; i++) direction[i] = inverseDiagonal[i] * residual[i] + mix * direction[i];
    norm = nextNorm;
  }
  return x;
}

function weightedNorm(values: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += weights[i] * values[i] ** 2;
  return sum;
}

function applyInformation(
  { cells, sharedCount, penalty, curvature, mixed, sharedCurvature }: Information,
  x: Float64Array,
  out: Float64Array,
): void {
  const systems = cells.systems;
  for (let i = 0; i < systems; i++) out[i] = penalty.strengths * x[i];
  for (let k = 0; k < sharedCount; k++) {
    let sum = penalty.shared * x[systems + k];
    for (let l = 0; l < sharedCount; l++) sum += sharedCurvature[k * sharedCount + l] * x[systems + l];
    out[systems + k] = sum;
  }
  const { first, second } = cells;
  for (let cell = 0; cell < curvature.length; cell++) {
    const d = x[first[cell]] - x[second[cell]];
    let flow = curvature[cell] * d;
    for (let k = 0; k < sharedCount; k++) {
      const m = mixed[cell * sharedCount + k];
      flow += m * x[systems + k];
      out[systems + k] += m * d;
    }
    out[first[cell]] += flow;
    out[second[cell]] -= flow;
  }
}

function diagonalOf({ cells, sharedCount, penalty, curvature, sharedCurvature }: Information): Float64Array {
  const diagonal = new Float64Array(cells.systems + sharedCount);
  diagonal.fill(penalty.strengths, 0, cells.systems);
  for (let cell = 0; cell < curvature.length; cell++) {
    diagonal[cells.first[cell]] += curvature[cell];
    diagonal[cells.second[cell]] += curvature[cell];
  }
  for (let k = 0; k < sharedCount; k++) {
    diagonal[cells.systems + k] = penalty.shared + sharedCurvature[k * sharedCount + k];
  }
  return diagonal;
}
