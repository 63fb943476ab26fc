/**
 * Crowd Bradley-Terry: strengths and the reliability of each annotator at once.
 *
 *   P(annotator k prefers i to j) = eta_k s(th_i - th_j) + (1 - eta_k) s(th_j - th_i)
 *
 * maximising sum log P + regularization * sum_i [log s(th_i) + log s(-th_i)]   (a virtual item of strength 0
 * that ties with each) + sum_k [(etaAlpha - 1) log eta_k + (etaBeta - 1) log(1 - eta_k)]   (a Beta prior;
 * 1 and 1 is none). eta is 1 for an annotator who judges as the model does, 0.5 for a coin, 0 for one who
 * always says the reverse. A tie is half a vote each way.
 *
 * By EM, a vote's being meant or reversed as the missing datum: the M step for th is a Bradley-Terry fit to
 * shares, on distinct pairs. Extrapolated by SQUAREM (Varadhan and Roland 2008). The likelihood has a mirror
 * image (eta to 1 - eta, th to -th); it starts, and stays, on the side of the plain Bradley-Terry fit.
 * Linear in votes an iteration.
 *
 * @see Chen, Bennett, Collins-Thompson and Horvitz, Pairwise Ranking Aggregation in a Crowdsourced Setting
 *      (WSDM 2013), equations 4 to 6
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";
import { defineMethod } from "../method.ts";
import { bradleyTerryLikelihood } from "../rank/bradley-terry.ts";
import { type Cells, mergeCells } from "../rank/cells.ts";
import { comparisonInputs, toComparisons } from "../rank/contract.ts";
import { fitPairwise } from "../rank/pairwise-fit.ts";
import { logistic } from "../rank/pairwise-likelihood.ts";

const parameters = z.object({
  /** Ties that each item has with a virtual item of strength 0, halved: lambda of the paper's equation 6. */
  regularization: z.number().nonnegative().default(0.5),
  etaAlpha: z.number().min(1).default(1),
  etaBeta: z.number().min(1).default(1),
  /** Iterations at most. */
  maxIterations: z.number().int().positive().default(10_000),
  /** Stop where an EM step moves no reliability and no strength by more. */
  tolerance: z.number().positive().default(1e-10),
});

export type CrowdBradleyTerryOptions = z.output<typeof parameters>;

export type CrowdBradleyTerryFit = {
  /** [M]; 0 is the virtual item where there is regularization, else the mean. */
  readonly strengths: Float64Array;
  /** [K] */
  readonly eta: Float64Array;
  /** Of the votes alone. */
  readonly logLikelihood: number;
  readonly iterations: number;
  readonly converged: boolean;
};

export const crowdBradleyTerry = defineMethod({
  id: "crowd-bradley-terry",
  name: "Crowd Bradley-Terry",
  paper: "Pairwise Ranking Aggregation in a Crowdsourced Setting",
  arxiv: null,
  kind: "audit",
  params: parameters,
  inputs: comparisonInputs.extend({
    nAnnotators: z.number().int().positive(),
    /** [N] who made each comparison. */
    annotators: z.array(z.number().int().nonnegative()),
  }),
  evaluate({ annotators, nAnnotators, ...inputs }, params) {
    if (annotators.length !== inputs.comparisons.length || annotators.some((who) => who >= nAnnotators)) {
      throw new LuceError(
        "shape-mismatch",
        `annotators must be ${inputs.comparisons.length} numbers below ${nAnnotators}`,
        {
          where: "crowd-bradley-terry: annotators",
        },
      );
    }
    const fit = fitCrowdBradleyTerry(toComparisons(inputs), Int32Array.from(annotators), nAnnotators, params);
    return {
      logStrengths: [...fit.strengths],
      eta: [...fit.eta],
      logLikelihood: fit.logLikelihood,
      converged: fit.converged,
    };
  },
});

