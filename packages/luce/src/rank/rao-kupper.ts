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
import type { BradleyTerryOptions } from "./bradley-terry.ts";
import { comparisonInputs } from "./contract.ts";
import { logistic, type PairwiseLikelihood, softplus } from "./pairwise-likelihood.ts";
import { defineRating, type RatingFit } from "./rating.ts";
import { evaluateTieModel, fitTieModel, refitTieModel, type TieModel } from "./tie-model.ts";

const parameters = z.object({
  /** Lambda: the precision of a normal prior on strengths. 0 is maximum likelihood. */
  regularization: z.number().nonnegative().default(0),
});

/** Rao-Kupper strengths with sandwich covariance; the coefficient `eta` is the threshold in log-odds. */
export function fitRaoKupper(comparisons: Comparisons, options: BradleyTerryOptions = {}): RatingFit {
  return fitTieModel(comparisons, tieModel, options);
}

/** One shared parameter, eta. */
const raoKupperLikelihood: PairwiseLikelihood = {
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

const tieModel: TieModel = {
  likelihood: raoKupperLikelihood,
  // A tie takes what the two thresholds leave, so half of it and the win add up to the mean of the two.
  winProbability: (d, [eta]) => (logistic(d - eta) + 1 - logistic(-d - eta)) / 2,
  coefficient: {
    name: "eta",
    fromFitted: (eta) => ({ value: eta, derivative: 1 }),
    toFitted: (eta) => eta,
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

  evaluate(inputs, options) {
    const { logStrengths, logLikelihood, stdErr, tieParameter, stdErrTie } = evaluateTieModel(
      inputs,
      tieModel,
      options,
    );
    const eta = tieParameter ?? 0;
    return {
      logStrengths,
      eta,
      thetaRK: Math.exp(eta),
      logLikelihood,
      stdErr,
      stdErrEta: stdErrTie,
      probabilities: inputs.comparisons.map(({ left, right }) => {
        const d = logStrengths[left] - logStrengths[right];
        const win = logistic(d - eta);
        const loss = logistic(-d - eta);
        return [win, loss, Math.expm1(2 * eta) * win * loss];
      }),
    };
  },

  fit: (comparisons: Comparisons, { regularization, random }) => fitRaoKupper(comparisons, { regularization, random }),

  refit: (comparisons: Comparisons, fit, options) => refitTieModel(comparisons, fit, tieModel, options),
});
