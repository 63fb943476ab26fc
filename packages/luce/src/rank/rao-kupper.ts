/**
 * Rao-Kupper: Bradley-Terry with a threshold below which a difference is judged a tie.
 *
 *   P(i > j) = s(d - eta),   P(j > i) = s(-d - eta),   P(tie) = (e^(2 eta) - 1) s(d - eta) s(-d - eta)
 *
 * d = th_i - th_j, s the logistic function, eta >= 0; theta = e^eta is the authors' threshold. Concave in
 * (th, eta). Without a tie the maximum is eta = 0, which is Bradley-Terry. An outcome of 0.5 is a tie; any
 * other soft outcome y is y wins and 1 - y losses.
 *
 * @see Rao and Kupper 1967, "Ties in Paired-Comparison Experiments: A Generalization of the Bradley-Terry Model"
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import { type BradleyTerryOptions, bradleyTerryLikelihood } from "./bradley-terry.ts";
import { mergeCells } from "./cells.ts";
import { comparisonInputs, toComparisons } from "./contract.ts";
import { hasTies } from "./davidson.ts";
import { fitIdentified, informationAt } from "./pairwise-fit.ts";
import { logistic, type PairwiseLikelihood, softplus } from "./pairwise-likelihood.ts";
import { ratePairwise } from "./pairwise-rating.ts";
import { createPairwiseRefit } from "./pairwise-refit.ts";
import { defineRating, type RatingFit } from "./rating.ts";
import { modelCovariance } from "./sandwich.ts";

const parameters = z.object({
  /** Lambda: the precision of a normal prior on strengths. 0 is maximum likelihood. */
  regularization: z.number().nonnegative().default(0),
});

/** Rao-Kupper strengths with sandwich covariance; the coefficient `eta` is the threshold in log-odds. */
export function fitRaoKupper(
  comparisons: Comparisons,
  { regularization = 0, random = createRandom(0) }: BradleyTerryOptions = {},
): RatingFit {
  const merged = mergeCells(comparisons);
  const ties = hasTies(merged.cells);
  const rating = ratePairwise({
    comparisons,
    ...merged,
    likelihood: ties ? raoKupperLikelihood : bradleyTerryLikelihood,
    penalty: { strengths: regularization, shared: 0 },
    random,
    // A tie takes what the two thresholds leave, so half of it and the win add up to the mean of the two.
    winProbability: ties ? (d, [eta]) => (logistic(d - eta) + 1 - logistic(-d - eta)) / 2 : logistic,
    coefficients: ([eta]) => (ties ? [{ name: "eta", value: eta, derivative: 1 }] : []),
  });
  return ties ? rating : { ...rating, coefficients: [{ name: "eta", value: 0, standardError: null }] };
}

/** One shared parameter, eta. */
export const raoKupperLikelihood: PairwiseLikelihood = {
  sharedCount: 1,
  linearInOutcome: false,
  sharedStart: Float64Array.of(0.5),
  derivatives(outcome, d, shared, out) {
    const eta = shared[0];
    const notWin = logistic(eta - d);
    const notLoss = logistic(eta + d);
    const winCurvature = notWin * (1 - notWin);
    const lossCurvature = notLoss * (1 - notLoss);
    const isTie = outcome === 0.5;
    const win = isTie ? 1 : outcome;
    const loss = isTie ? 1 : 1 - outcome;
    out.logLikelihood =
      (isTie ? Math.log(Math.expm1(2 * eta)) : 0) - win * softplus(eta - d) - loss * softplus(eta + d);
    out.slope = win * notWin - loss * notLoss;
    out.curvature = win * winCurvature + loss * lossCurvature;
    out.sharedSlope[0] = (isTie ? -2 / Math.expm1(-2 * eta) : 0) - win * notWin - loss * notLoss;
    out.mixedCurvature[0] = loss * lossCurvature - win * winCurvature;
    out.sharedCurvature[0] = win * winCurvature + loss * lossCurvature + (isTie ? 1 / Math.sinh(eta) ** 2 : 0);
  },
};

export const raoKupper = defineRating({
  id: "rao-kupper",
  name: "Rao-Kupper",
  paper: "Ties in Paired-Comparison Experiments: A Generalization of the Bradley-Terry Model",
  arxiv: null,
  reads: "comparisons",
  params: parameters,
  inputs: comparisonInputs,

  evaluate(inputs, { regularization }) {
    const comparisons = toComparisons(inputs);
    const { cells } = mergeCells(comparisons);
    const ties = hasTies(cells);
    const likelihood = ties ? raoKupperLikelihood : bradleyTerryLikelihood;
    const block = new Int32Array(inputs.nItems);
    const penalty = { strengths: regularization, shared: 0 };
    const { strengths, shared, logLikelihood } = fitIdentified(cells, likelihood, penalty);
    const covariance = modelCovariance(informationAt(cells, likelihood, strengths, shared, penalty), block);
    const size = inputs.nItems + likelihood.sharedCount;
    const deviation = (index: number) => Math.sqrt(Math.max(0, covariance[index * size + index]));
    const eta = ties ? shared[0] : 0;
    return {
      logStrengths: strengths,
      eta,
      thetaRK: Math.exp(eta),
      logLikelihood,
      stdErr: strengths.map((_, i) => deviation(i)),
      stdErrEta: ties ? deviation(inputs.nItems) : null,
      probabilities: inputs.comparisons.map(({ left, right }) => {
        const d = strengths[left] - strengths[right];
        const win = logistic(d - eta);
        const loss = logistic(-d - eta);
        return [win, loss, Math.expm1(2 * eta) * win * loss];
      }),
    };
  },

  fit: (comparisons: Comparisons, { regularization, random }) => fitRaoKupper(comparisons, { regularization, random }),

  refit(comparisons: Comparisons, fit, { regularization }) {
    const eta = fit.coefficients[0].value;
    const penalty = { strengths: regularization, shared: 0 };
    return eta > 0
      ? createPairwiseRefit(comparisons, fit, raoKupperLikelihood, penalty, Float64Array.of(eta))
      : createPairwiseRefit(comparisons, fit, bradleyTerryLikelihood, penalty);
  },
});
