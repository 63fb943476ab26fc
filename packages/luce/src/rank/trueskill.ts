/**
 * TrueSkill for two players: an online Gaussian rating with draws, in closed form.
 *
 *   v_i = sigma_i^2 + tau^2      c^2 = 2 beta^2 + v_1 + v_2      t = (mu_1 - mu_2) / c
 *   e   = Phi^-1((pDraw + 1) / 2) sqrt(2) beta / c
 *   win:   V = phi(t - e) / Phi(t - e)                     W = V (V + t - e)
 *   loss:  the same at -t, with the players exchanged
 *   draw:  V, W of a standard normal kept in (t - e, t + e)
 *   mu_i += +- (v_i / c) V       sigma_i^2 = v_i (1 - v_i W / c^2)
 *
 * Each update is the exact posterior mean and variance after a win without draws, and moment matching
 * otherwise. The ratings depend on the order of the comparisons.
 *
 * @see Herbrich, Minka and Graepel, TrueSkill: A Bayesian Skill Rating System, NeurIPS 2006
 */
import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";
import type { Finding } from "../report/report.ts";
import { comparisonInputs, requireLength } from "./contract.ts";
import {
  conservativeScores,
  drawMoments,
  type GaussianBeliefs,
  gaussianRatingFit,
  normalCumulative,
  unjudgedFindings,
  unusedWeightFindings,
  winMoments,
} from "./gaussian-belief.ts";
import { defineRating, type RatingFit } from "./rating.ts";

const parameters = z.object({
  /** Mean and standard deviation of the belief about a system nobody has judged. */
  mu: z.number().default(25),
  /** Standard deviation before the first game. */
  sigma: z
    .number()
    .positive()
    .default(25 / 3),
  /** Standard deviation of a performance around the skill. */
  beta: z
    .number()
    .positive()
    .default(25 / 6),
  /** Standard deviation by which a skill may drift between two games. */
  tau: z
    .number()
    .nonnegative()
    .default(1 / 12),
  /** The chance of a draw between equals. */
  drawProbability: z.number().min(0).lt(1).default(0.1),
});

type TrueSkillParameters = z.output<typeof parameters>;

const CONSERVATIVE_MULTIPLIER = 3;

/** TrueSkill beliefs after all comparisons in their order; shown by mu - 3 sigma. O(rows). */
export function fitTrueSkill(comparisons: Comparisons, options: z.input<typeof parameters> = {}): RatingFit {
  const params = parameters.parse(options);
  const beliefs = startBeliefs(comparisons.systems.length, params);
  for (let row = 0; row < comparisons.left.length; row++) {
    for (let repeat = 0; repeat < comparisons.count[row]; repeat++) {
      updateTrueSkill(beliefs, comparisons.left[row], comparisons.right[row], comparisons.outcome[row], params);
    }
  }
  return gaussianRatingFit(comparisons.systems, beliefs, {
    beta: params.beta,
    multiplier: CONSERVATIVE_MULTIPLIER,
    findings: findingsOf(comparisons, params),
  });
}

export const trueskill = defineRating({
  id: "trueskill",
  name: "TrueSkill",
  paper: "TrueSkill: A Bayesian Skill Rating System",
  arxiv: null,
  reads: "ordered-comparisons",
  params: parameters,
  inputs: comparisonInputs.partial().extend({
    mu: z.array(z.number()).optional(),
    sigma: z.array(z.number().positive()).optional(),
    outcome: z.number().min(0).max(1).optional(),
  }),

  evaluate({ nItems, comparisons, mu, sigma, outcome }, params) {
    const size = nItems ?? mu?.length ?? sigma?.length ?? 2;
    const beliefs = startBeliefs(size, params, mu, sigma);
    if (comparisons) {
      const trajectory = comparisons.map(({ left, right, outcome: game }) => {
        updateTrueSkill(beliefs, left, right, game, params);
        return { mu: Array.from(beliefs.mu), sigma: Array.from(beliefs.sigma) };
      });
      return { ...beliefs, trajectory, conservativeScores: conservativeScores(beliefs, CONSERVATIVE_MULTIPLIER) };
    }
    if (outcome === undefined) {
      throw new LuceError("invalid-input", "there is nothing to update on", {
        where: "trueskill: inputs",
        hint: "give `comparisons`, or the `outcome` of one game between the first two systems",
      });
    }
    const update = updateTrueSkill(beliefs, 0, 1, outcome, params);
    return { ...beliefs, ...update, conservativeScores: conservativeScores(beliefs, CONSERVATIVE_MULTIPLIER) };
  },

  fit: (comparisons: Comparisons, { random: _, ...params }) => fitTrueSkill(comparisons, params),
});