/** @param annotator [N] in [0, annotators) */
export function fitCrowdBradleyTerry(
  votes: Comparisons,
  annotator: Int32Array,
  annotators: number,
  { regularization, etaAlpha, etaBeta, maxIterations, tolerance }: CrowdBradleyTerryOptions,
): CrowdBradleyTerryFit {
  const M = votes.systems.length;
  const K = annotators;
  const N = votes.left.length;
  const { cells: pairs, cellOfRow } = mergeCells({ ...votes, outcome: new Float64Array(N).fill(0.5) });
  const cells = withVirtualItem(pairs, regularization);
  const mass = votes.count.map((count, row) => (cellOfRow[row] < 0 ? 0 : count * (votes.weight?.[row] ?? 1)));
  const seen = new Float64Array(K);
  mass.forEach((value, row) => {
    seen[annotator[row]] += value;
  });
  const shares = cells.outcome as Float64Array;
  const block = new Int32Array(M + 1);
  block[M] = regularization > 0 ? 0 : 1;

  /** Parameters are [eta (K), strengths (M)]. */
  const step = (from: Float64Array): Float64Array => {
    const to = new Float64Array(K + M);
    shares.fill(0, 0, pairs.mass.length);
    for (let row = 0; row < N; row++) {
      if (mass[row] === 0) continue;
      const eta = from[annotator[row]];
      const p = logistic(from[K + votes.left[row]] - from[K + votes.right[row]]);
      const y = votes.outcome[row];
      const meantLeft = meant(eta, p);
      const meantRight = meant(eta, 1 - p);
      const leftShare = y * meantLeft + (1 - y) * (1 - meantRight);
      to[annotator[row]] += mass[row] * (y * meantLeft + (1 - y) * meantRight);
      const cell = cellOfRow[row];
      shares[cell] += mass[row] * (votes.left[row] === cells.first[cell] ? leftShare : 1 - leftShare);
    }
    for (let cell = 0; cell < pairs.mass.length; cell++) shares[cell] /= cells.mass[cell];
    for (let k = 0; k < K; k++) {
      const total = seen[k] + etaAlpha + etaBeta - 2;
      to[k] = total > 0 ? (to[k] + etaAlpha - 1) / total : 0.5;
    }
    const start = new Float64Array(M + 1);
    start.set(from.subarray(K));
    const { strengths } = fitPairwise(cells, bradleyTerryLikelihood, block, undefined, {
      strengths: start,
      shared: new Float64Array(0),
    });
    const origin = regularization > 0 ? strengths[M] : 0;
    for (let i = 0; i < M; i++) to[K + i] = strengths[i] - origin;
    return to;
  };
  const logLikelihoodOf = (parameters: Float64Array): number => {
    let sum = 0;
    for (let row = 0; row < N; row++) {
      if (mass[row] === 0) continue;
      const p = logistic(parameters[K + votes.left[row]] - parameters[K + votes.right[row]]);
      const left = chanceOf(parameters[annotator[row]], p);
      const y = votes.outcome[row];
      sum += mass[row] * ((y > 0 ? y * Math.log(left) : 0) + (y < 1 ? (1 - y) * Math.log(1 - left) : 0));
    }
    return sum;
  };
  const objective = (parameters: Float64Array): number => {
    let sum = logLikelihoodOf(parameters);
    for (let i = 0; i < M && regularization > 0; i++) {
      const p = logistic(parameters[K + i]);
      sum += regularization * Math.log(p * (1 - p));
    }
    for (let k = 0; k < K; k++) {
      if (etaAlpha > 1) sum += (etaAlpha - 1) * Math.log(parameters[k]);
      if (etaBeta > 1) sum += (etaBeta - 1) * Math.log(1 - parameters[k]);
    }
    return sum;
  };

  const start = new Float64Array(K + M).fill(1, 0, K);
  const first = step(start).fill(0.9, 0, K);
  const { parameters, iterations, converged } = squarem(first, step, objective, K, { maxIterations, tolerance });
  return {
    strengths: parameters.slice(K),
    eta: parameters.slice(0, K),
    logLikelihood: logLikelihoodOf(parameters),
    iterations,
    converged,
  };
}

/** The chance that annotator of reliability `eta` prefers the item that the model prefers with chance `p`. */
export function chanceOf(eta: number, p: number): number {
  return eta * p + (1 - eta) * (1 - p);
}

/** The chance that such a preference was meant, not reversed. */
function meant(eta: number, p: number): number {
  const chance = chanceOf(eta, p);
  return chance > 0 ? (eta * p) / chance : eta;
}

/** Adds an item that ties 2 * regularization times with every other. */
function withVirtualItem(pairs: Cells, regularization: number): Cells {
  const M = pairs.systems;
  const added = regularization > 0 ? M : 0;
  const join = (values: Float64Array, value: number) => {
    const joined = new Float64Array(values.length + added).fill(value);
    joined.set(values);
    return joined;
  };
  return {
    systems: M + 1,
    first: Int32Array.from([...pairs.first, ...Array.from({ length: added }, (_, i) => i)]),
    second: Int32Array.from([...pairs.second, ...Array.from({ length: added }, () => M)]),
    outcome: join(pairs.outcome, 0.5),
    mass: join(pairs.mass, 2 * regularization),
    squaredMass: join(pairs.squaredMass, 2 * regularization),
  };
}

/**
 * Iterates `step` to its fixed point, extrapolating after every two steps and keeping the extrapolation only
 * where `objective` is not the worse for it. The first `shares` parameters stay inside (0, 1), whose ends EM
 * never leaves.
 */
function squarem(
  start: Float64Array,
  step: (from: Float64Array) => Float64Array,
  objective: (parameters: Float64Array) => number,
  shares: number,
  { maxIterations, tolerance }: { maxIterations: number; tolerance: number },
): { parameters: Float64Array; iterations: number; converged: boolean } {
  let parameters = start;
  for (let iterations = 2; iterations <= maxIterations; iterations += 3) {
    const once = step(parameters);
    const twice = step(once);
    const r = once.map((value, i) => value - parameters[i]);
    const v = twice.map((value, i) => value - once[i] - r[i]);
    const lastMove = twice.reduce((most, value, i) => Math.max(most, Math.abs(value - once[i])), 0);
    if (lastMove <= tolerance) return { parameters: twice, iterations, converged: true };
    const length = Math.max(1, norm(r) / (norm(v) || 1));
    const far = parameters.map((value, i) => {
      const moved = value + 2 * length * r[i] + length ** 2 * v[i];
      return i < shares ? Math.min((1 + twice[i]) / 2, Math.max(twice[i] / 2, moved)) : moved;
    });
    const reached = objective(far);
    parameters = Number.isFinite(reached) && reached >= objective(twice) ? far : twice;
  }
  return { parameters, iterations: maxIterations, converged: false };
}

function norm(values: Float64Array): number {
  return Math.hypot(...values);
}
