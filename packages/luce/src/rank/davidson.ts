/**
 * Davidson: Bradley-Terry with ties.
 *
 *   Z = pi_i + pi_j + nu sqrt(pi_i pi_j),   pi = exp(th)
 *   P(i > j) = pi_i / Z,   P(tie) = nu sqrt(pi_i pi_j) / Z
 *
 * Maximum likelihood in (th, ln nu), where it is concave. Without a tie the maximum is nu = 0, which is
 * Bradley-Terry. An outcome of 0.5 is a tie; any other soft outcome y is y wins and 1 - y losses.
 *
 * @see Davidson 1970, "On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison Experiments";
 *   used by the RoboArena leaderboard, arXiv 2506.18123
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import type { BradleyTerryOptions } from "./bradley-terry.ts";
import { comparisonInputs } from "./contract.ts";
import type { PairwiseLikelihood } from "./pairwise-likelihood.ts";
import { defineRating, type RatingFit } from "./rating.ts";
import { evaluateTieModel, fitTieModel, refitTieModel, type TieModel } from "./tie-model.ts";

const parameters = z.object({
  /** Lambda: the precision of a normal prior on strengths. 0 is maximum likelihood. */
  regularization: z.number().nonnegative().default(0),
  /** Points a natural-log unit, on the scale of RoboArena. */
  roboArenaScale: z.number().positive().default(200),
  /** The rating at strength 0 on that scale. */
  roboArenaShift: z.number().default(1500),
});

/** Davidson strengths with sandwich covariance; the coefficient `nu` says how likely ties are. */
export function fitDavidson(comparisons: Comparisons, options: BradleyTerryOptions = {}): RatingFit {
  return fitTieModel(comparisons, tieModel, options);
}

/** [i preferred, j preferred, tie] where i is ahead by `d`; d may be infinite. */
export function davidsonProbabilities(d: number, logNu: number): [number, number, number] {
  if (!Number.isFinite(d)) return d > 0 ? [1, 0, 0] : d < 0 ? [0, 1, 0] : [Number.NaN, Number.NaN, Number.NaN];
  // Divided by sqrt(pi_i pi_j) and by the largest of the three, so that nothing overflows.
  const top = Math.max(Math.abs(d) / 2, logNu);
  const win = Math.exp(d / 2 - top);
  const loss = Math.exp(-d / 2 - top);
  const tie = Math.exp(logNu - top);
  const sum = win + loss + tie;
  return [win / sum, loss / sum, tie / sum];
}

/** One shared parameter, ln nu. */
const davidsonLikelihood: PairwiseLikelihood = {
  sharedCount: 1,
  linearInOutcome: false,
  derivatives(outcome, d, shared, out) {
    const logNu = shared[0];
    const top = Math.max(Math.abs(d) / 2, logNu);
    const logSum = top + Math.log(Math.exp(d / 2 - top) + Math.exp(-d / 2 - top) + Math.exp(logNu - top));
    const win = Math.exp(d / 2 - logSum);
    const loss = Math.exp(-d / 2 - logSum);
    const tie = Math.exp(logNu - logSum);
    const isTie = outcome === 0.5;
    out.logLikelihood = (isTie ? logNu : (outcome - 0.5) * d) - logSum;
    out.slope = outcome - 0.5 - (win - loss) / 2;
    out.curvature = (win + loss - (win - loss) ** 2) / 4;
    out.sharedSlope[0] = (isTie ? 1 : 0) - tie;
    out.mixedCurvature[0] = (-(win - loss) * tie) / 2;
    out.sharedCurvature[0] = tie * (1 - tie);
  },
};

const tieModel: TieModel = {
  likelihood: davidsonLikelihood,
  winProbability(d, [logNu]) {
    const [win, , tie] = davidsonProbabilities(d, logNu);
    return win + tie / 2;
  },
  coefficient: {
    name: "nu",
    fromFitted(logNu) {
      const nu = Math.exp(logNu);
      return { value: nu, derivative: nu };
    },
    toFitted: Math.log,
  },
};

export const davidson = defineRating({
  id: "davidson",
  name: "Davidson",
  paper: "On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison Experiments",
  arxiv: null,
  reads: "comparisons",
  params: parameters,
  inputs: comparisonInputs,

  evaluate(inputs, { roboArenaScale, roboArenaShift, ...options }) {
    const { logStrengths, logLikelihood, stdErr, tieParameter, stdErrTie } = evaluateTieModel(
      inputs,
      tieModel,
      options,
    );
    const logNu = tieParameter ?? Number.NEGATIVE_INFINITY;
    return {
      logStrengths,
      nu: Math.exp(logNu),
      logLikelihood,
      stdErr,
      stdErrLogNu: stdErrTie,
      probabilities: inputs.comparisons.map(({ left, right }) =>
        davidsonProbabilities(logStrengths[left] - logStrengths[right], logNu),
      ),
      roboArenaScores: logStrengths.map((strength) => roboArenaScale * strength + roboArenaShift),
      roboArenaStd: stdErr.map((error) => roboArenaScale * error),
    };
  },

  fit: (comparisons: Comparisons, { regularization, random }) => fitDavidson(comparisons, { regularization, random }),

  refit: (comparisons: Comparisons, fit, options) => refitTieModel(comparisons, fit, tieModel, options),
});
