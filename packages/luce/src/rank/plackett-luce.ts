/**
 * Plackett-Luce: a ranking is a sequence of choices, each the best of what remains.
 *
 *   P(ranking) = prod over stages of gamma_winner / (sum of gamma of those that remain),   gamma = exp(th)
 *   maximise     sum_n c_n w_n ln P(ranking_n) - 0.5 lambda |th|^2
 *
 * Rankings may be of any items and lengths. A tied group at the end is an unordered remainder (top-m and
 * best-of-K votes, retirements): its stages are skipped. A tied group elsewhere is an order that was not
 * recorded: its probability is the sum over the orders it may have had, which the remainder is a case of
 * (there it sums to 1); the likelihood stays concave. Strengths have mean 0.
 *
 * @see Plackett 1975; Luce 1959; Hunter, Annals of Statistics 2004 (MM); for ties Kalbfleisch and Prentice,
 *   Biometrika 1973, the marginal likelihood of partially observed orders of exponential arrivals
 */
import * as z from "zod";
import type { Rankings } from "../data/comparisons.ts";
import { createRandom, type Random } from "../random.ts";
import type { Finding } from "../report/report.ts";
import { rankingInputs, toRankings } from "./contract.ts";
import { logistic } from "./pairwise-likelihood.ts";
import { identifyRankings, splitByBlock } from "./plackett-luce-blocks.ts";
import { fitOrders } from "./plackett-luce-fit.ts";
import { minorizeMaximize, orderItems, plackettLuceAt } from "./plackett-luce-likelihood.ts";
import { plackettLuceUncertainty } from "./plackett-luce-uncertainty.ts";
import { defineRating, type RatingFit } from "./rating.ts";

const parameters = z.object({
  /** Lambda: the precision of a normal prior on strengths. 0 is maximum likelihood. */
  regularization: z.number().nonnegative().default(0),
});

export type PlackettLuceOptions = {
  /** Precision of a normal prior on strengths (1 / variance); 0 is maximum likelihood. */
  regularization?: number;
  /** Used only above 600 systems, where standard errors are drawn. */
  random?: Random;
};

/**
 * Plackett-Luce strengths by maximum likelihood (or maximum a posteriori), with sandwich covariance.
 *
 * Systems without a finite estimate get plus or minus Infinity, those that nothing identifies NaN, and
 * `findings` says which and why. O(sum K^2 + M^3) up to 600 systems, O(sum K) an iteration above.
 *
 * @example
 * fitPlackettLuce({
 *   systems: ["a", "b", "c"],
 *   offsets: Int32Array.of(0, 3, 6), items: Int32Array.of(0, 1, 2, 2, 0, 1),
 *   ranks: Int32Array.of(1, 2, 3, 1, 2, 3), count: Float64Array.of(2, 1),
 * }).logStrengths
 */
export function fitPlackettLuce(
  rankings: Rankings,
  { regularization = 0, random = createRandom(0) }: PlackettLuceOptions = {},
): RatingFit {
  const { systems } = rankings;
  const orders = orderItems(rankings);
  const identified = identifyRankings(orders, systems, regularization);
  const within = splitByBlock(orders, identified.block);
  const fit = fitOrders(within, identified.block, regularization);
  const findings: Finding[] = [...identified.findings];
  if (!fit.converged) {
    findings.push({
      severity: "problem",
      text: "The likelihood was not maximised in 100 steps: the ratings are not to be trusted.",
      advice: "Accept an explicit prior (--prior).",
    });
  }
  const known = (i: number) => fit.converged && identified.offset[i] === 0;
  const logStrengths = fit.strengths.map((value, i) =>
    known(i) ? value : fit.converged ? identified.offset[i] : Number.NaN,
  );
  const uncertainty = plackettLuceUncertainty(rankings, within, fit, identified.block, regularization, random);
  const M = systems.length;
  return {
    systems,
    logStrengths,
    standardErrors: uncertainty.variances.map((variance, i) => (known(i) ? Math.sqrt(variance) : Number.NaN)),
    covariance:
      uncertainty.covariance?.map((entry, at) => (known(Math.floor(at / M)) && known(at % M) ? entry : Number.NaN)) ??
      null,
    components: identified.component,
    coefficients: [],
    winProbability: (i, j) => {
      if (i === j) return 0.5;
      if (identified.component[i] !== identified.component[j]) return Number.NaN;
      return logistic(logStrengths[i] - logStrengths[j]);
    },
    display: "elo",
    findings: [...findings, ...uncertainty.findings],
  };
}

export const plackettLuce = defineRating({
  id: "plackett-luce",
  name: "Plackett-Luce",
  paper: "The Analysis of Permutations (Plackett 1975)",
  arxiv: null,
  reads: "rankings",
  params: parameters,
  inputs: rankingInputs,

  evaluate(inputs, { regularization }) {
    const rankings = toRankings(inputs);
    const orders = orderItems(rankings);
    const identified = identifyRankings(orders, rankings.systems, regularization);
    const within = splitByBlock(orders, identified.block);
    const fit = fitOrders(within, identified.block, regularization);
    const isKnown = (i: number) => identified.offset[i] === 0;
    const { variances, modelCovariance } = plackettLuceUncertainty(
      rankings,
      within,
      fit,
      identified.block,
      regularization,
      createRandom(0),
    );
    const zero = plackettLuceAt(orders, new Float64Array(inputs.nItems));
    const orNull = (values: ArrayLike<number>) => Array.from(values, (value, i) => (isKnown(i) ? value : null));
    return {
      logStrengths: orNull(fit.strengths),
      /** Its least upper bound, where some strengths have no finite estimate. */
      logLikelihood: fit.state.logLikelihood,
      gammaAfterOneStep: minorizeMaximize(orders, new Float64Array(inputs.nItems)),
      logLikelihoodAtZero: zero.logLikelihood,
      gradAtZero: zero.gradient,
      topChoiceProbabilities: inputs.comparisons.map(({ items }) =>
        items.every(isKnown) ? softmax(items.map((item) => fit.strengths[item])) : null,
      ),
      stdErrHessian:
        modelCovariance && orNull(fit.strengths.map((_, i) => Math.sqrt(modelCovariance[i * inputs.nItems + i]))),
      stdErrSandwich: orNull(variances.map(Math.sqrt)),
    };
  },

  fit: (rankings: Rankings, { regularization, random }) => fitPlackettLuce(rankings, { regularization, random }),

  refit(rankings: Rankings, fit, { regularization }) {
    const orders = orderItems(rankings);
    const start = fit.logStrengths.map((strength) => (Number.isFinite(strength) ? strength : 0));
    return (count) => {
      const resampled = { ...orders, mass: count.map((times, n) => times * (rankings.weight?.[n] ?? 1)) };
      const { block, offset } = identifyRankings(resampled, rankings.systems, regularization);
      const { strengths, converged } = fitOrders(splitByBlock(resampled, block), block, regularization, start);
      return strengths.map((value, i) => (!converged ? Number.NaN : offset[i] === 0 ? value : offset[i]));
    };
  },
});

function softmax(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const exponentials = values.map((value) => Math.exp(value - most));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}
