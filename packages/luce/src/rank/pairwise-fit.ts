import { LuceError } from "../errors.ts";
import type { Cells } from "./cells.ts";
import { choleskySolve, factorCurvature } from "./cholesky.ts";
import { conjugateGradient } from "./conjugate-gradient.ts";
import { identify } from "./identification.ts";
import { forEachCell, type PairwiseLikelihood } from "./pairwise-likelihood.ts";
import { dot, largest } from "./vectors.ts";

/** Up to this many parameters the information matrix is held and factored; above, it is only applied. */
export const DENSE_LIMIT = 600;

export type PairwisePenalty = {
  /** Subtracts 0.5 * strengths * |th|^2 from the log-likelihood. */
  readonly strengths: number;
  /** Subtracts 0.5 * shared * |phi|^2. */
  readonly shared: number;
};

export type PairwiseFit = {
  /** [M] mean 0 within each block, unless penalised. */
  readonly strengths: Float64Array;
  /** [K] */
  readonly shared: Float64Array;
  /** Without the penalty. */
  readonly logLikelihood: number;
  readonly converged: boolean;
};

/**
 * Maximises sum over cells of mass times log-likelihood, less the penalty, by Newton's method with step halving.
 *
 * The gauge (only differences of strengths matter) is fixed within each block of systems that are connected
 * to one another: strengths have mean 0 there. Up to 600 parameters each step factors the information matrix,
 * O(C + (M + K)^3); above, conjugate gradients apply it cell by cell, O(C) an iteration and no M x M array.
 *
 * @param block [M] the block of each system; cells must lie within one block
 */
export function fitPairwise(
  cells: Cells,
  likelihood: PairwiseLikelihood,
  block: Int32Array,
  penalty: PairwisePenalty = { strengths: 0, shared: 0 },
  start?: { strengths: Float64Array; shared: Float64Array },
): PairwiseFit {
  const size = cells.systems + likelihood.sharedCount;
  const gauge = penalty.strengths > 0 ? null : block;
  let strengths = start ? start.strengths.slice() : new Float64Array(cells.systems);
  let shared = start?.shared.slice() ?? likelihood.sharedStart?.slice() ?? new Float64Array(likelihood.sharedCount);
  let information = informationAt(cells, likelihood, strengths, shared, penalty);
  let converged = false;
  for (let iteration = 0; iteration < 100 && !converged; iteration++) {
    const step =
      size <= DENSE_LIMIT
        ? choleskySolve(factorInformation(information, gauge), size, information.gradient.slice())
        : conjugateGradient(information, information.gradient, 1e-10);
    const slope = dot(step, information.gradient);
    const floor = information.objective - 1e-12 * Math.abs(information.objective);
    let scale = 1;
    let next = moved(strengths, shared, step, scale);
    let nextInformation = informationAt(cells, likelihood, next.strengths, next.shared, penalty);
    while (!(nextInformation.objective >= floor) && scale > 1e-9) {
      scale /= 2;
      next = moved(strengths, shared, step, scale);
      nextInformation = informationAt(cells, likelihood, next.strengths, next.shared, penalty);
    }
    if (!(nextInformation.objective >= floor)) break;
    // The decrement is twice the likelihood still to be gained; quadratic convergence makes the rest negligible.
    converged = largest(step) * scale < 1e-9 || (slope < 1e-18 * (1 + Math.abs(floor)) && largest(step) < 1e-6);
    ({ strengths, shared } = next);
    information = nextInformation;
    if (largest(strengths) > DIVERGED || largest(shared) > DIVERGED) break;
  }
  if (gauge) centreBlocks(strengths, gauge);
  if (isFlat(information)) converged = false;
  return { strengths, shared, logLikelihood: information.logLikelihood, converged };
}

/** Whether the likelihood has gone flat in a shared parameter, which is on its way to infinity. */
function isFlat({ sharedCount, sharedCurvature, cells, penalty }: Information): boolean {
  if (penalty.shared > 0 || sharedCount === 0) return false;
  const mass = cells.mass.reduce((sum, m) => sum + m, 0);
  for (let k = 0; k < sharedCount; k++) if (sharedCurvature[k * sharedCount + k] < 1e-10 * mass) return true;
  return false;
}

/**
 * The fit of systems that must all be comparable, for callers that have no way to say "not identified".
 *
 * @throws LuceError `not-identified` where no finite maximum exists
 */
export function fitIdentified(cells: Cells, likelihood: PairwiseLikelihood, penalty: PairwisePenalty): PairwiseFit {
  const block = new Int32Array(cells.systems);
  if (penalty.strengths === 0) {
    const names = Array.from(block, (_, i) => String(i));
    const { offset, findings } = identify(cells, names);
    if (offset.some((value) => value !== 0)) throw notIdentified(findings[0].text);
  }
  const fit = fitPairwise(cells, likelihood, block, penalty);
  if (!fit.converged) throw notIdentified("The likelihood has no finite maximum.");
  return fit;
}

function notIdentified(text: string): LuceError {
  return new LuceError("not-identified", text, { hint: "set regularization above 0 for a maximum a posteriori fit" });
}

/** Log-odds beyond which an estimate is on its way to infinity: e^50 to one. */
const DIVERGED = 50;

