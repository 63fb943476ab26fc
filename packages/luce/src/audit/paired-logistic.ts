import type { Comparisons } from "../data/comparisons.ts";
import { mergeCells, rowsAsCells } from "../rank/cells.ts";
import { conjugateGradient } from "../rank/conjugate-gradient.ts";
import { fitPairwise, informationAt } from "../rank/pairwise-fit.ts";
import { logistic, type PairwiseLikelihood, softplus } from "../rank/pairwise-likelihood.ts";

export type PairedLogisticFit = {
  /** [M], mean 0 in each component. */
  readonly strengths: Float64Array;
  /** [K] */
  readonly coefficients: Float64Array;
  readonly logLikelihood: number;
  /** [N] what each vote adds to coefficient k, to first order. */
  coefficientInfluence(k: number): Float64Array;
  /** Fisher information on coefficient k that the strengths and the other terms leave. */
  coefficientInformation(k: number): number;
  /** [N] what each vote adds to the strength of `system` less the mean strength, to first order. */
  strengthInfluence(system: number): Float64Array;
};

/** A normal prior of standard deviation 10 (in log-odds) on every parameter. */
const RIDGE = 0.01;

/**
 * Bradley-Terry with further terms of each vote:
 *
 *   log-odds(left is preferred) = strength[left] - strength[right] + sum_k coefficient[k] x_k
 *
 * Ties count as half a vote for each side. A wide normal prior keeps a system that never loses, and a term
 * that separates the votes, finite. Linear in votes a step.
 *
 * @param terms K of them, each [N]
 */
export function fitPairedLogistic(votes: Comparisons, terms: readonly Float64Array[] = []): PairedLogisticFit {
  const M = votes.systems.length;
  const rows = rowsAsCells(votes);
  const cells = terms.length === 0 ? mergeCells(votes).cells : rows;
  const likelihood = logisticLikelihood(terms);
  const penalty = { strengths: RIDGE, shared: RIDGE };
  const { strengths, shared, logLikelihood } = fitPairwise(cells, likelihood, new Int32Array(M), penalty);
  const information = informationAt(cells, likelihood, strengths, shared, penalty);
  const residuals = residualsAt(rows, terms, strengths, shared);
  const solve = (target: Float64Array) => conjugateGradient(information, target, 1e-10);
  const influence = (target: Float64Array): Float64Array => {
    const direction = solve(target);
    return residuals.map((residual, row) => {
      let change = direction[rows.first[row]] - direction[rows.second[row]];
      for (let k = 0; k < terms.length; k++) change += direction[M + k] * terms[k][row];
      return residual * change;
    });
  };
  const coefficient = (k: number) => Float64Array.from({ length: M + terms.length }, (_, i) => (i === M + k ? 1 : 0));
  return {
    strengths,
    coefficients: shared,
    logLikelihood,
    coefficientInfluence: (k) => influence(coefficient(k)),
    coefficientInformation: (k) => 1 / solve(coefficient(k))[M + k],
    strengthInfluence: (system) =>
      influence(Float64Array.from({ length: M + terms.length }, (_, i) => (i < M ? Number(i === system) - 1 / M : 0))),
  };
}

/** The Bernoulli likelihood of a share with K terms of each cell beside the difference of strengths. */
function logisticLikelihood(terms: readonly Float64Array[]): PairwiseLikelihood {
  const K = terms.length;
  return {
    sharedCount: K,
    linearInOutcome: true,
    derivatives(outcome, difference, shared, out, cell) {
      let d = difference;
      for (let k = 0; k < K; k++) d += shared[k] * terms[k][cell];
      const p = logistic(d);
      out.logLikelihood = outcome * d - softplus(d);
      out.slope = outcome - p;
      out.curvature = p * (1 - p);
      for (let k = 0; k < K; k++) {
        const x = terms[k][cell];
        out.sharedSlope[k] = x * out.slope;
        out.mixedCurvature[k] = x * out.curvature;
        for (let j = 0; j < K; j++) out.sharedCurvature[k * K + j] = x * terms[j][cell] * out.curvature;
      }
    },
  };
}

function residualsAt(
  { first, second, outcome, mass }: ReturnType<typeof rowsAsCells>,
  terms: readonly Float64Array[],
  strengths: Float64Array,
  coefficients: Float64Array,
): Float64Array {
  return outcome.map((share, row) => {
    let d = strengths[first[row]] - strengths[second[row]];
    for (let k = 0; k < terms.length; k++) d += coefficients[k] * terms[k][row];
    return mass[row] * (share - logistic(d));
  });
}
