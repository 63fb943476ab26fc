/**
 * Bradley-Terry: the odds that one system is preferred to another are the ratio of their strengths.
 *
 *   P(i > j) = 1 / (1 + exp(-(th_i - th_j)))
 *   maximise   sum_n c_n w_n [ y_n d_n - log(1 + exp(d_n)) ] - 0.5 lambda |th|^2,   d_n = th_left - th_right
 *
 * A tie is y = 0.5 and a soft preference anything between 0 and 1; c counts judgments, w is an importance
 * weight. Strengths are natural logarithms with mean 0. Covariance is the sandwich H^+ B H^+ with
 * B = sum c w^2 (y - p)^2 (e_i - e_j)(e_i - e_j)^T, which stays right where ties make the model-based H^+ too wide.
 *
 * @see arXiv 2403.04132, sections 4 and 5
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom, type Random } from "../random.ts";
import { bootstrapQuantiles } from "./bootstrap-quantiles.ts";
import { type Cells, mergeCells } from "./cells.ts";
import { comparisonInputs, toComparisons } from "./contract.ts";
import { fitIdentified, informationAt } from "./pairwise-fit.ts";
import { logistic, type PairwiseLikelihood, softplus } from "./pairwise-likelihood.ts";
import { ratePairwise } from "./pairwise-rating.ts";
import { createPairwiseRefit } from "./pairwise-refit.ts";
import { defineRating, type RatingFit } from "./rating.ts";
import { independentMeat, modelCovariance, rootDiagonal, sandwich, scoresAt } from "./sandwich.ts";
import { NORMAL_95 } from "./uncertainty.ts";

const parameters = z.object({
  /** Lambda: the precision of a normal prior on strengths. 0 is maximum likelihood. */
  regularization: z.number().nonnegative().default(0),
  /** Points that multiply the odds by the base. */
  ratingScale: z.number().positive().default(400),
  /** Base of the rating scale. */
  ratingBase: z.number().gt(1).default(10),
  /** The mean rating. */
  initRating: z.number().default(1000),
});

export type BradleyTerryOptions = {
  /** Precision of a normal prior on strengths (1 / variance); 0 is maximum likelihood. */
  regularization?: number;
  /** Used only above 600 systems, where standard errors are drawn. */
  random?: Random;
};

/**
 * Bradley-Terry strengths by maximum likelihood (or maximum a posteriori), with sandwich covariance.
 *
 * Systems without a finite estimate get plus or minus Infinity, those that nothing identifies NaN, and
 * `findings` says which and why. O(rows + M^3) up to 600 systems, O(rows) an iteration above.
 *
 * @example
 * fitBradleyTerry({
 *   systems: ["a", "b"],
 *   left: Int32Array.of(0, 0), right: Int32Array.of(1, 1),
 *   outcome: Float64Array.of(1, 0), count: Float64Array.of(20, 10),
 * }).logStrengths // [0.3466, -0.3466]: half of log(20 / 10) each
 */
export function fitBradleyTerry(
  comparisons: Comparisons,
  { regularization = 0, random = createRandom(0) }: BradleyTerryOptions = {},
): RatingFit {
  return ratePairwise({
    comparisons,
    ...mergeCells(comparisons),
    likelihood: bradleyTerryLikelihood,
    penalty: { strengths: regularization, shared: 0 },
    random,
  });
}

export const bradleyTerryLikelihood: PairwiseLikelihood = {
  sharedCount: 0,
  linearInOutcome: true,
  slope: (outcome, d) => outcome - logistic(d),
  derivatives(outcome, d, _shared, out) {
    const p = logistic(d);
    out.logLikelihood = outcome * d - softplus(d);
    out.slope = outcome - p;
    out.curvature = p * (1 - p);
  },
};

export const bradleyTerry = defineRating({
  id: "bradley-terry",
  name: "Bradley-Terry",
  paper: "Chatbot Arena: An Open Platform for Evaluating LLMs by Human Preference",
  arxiv: "2403.04132",
  reads: "comparisons",
  params: parameters,
  inputs: comparisonInputs.extend({
    bootstrapCounts: z.array(z.array(z.number().nonnegative())).optional(),
  }),

  evaluate({ bootstrapCounts, ...inputs }, { regularization, ratingScale, ratingBase, initRating }) {
    const comparisons = toComparisons(inputs);
    const { cells } = mergeCells(comparisons);
    const systems = inputs.nItems;
    const penalty = { strengths: regularization, shared: 0 };
    const fit = fitStrengths(cells, regularization);
    const information = informationAt(cells, bradleyTerryLikelihood, fit.strengths, fit.shared, penalty);
    const modelBased = modelCovariance(information, new Int32Array(systems));
    const scores = scoresAt(cells, bradleyTerryLikelihood, fit.strengths, fit.shared);
    const robust = sandwich(modelBased, independentMeat(cells, scores, 0), systems);
    const stdErrSandwich = rootDiagonal(robust, systems);
    const { strengths } = fit;
    const bootstrapLogStrengths = bootstrapCounts?.map(
      (counts) =>
        fitStrengths(mergeCells({ ...comparisons, count: Float64Array.from(counts) }).cells, regularization).strengths,
    );
    return {
      logStrengths: strengths,
      ratings: strengths.map((strength) => initRating + (ratingScale / Math.log(ratingBase)) * strength),
      logLikelihood: fit.logLikelihood,
      winProbabilities: Array.from(strengths, (a) => strengths.map((b) => logistic(a - b))),
      stdErrHessian: rootDiagonal(modelBased, systems),
      stdErrSandwich,
      ciLow95: strengths.map((strength, i) => strength - NORMAL_95 * stdErrSandwich[i]),
      ciHigh95: strengths.map((strength, i) => strength + NORMAL_95 * stdErrSandwich[i]),
      bootstrapLogStrengths,
      bootstrapQuantiles: bootstrapLogStrengths && bootstrapQuantiles(bootstrapLogStrengths),
    };
  },

  fit: (comparisons: Comparisons, { regularization, random }) =>
    fitBradleyTerry(comparisons, { regularization, random }),

  refit: (comparisons: Comparisons, fit, { regularization }) =>
    createPairwiseRefit(comparisons, fit, bradleyTerryLikelihood, { strengths: regularization, shared: 0 }),
});

function fitStrengths(cells: Cells, regularization: number) {
  return fitIdentified(cells, bradleyTerryLikelihood, { strengths: regularization, shared: 0 });
}