/** The Hessian of minus the penalised log-likelihood, cell by cell, with the gradient of the log-likelihood. */
export type Information = {
  readonly cells: Cells;
  readonly sharedCount: number;
  readonly penalty: PairwisePenalty;
  readonly logLikelihood: number;
  /** The log-likelihood less the penalty. */
  readonly objective: number;
  /** [M + K] */
  readonly gradient: Float64Array;
  /** [C] mass times curvature */
  readonly curvature: Float64Array;
  /** [C, K] */
  readonly mixed: Float64Array;
  /** [K, K] summed over cells */
  readonly sharedCurvature: Float64Array;
};

export function informationAt(
  cells: Cells,
  likelihood: PairwiseLikelihood,
  strengths: Float64Array,
  shared: Float64Array,
  penalty: PairwisePenalty,
): Information {
  const systems = cells.systems;
  const sharedCount = likelihood.sharedCount;
  const gradient = new Float64Array(systems + sharedCount);
  const curvature = new Float64Array(cells.mass.length);
  const mixed = new Float64Array(cells.mass.length * sharedCount);
  const sharedCurvature = new Float64Array(sharedCount * sharedCount);
  let logLikelihood = 0;
  for (let i = 0; i < systems; i++) gradient[i] = -penalty.strengths * strengths[i];
  for (let k = 0; k < sharedCount; k++) gradient[systems + k] = -penalty.shared * shared[k];
  forEachCell(cells, likelihood, strengths, shared, (cell, derivatives) => {
    const mass = cells.mass[cell];
    logLikelihood += mass * derivatives.logLikelihood;
    gradient[cells.first[cell]] += mass * derivatives.slope;
    gradient[cells.second[cell]] -= mass * derivatives.slope;
    curvature[cell] = mass * derivatives.curvature;
    for (let k = 0; k < sharedCount; k++) {
      gradient[systems + k] += mass * derivatives.sharedSlope[k];
      mixed[cell * sharedCount + k] = mass * derivatives.mixedCurvature[k];
    }
    for (let k = 0; k < sharedCurvature.length; k++) sharedCurvature[k] += mass * derivatives.sharedCurvature[k];
  });
  const objective =
    logLikelihood - 0.5 * penalty.strengths * dot(strengths, strengths) - 0.5 * penalty.shared * dot(shared, shared);
  return { cells, sharedCount, penalty, logLikelihood, objective, gradient, curvature, mixed, sharedCurvature };
}

/** The information as a dense matrix, row-major [M + K, M + K]; both triangles. */
export function denseInformation({ cells, sharedCount, penalty, curvature, mixed, sharedCurvature }: Information) {
  const systems = cells.systems;
  const size = systems + sharedCount;
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < systems; i++) matrix[i * size + i] = penalty.strengths;
  for (let cell = 0; cell < curvature.length; cell++) {
    const i = cells.first[cell];
    const j = cells.second[cell];
    const c = curvature[cell];
    matrix[i * size + i] += c;
    matrix[j * size + j] += c;
    matrix[i * size + j] -= c;
    matrix[j * size + i] -= c;
    for (let k = 0; k < sharedCount; k++) {
      const m = mixed[cell * sharedCount + k];
      const column = systems + k;
      matrix[i * size + column] += m;
      matrix[column * size + i] += m;
      matrix[j * size + column] -= m;
      matrix[column * size + j] -= m;
    }
  }
  for (let k = 0; k < sharedCount; k++) {
    for (let l = 0; l < sharedCount; l++) {
      matrix[(systems + k) * size + systems + l] = sharedCurvature[k * sharedCount + l];
    }
    matrix[(systems + k) * size + systems + k] += penalty.shared;
  }
  return matrix;
}

/** Cholesky factor of the information, with J/M added in each block to fix the gauge where there is no penalty. */
export function factorInformation(information: Information, gauge: Int32Array | null): Float64Array {
  const size = information.cells.systems + information.sharedCount;
  const matrix = denseInformation(information);
  if (gauge) addGauge(matrix, size, gauge, 1);
  return factorCurvature(matrix, size);
}

/** Adds `sign` * J / M to each block of the strengths' part of a row-major [size, size] matrix. */
export function addGauge(matrix: Float64Array, size: number, gauge: Int32Array, sign: 1 | -1): void {
  const members = new Float64Array(gauge.length + 1);
  for (const block of gauge) members[block]++;
  for (let i = 0; i < gauge.length; i++) {
    for (let j = 0; j < gauge.length; j++) {
      if (gauge[i] === gauge[j]) matrix[i * size + j] += sign / members[gauge[i]];
    }
  }
}

/** Subtracts from each strength the mean of its block. */
export function centreBlocks(strengths: Float64Array, block: Int32Array): void {
  const sums = new Float64Array(strengths.length);
  const members = new Float64Array(strengths.length);
  for (let i = 0; i < strengths.length; i++) {
    sums[block[i]] += strengths[i];
    members[block[i]]++;
  }
  for (let i = 0; i < strengths.length; i++) strengths[i] -= sums[block[i]] / members[block[i]];
}

function moved(strengths: Float64Array, shared: Float64Array, step: Float64Array, scale: number) {
  return {
    strengths: strengths.map((value, i) => value + scale * step[i]),
    shared: shared.map((value, k) => value + scale * step[strengths.length + k]),
  };
}
