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
import { createRandom } from "../random.ts";
import { type BradleyTerryOptions, bradleyTerryLikelihood } from "./bradley-terry.ts";
import { type Cells, mergeCells } from "./cells.ts";
import { comparisonInputs, toComparisons } from "./contract.ts";
import { fitIdentified, informationAt } from "./pairwise-fit.ts";
import { logistic, type PairwiseLikelihood } from "./pairwise-likelihood.ts";
import { ratePairwise } from "./pairwise-rating.ts";
import { createPairwiseRefit } from "./pairwise-refit.ts";
import { defineRating, type RatingFit } from "./rating.ts";
import { modelCovariance } from "./sandwich.ts";

const parameters = z.object({
  /** Lambda: the precision of a normal prior on strengths. 0 is maximum likelihood. */
  regularization: z.number().nonnegative().default(0),
  /** Points a natural-log unit, on the scale of RoboArena. */
  roboArenaScale: z.number().positive().default(200),
  /** The rating at strength 0 on that scale. */
  roboArenaShift: z.number().default(1500),
});

/** Davidson strengths with sandwich covariance; the coefficient `nu` says how likely ties are. */
export function fitDavidson(
  comparisons: Comparisons,
  { regularization = 0, random = createRandom(0) }: BradleyTerryOptions = {},
): RatingFit {
  const merged = mergeCells(comparisons);
  const ties = hasTies(merged.cells);
  const rating = ratePairwise({
    comparisons,
    ...merged,
    likelihood: ties ? davidsonLikelihood : bradleyTerryLikelihood,
    penalty: { strengths: regularization, shared: 0 },
    random,
    winProbability: ties
      ? (d, shared) => {
          const [win, , tie] = davidsonProbabilities(d, shared[0]);
          return win + tie / 2;
        }
      : logistic,
    coefficients: ([logNu]) => {
      const nu = Math.exp(logNu);
      return ties ? [{ name: "nu", value: nu, derivative: nu }] : [];
    },
  });
  return ties ? rating : { ...rating, coefficients: [{ name: "nu", value: 0, standardError: null }] };
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
export const davidsonLikelihood: PairwiseLikelihood = {
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

export const davidson = defineRating({
  id: "davidson",
  name: "Davidson",
  paper: "On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison Experiments",
  arxiv: null,
  reads: "comparisons",
  params: parameters,
  inputs: comparisonInputs,

  evaluate(inputs, { regularization, roboArenaScale, roboArenaShift }) {
    const comparisons = toComparisons(inputs);
    const { cells } = mergeCells(comparisons);
    const ties = hasTies(cells);
    const likelihood = ties ? davidsonLikelihood : bradleyTerryLikelihood;
    const block = new Int32Array(inputs.nItems);
    const penalty = { strengths: regularization, shared: 0 };
    const { strengths, shared, logLikelihood } = fitIdentified(cells, likelihood, penalty);
    const covariance = modelCovariance(informationAt(cells, likelihood, strengths, shared, penalty), block);
    const size = inputs.nItems + likelihood.sharedCount;
    const deviation = (index: number) => Math.sqrt(Math.max(0, covariance[index * size + index]));
    const logNu = ties ? shared[0] : Number.NEGATIVE_INFINITY;
    const stdErr = strengths.map((_, i) => deviation(i));
    return {
      logStrengths: strengths,
      nu: Math.exp(logNu),
      logLikelihood,
      stdErr,
      stdErrLogNu: ties ? deviation(inputs.nItems) : null,
      probabilities: inputs.comparisons.map(({ left, right }) =>
        davidsonProbabilities(strengths[left] - strengths[right], logNu),
      ),
      roboArenaScores: strengths.map((strength) => roboArenaScale * strength + roboArenaShift),
      roboArenaStd: stdErr.map((error) => roboArenaScale * error),
    };
  },

  fit: (comparisons: Comparisons, { regularization, random }) => fitDavidson(comparisons, { regularization, random }),

  refit(comparisons: Comparisons, fit, { regularization }) {
    const nu = fit.coefficients[0].value;
    const penalty = { strengths: regularization, shared: 0 };
    return nu > 0
      ? createPairwiseRefit(comparisons, fit, davidsonLikelihood, penalty, Float64Array.of(Math.log(nu)))
      : createPairwiseRefit(comparisons, fit, bradleyTerryLikelihood, penalty);
  },
});

export function hasTies({ outcome, mass }: Cells): boolean {
  return outcome.some((y, cell) => y === 0.5 && mass[cell] > 0);
}
