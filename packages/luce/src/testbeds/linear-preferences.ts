import type { Random } from "../random.ts";
import type { CellLesson, CellModel } from "./cell-models.ts";
import { linearScores } from "./cell-models.ts";

/** Pairs of responses described by the difference of their features, and how much better the first truly is. */
export type LinearPairs = {
  readonly dimensions: number;
  /** [n, dimensions] */
  readonly features: Float64Array;
  /** [n] log-odds that the first is preferred. */
  readonly logits: Float64Array;
};

/** Draws `count` pairs with features N(0, 1), or N(0, scales^2), whose log-odds are `weights . features`. */
export function drawLinearPairs(
  count: number,
  weights: Float64Array,
  random: Random,
  scales?: ArrayLike<number>,
): LinearPairs {
  const dimensions = weights.length;
  const features = Float64Array.from(
    { length: count * dimensions },
    (_, n) => (scales?.[n % dimensions] ?? 1) * random.normal(),
  );
  return { dimensions, features, logits: linearScores(features, weights) };
}

/** Swaps the two responses of each pair that `firstWins` denies, so that the first of every pair is the chosen one. */
export function chosenFirst(pairs: LinearPairs, firstWins: (pair: number) => boolean): LinearPairs {
  const { dimensions, logits } = pairs;
  const signs = Array.from(logits, (_, pair) => (firstWins(pair) ? 1 : -1));
  return {
    dimensions,
    features: pairs.features.map((value, n) => signs[Math.floor(n / dimensions)] * value),
    logits: logits.map((logit, pair) => signs[pair] * logit),
  };
}

/** Chooses by Bradley-Terry; see {@link chosenFirst}. */
export function voteOnPairs(pairs: LinearPairs, random: Random): LinearPairs {
  return chosenFirst(pairs, (pair) => random.uniform() < 1 / (1 + Math.exp(-pairs.logits[pair])));
}

/** Share of the pairs of which `theta . features` has the sign of the true log-odds. */
export function linearAccuracy({ features, logits }: LinearPairs, theta: Float64Array): number {
  const scores = linearScores(features, theta);
  return scores.reduce((right, score, pair) => right + Number(score > 0 === logits[pair] > 0), 0) / scores.length;
}

/**
 * The evidence of pairs by their difference alone: a cell is what a model says of a pair's chosen response less its
 * rejected one, and the rest is zero.
 */
export function differenceEvidence(
  by: CellModel,
  cells: ArrayLike<number>,
): Required<Pick<CellLesson, "learnt" | "given">> {
  const shape = [cells.length];
  const zeros = { data: new Float64Array(cells.length), shape };
  return {
    learnt: { policyChosenLogps: { by, cells, shape } },
    given: { policyRejectedLogps: zeros, referenceChosenLogps: zeros, referenceRejectedLogps: zeros },
  };
}

/** 0 to n - 1. */
export function everyCell(n: number): Int32Array {
  return Int32Array.from({ length: n }, (_, cell) => cell);
}
