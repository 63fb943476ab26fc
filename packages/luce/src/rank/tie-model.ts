import type * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import { type BradleyTerryOptions, bradleyTerryLikelihood } from "./bradley-terry.ts";
import { type Cells, mergeCells } from "./cells.ts";
import { type comparisonInputs, toComparisons } from "./contract.ts";
import { fitIdentified, informationAt } from "./pairwise-fit.ts";
import type { PairwiseLikelihood } from "./pairwise-likelihood.ts";
import { ratePairwise } from "./pairwise-rating.ts";
import { createPairwiseRefit } from "./pairwise-refit.ts";
import type { RatingFit } from "./rating.ts";
import { modelCovariance, rootDiagonal } from "./sandwich.ts";

/**
 * A pairwise model with one parameter for how likely ties are. Judgments without a tie put it at its limit,
 * reported as 0, where the model is Bradley-Terry: that is what is fitted to them.
 */
export type TieModel = {
  /** Its one shared parameter is the tie parameter, in the unit it is fitted in. */
  readonly likelihood: PairwiseLikelihood;
  /** Probability that a system ahead by `d` is preferred, ties counted half. */
  readonly winProbability: (d: number, shared: Float64Array) => number;
  /** The tie parameter as it is reported. */
  readonly coefficient: {
    readonly name: string;
    /** With the derivative by the fitted parameter. */
    readonly fromFitted: (parameter: number) => { value: number; derivative: number };
    readonly toFitted: (value: number) => number;
  };
};

/** Strengths with sandwich covariance, and the tie parameter as the one coefficient. */
export function fitTieModel(
  comparisons: Comparisons,
  { likelihood, winProbability, coefficient: { name, fromFitted } }: TieModel,
  { regularization = 0, random = createRandom(0) }: BradleyTerryOptions,
): RatingFit {
  const merged = mergeCells(comparisons);
  const input = { comparisons, ...merged, penalty: { strengths: regularization, shared: 0 }, random };
  if (!hasTies(merged.cells)) {
    const rating = ratePairwise({ ...input, likelihood: bradleyTerryLikelihood });
    return { ...rating, coefficients: [{ name, value: 0, standardError: null }] };
  }
  const coefficients = ([parameter]: Float64Array) => [{ name, ...fromFitted(parameter) }];
  return ratePairwise({ ...input, likelihood, winProbability, coefficients });
}

/** Strengths and the fitted tie parameter with model-based standard errors; without a tie the parameter is null. */
export function evaluateTieModel(
  inputs: z.output<typeof comparisonInputs>,
  model: TieModel,
  { regularization }: { regularization: number },
) {
  const { cells } = mergeCells(toComparisons(inputs));
  const ties = hasTies(cells);
  const likelihood = ties ? model.likelihood : bradleyTerryLikelihood;
  const penalty = { strengths: regularization, shared: 0 };
  const { strengths, shared, logLikelihood } = fitIdentified(cells, likelihood, penalty);
  const information = informationAt(cells, likelihood, strengths, shared, penalty);
  const covariance = modelCovariance(information, new Int32Array(inputs.nItems));
  const errors = rootDiagonal(covariance, inputs.nItems + likelihood.sharedCount);
  return {
    logStrengths: strengths,
    logLikelihood,
    stdErr: errors.slice(0, inputs.nItems),
    tieParameter: ties ? shared[0] : null,
    stdErrTie: ties ? errors[inputs.nItems] : null,
  };
}

/** @see createPairwiseRefit */
export function refitTieModel(
  comparisons: Comparisons,
  fit: RatingFit,
  { likelihood, coefficient }: TieModel,
  { regularization }: { regularization: number },
): (count: Float64Array) => Float64Array {
  const { value } = fit.coefficients[0];
  const penalty = { strengths: regularization, shared: 0 };
  return value > 0
    ? createPairwiseRefit(comparisons, fit, likelihood, penalty, Float64Array.of(coefficient.toFitted(value)))
    : createPairwiseRefit(comparisons, fit, bradleyTerryLikelihood, penalty);
}

function hasTies({ outcome, mass }: Cells): boolean {
  return outcome.some((y, cell) => y === 0.5 && mass[cell] > 0);
}
