import { choleskyInverse, choleskySolve, factorCurvature } from "./cholesky.ts";
import { type LinearOperator, solveConjugateGradient } from "./conjugate-gradient.ts";
import { addGauge, centreBlocks, DENSE_LIMIT } from "./pairwise-fit.ts";
import {
  applyInformation,
  denseInformation,
  informationDiagonal,
  type Orders,
  type PlackettLuceState,
  plackettLuceAt,
} from "./plackett-luce-likelihood.ts";
import { dot, largest } from "./vectors.ts";

export type PlackettLuceFit = {
  /** [M] mean 0 within each block, unless there is a prior. */
  readonly strengths: Float64Array;
  readonly state: PlackettLuceState;
  readonly converged: boolean;
};

/** Log-odds: where curvature is nearly nothing Newton's step is far too long for what it is based on. */
const LONGEST_STEP = 5;

/**
 * Maximises the log-likelihood less 0.5 * regularization * |th|^2 by Newton's method with step halving. Up to
 * 600 systems each step factors the information, O(sum K^2 + M^3); above, conjugate gradients apply it, O(sum K)
 * an iteration and no M x M array.
 *
 * @param block [M] systems whose differences are identified; each ranking lies within one block
 * @param start [M]
 */
export function fitOrders(
  orders: Orders,
  block: Int32Array,
  regularization: number,
  start: Float64Array = startFrom(orders, regularization),
): PlackettLuceFit {
  const gauge = regularization > 0 ? null : block;
  const value = (at: PlackettLuceState, strengths: Float64Array) =>
    at.logLikelihood - 0.5 * regularization * dot(strengths, strengths);
  let strengths: Float64Array = start;
  let state = plackettLuceAt(orders, strengths);
  let converged = false;
  for (let iteration = 0; iteration < 100 && !converged; iteration++) {
    const gradient = state.gradient.map((slope, i) => slope - regularization * strengths[i]);
    const step = solve(orders, state, gauge, regularization, gradient);
    const before = value(state, strengths);
    const slack = 1e-12 * Math.abs(before);
    let scale = Math.min(1, LONGEST_STEP / largest(step));
    let next = moved(strengths, step, scale);
    let nextState = plackettLuceAt(orders, next);
    while (!(value(nextState, next) >= before - slack) && scale > 1e-9) {
      scale /= 2;
      next = moved(strengths, step, scale);
      nextState = plackettLuceAt(orders, next);
    }
    if (!(value(nextState, next) >= before - slack)) break;
    // A full Newton step squares the error that it leaves.
    converged = largest(step) * scale < (scale === 1 ? 1e-6 : 1e-9);
    strengths = next;
    state = nextState;
  }
  if (gauge) {
    strengths = strengths.slice();
    centreBlocks(strengths, gauge);
  }
  return { strengths, state, converged };
}

/** Pseudo-inverse of the information, (H + J/M)^-1 - J/M by blocks, or (H + lambda I)^-1; [M, M]. O(sum K^2 + M^3). */
export function inverseInformation(
  orders: Orders,
  state: PlackettLuceState,
  gauge: Int32Array | null,
  regularization: number,
): Float64Array {
  const inverse = choleskyInverse(factor(orders, state, gauge, regularization), orders.systems);
  if (gauge) addGauge(inverse, orders.systems, gauge, -1);
  return inverse;
}

/** The information with the prior's, to be applied to vectors. */
export function informationOperator(orders: Orders, state: PlackettLuceState, regularization: number): LinearOperator {
  return {
    diagonal: informationDiagonal(orders, state).map((entry) => entry + regularization),
    apply(x, out) {
      applyInformation(orders, state, x, out);
      for (let i = 0; i < x.length; i++) out[i] += regularization * x[i];
    },
  };
}

/** Rankings above which a fit to every 16th of them is worth its time as a start. */
const SAMPLE_ABOVE = 20_000;

/** Zero, or for many rankings the fit to a sample, under a prior so that it exists. */
function startFrom(orders: Orders, regularization: number): Float64Array {
  const { systems, mass } = orders;
  if (mass.length <= SAMPLE_ABOVE) return new Float64Array(systems);
  const sample = { ...orders, mass: mass.map((value, n) => (n % 16 === 0 ? 16 * value : 0)) };
  return fitOrders(sample, new Int32Array(systems), regularization + 1, new Float64Array(systems)).strengths;
}

function solve(
  orders: Orders,
  state: PlackettLuceState,
  gauge: Int32Array | null,
  regularization: number,
  gradient: Float64Array,
): Float64Array {
  if (orders.systems > DENSE_LIMIT) {
    return solveConjugateGradient(informationOperator(orders, state, regularization), gradient, 1e-6);
  }
  return choleskySolve(factor(orders, state, gauge, regularization), orders.systems, gradient);
}

function factor(
  orders: Orders,
  state: PlackettLuceState,
  gauge: Int32Array | null,
  regularization: number,
): Float64Array {
  const M = orders.systems;
  const matrix = denseInformation(orders, state);
  if (gauge) addGauge(matrix, M, gauge, 1);
  for (let i = 0; i < M; i++) matrix[i * M + i] += regularization;
  return factorCurvature(matrix, M);
}

function moved(strengths: Float64Array, step: Float64Array, scale: number): Float64Array {
  return strengths.map((value, i) => value + scale * step[i]);
}