/** What one game showed, as the golden vectors name it. */
export type TrueSkillUpdate = {
  /** (mu_1 - mu_2) / c before the game, whatever its outcome. */
  readonly t: number;
  readonly c: number;
  readonly drawMarginOverC: number;
  readonly v: number;
  readonly w: number;
  /** Phi(t): the chance that the first player performs better. */
  readonly winProbabilityBefore: number;
};

/**
 * Updates the beliefs about `first` and `second` in place after one game.
 *
 * @param outcome that of `first`: above 0.5 a win, 0.5 a draw, below 0.5 a loss
 */
export function updateTrueSkill(
  { mu, sigma }: GaussianBeliefs,
  first: number,
  second: number,
  outcome: number,
  { beta, tau, drawProbability }: Omit<TrueSkillParameters, "mu" | "sigma">,
): TrueSkillUpdate {
  const firstVariance = sigma[first] ** 2 + tau ** 2;
  const secondVariance = sigma[second] ** 2 + tau ** 2;
  const c = Math.sqrt(2 * beta ** 2 + firstVariance + secondVariance);
  const t = (mu[first] - mu[second]) / c;
  const margin = (normalQuantile((drawProbability + 1) / 2, 0, 1) * Math.SQRT2 * beta) / c;
  const sign = outcome < 0.5 ? -1 : 1;
  const { v, w } = outcome === 0.5 ? drawMoments(t, margin) : winMoments(sign * t - margin);
  mu[first] += sign * (firstVariance / c) * v;
  mu[second] -= sign * (secondVariance / c) * v;
  sigma[first] = Math.sqrt(firstVariance * (1 - (firstVariance / c ** 2) * w));
  sigma[second] = Math.sqrt(secondVariance * (1 - (secondVariance / c ** 2) * w));
  return { t, c, drawMarginOverC: margin, v, w, winProbabilityBefore: normalCumulative(t) };
}

function startBeliefs(size: number, params: TrueSkillParameters, mu?: number[], sigma?: number[]): GaussianBeliefs {
  if (mu) requireLength("trueskill", "mu", mu, size);
  if (sigma) requireLength("trueskill", "sigma", sigma, size);
  return {
    mu: Float64Array.from(mu ?? Array<number>(size).fill(params.mu)),
    sigma: Float64Array.from(sigma ?? Array<number>(size).fill(params.sigma)),
  };
}

function findingsOf({ systems, left, right, outcome, weight }: Comparisons, params: TrueSkillParameters): Finding[] {
  const judged = new Uint8Array(systems.length);
  for (let row = 0; row < left.length; row++) judged[left[row]] = judged[right[row]] = 1;
  const unjudged = judged.reduce((sum, value) => sum + (value ? 0 : 1), 0);
  const soft = outcome.filter((y) => y !== 0 && y !== 0.5 && y !== 1).length;
  const draws = outcome.filter((y) => y === 0.5).length;
  const findings: Finding[] = [
    {
      severity: "note",
      text: "TrueSkill depends on the order of the votes; a system is shown by its conservative score, mu - 3 sigma.",
      advice: "Use bradley-terry for a rating that does not depend on order.",
    },
  ];
  findings.push(...unjudgedFindings(unjudged, systems.length));
  if (soft > 0) {
    findings.push({
      severity: "caution",
      text: `${soft} of ${outcome.length} votes are shares, not verdicts; each counted as a full win of the preferred side.`,
      advice: "Use bradley-terry, which reads shares as they are.",
    });
  }
  findings.push(...unusedWeightFindings(weight));
  const drawShare = outcome.length > 0 ? draws / outcome.length : 0;
  if (drawShare > 0 && Math.abs(drawShare - params.drawProbability) > 0.1) {
    findings.push({
      severity: "note",
      text: `${(100 * drawShare).toFixed(1)}% of the votes are ties, where drawProbability says ${(100 * params.drawProbability).toFixed(1)}% between equals.`,
      advice: `Set drawProbability to about ${drawShare.toFixed(2)}.`,
    });
  }
  return findings;
}
