/**
 * RoboArena: rating policies from double-blind pairs that evaluators ran on tasks of their own choice.
 *
 * The public leaderboard is Bradley-Terry with Davidson ties, shown as 200 theta + 1500 (`model: "davidson"`,
 * the default). The paper's own model has latent buckets of tasks (`model: "task-aware"`), fitted by EM with
 * exact gradients; see `robo-arena-em.ts`. In simulation it is no better than Davidson up to 300 sessions.
 * Also here: the rule by which the server draws the next policy, and MMRV, its measure against an oracle.
 *
 * @see arXiv 2506.18123, section on ranking; the backend published with it
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";
import { createRandom, type Random } from "../random.ts";
import { connectedComponents } from "./components.ts";
import { comparisonInputs, requireLength, toComparisons, toRows } from "./contract.ts";
import { fitDavidson } from "./davidson.ts";
import { pearsonCorrelation } from "./rank-correlation.ts";
import { defineRating, type RatingFit } from "./rating.ts";
import {
  bucketWinProbability,
  expectation,
  fitTaskBuckets,
  gradientAndCurvature,
  maximisation,
  type Sessions,
  type TaskBuckets,
} from "./robo-arena-em.ts";

const parameters = z.object({
  model: z.enum(["davidson", "task-aware"]).default("davidson"),
  /** Latent task buckets T. */
  buckets: z.number().int().min(1).default(100),
  /** Most EM rounds of a start. */
  rounds: z.number().int().min(1).default(60),
  /** Random starts, of which the likeliest is kept. */
  starts: z.number().int().min(1).default(5),
  /** Precision of the prior on strengths. */
  l2Theta: z.number().nonnegative().default(0.01),
  /** Precision of the prior on psi, the offsets of policies in buckets. */
  l2Psi: z.number().nonnegative().default(0.01),
  /** Largest step of a parameter in the first round; falls by 1% a round. */
  stepClip: z.number().positive().default(1),
  /** Whether progress enters the likelihood: exp(-((sA - a)^2 + (sB - b)^2) / (2 deviation^2)). */
  partialScores: z.boolean().default(false),
  /** Standard deviation of partial scores. */
  partialScoreDeviation: z.number().positive().default(0.3),
  /** Sessions from which on a policy is drawn at weight 1. */
  ucbTimesThreshold: z.number().positive().default(500),
  /** How steeply fewer sessions raise that weight. */
  ucbPower: z.number().nonnegative().default(0.8),
});

type RoboArenaParameters = z.output<typeof parameters>;

const session = comparisonInputs.shape.comparisons.element.extend({
  progressLeft: z.number().min(0).max(1).optional(),
  progressRight: z.number().min(0).max(1).optional(),
});

/** RoboArena's leaderboard, by Davidson's model or the task-aware one; shown as 200 theta + 1500. */
export function fitRoboArena(
  comparisons: Comparisons,
  { random = createRandom(0), ...options }: z.input<typeof parameters> & { random?: Random } = {},
): RatingFit {
  const params = parameters.parse(options);
  return params.model === "davidson"
    ? fitLeaderboard(comparisons, random)
    : fitTaskAware(comparisons, { ...params, random });
}

export const roboArena = defineRating({
  id: "robo-arena",
  name: "RoboArena",
  paper: "RoboArena: Distributed Real-World Evaluation of Generalist Robot Policies",
  arxiv: "2506.18123",
  reads: "comparisons",
  usesCovariates: true,
  params: parameters,
  inputs: z.object({
    nItems: z.number().int().positive().optional(),
    comparisons: z.array(session).optional(),
    theta: z.array(z.number()).optional(),
    psi: z.array(z.array(z.number())).optional(),
    tau: z.array(z.number()).optional(),
    bucketWeights: z.array(z.number().nonnegative()).optional(),
    nu: z.number().nonnegative().default(0.5),
    timesEvaluated: z.array(z.number().nonnegative()).optional(),
    oracleScores: z.array(z.number()).optional(),
    estimatedScores: z.array(z.number()).optional(),
  }),

  evaluate(inputs, params) {
    const { comparisons, theta, timesEvaluated, oracleScores, estimatedScores } = inputs;
    const nItems = inputs.nItems ?? theta?.length;
    return {
      ...(comparisons && nItems && (theta ? oneRound(inputs, nItems, params) : oneBucket(inputs, nItems))),
      ...(timesEvaluated && samplingOf(timesEvaluated, params)),
      ...(oracleScores &&
        estimatedScores && {
          mmrv: meanMaximumRankViolation(oracleScores, estimatedScores),
          pearson: pearsonCorrelation(oracleScores, estimatedScores),
        }),
    };
  },

  fit: (comparisons: Comparisons, options) => fitRoboArena(comparisons, options),
});

/** The weight at which a policy is drawn first: 1 from `threshold` sessions on, (threshold / (n + 1))^power before. */
export function samplingWeight(timesEvaluated: number, threshold = 500, power = 0.8): number {
  return timesEvaluated >= threshold ? 1 : (threshold / (timesEvaluated + 1)) ** power;
}

/**
 * MMRV: how much oracle score the estimate's worst inversion costs a policy, on average. 0 is perfect. O(P^2).
 *
 * @param oracle [P]
 * @param estimated [P]
 */
export function meanMaximumRankViolation(oracle: ArrayLike<number>, estimated: ArrayLike<number>): number {
  requireLength("robo-arena", "estimatedScores", estimated, oracle.length);
  let sum = 0;
  for (let i = 0; i < oracle.length; i++) {
    let worst = 0;
    for (let j = 0; j < oracle.length; j++) {
      const violated = estimated[i] < estimated[j] !== oracle[i] < oracle[j];
      if (violated) worst = Math.max(worst, Math.abs(oracle[i] - oracle[j]));
    }
    sum += worst;
  }
  return sum / oracle.length;
}

const LEADERBOARD_SCALE = 200;
const LEADERBOARD_CENTRE = 1500;

const leaderboardScores = (theta: Float64Array) =>
  theta.map((strength) => LEADERBOARD_SCALE * strength + LEADERBOARD_CENTRE);

function fitLeaderboard(comparisons: Comparisons, random: Random): RatingFit {
  const fit = fitDavidson(comparisons, { random });
  return { ...fit, display: "score", displayed: leaderboardScores(fit.logStrengths) };
}

function fitTaskAware(comparisons: Comparisons, params: RoboArenaParameters & { random: Random }): RatingFit {
  const { systems } = comparisons;
  const sessions = sessionsOf(comparisons, params);
  let best = fitTaskBuckets(systems.length, sessions, params);
  for (let start = 1; start < params.starts; start++) {
    const other = fitTaskBuckets(systems.length, sessions, params);
    if (other.logLikelihood > best.logLikelihood) best = other;
  }
  const { fitted, converged } = best;
  const components = connectedComponents(comparisons);
  const findings: RatingFit["findings"][number][] = [
    {
      severity: "note",
      text: `The task-aware model is not identified beyond its ridge: ${params.buckets} buckets were started at random and the likeliest of ${params.starts} starts is shown; it has no standard errors of its own.`,
      advice: "Use the bootstrap for intervals, or the default davidson model.",
    },
  ];
  if (!converged) {
    findings.push({
      severity: "caution",
      text: `EM had not converged after ${params.rounds} rounds.`,
      advice: "Raise `rounds`.",
    });
  }
  if (components.some((component) => component !== 0)) {
    findings.push({
      severity: "caution",
      text: "Some policies never met, directly or through others; only the ridge relates their strengths.",
    });
  }
  return {
    systems,
    logStrengths: fitted.theta,
    standardErrors: null,
    covariance: null,
    components: new Int32Array(systems.length),
    coefficients: [{ name: "nu", value: fitted.nu, standardError: null }],
    winProbability: (i, j) => bucketWinProbability(fitted, i, j),
    display: "score",
    displayed: leaderboardScores(fitted.theta),
    findings,
  };
}

type Inputs = {
  comparisons?: z.output<typeof session>[];
  theta?: number[];
  psi?: number[][];
  tau?: number[];
  bucketWeights?: number[];
  nu: number;
};

/** One E step and one M step from given parameters. */
function oneRound(
  { comparisons = [], theta = [], psi, tau = [0], bucketWeights, nu }: Inputs,
  nItems: number,
  params: RoboArenaParameters,
) {
  const T = tau.length;
  requireLength("robo-arena", "theta", theta, nItems);
  const weights = bucketWeights ?? Array<number>(T).fill(1 / T);
  requireLength("robo-arena", "bucketWeights", weights, T);
  if (psi) {
    requireLength("robo-arena", "psi", psi, nItems);
    for (const row of psi) requireLength("robo-arena", "psi[policy]", row, T);
  }
  const buckets: TaskBuckets = {
    theta: Float64Array.from(theta),
    psi: psi ? Float64Array.from(psi.flat()) : new Float64Array(nItems * T),
    tau: Float64Array.from(tau),
    bucketWeights: Float64Array.from(weights),
    nu,
  };
  const sessions = sessionsOf(toComparisons({ nItems, comparisons }), params, {
    left: Float64Array.from(comparisons, (row) => row.progressLeft ?? Number.NaN),
    right: Float64Array.from(comparisons, (row) => row.progressRight ?? Number.NaN),
  });
  const expected = expectation(buckets, sessions);
  const { gradient } = gradientAndCurvature(buckets, sessions, expected);
  const next = maximisation(buckets, sessions, expected, params);
  return {
    pWin: toRows(expected.pWin, T),
    pLoss: toRows(expected.pLoss, T),
    pTie: toRows(expected.pTie, T),
    responsibilities: toRows(expected.responsibilities, T),
    marginalWin: expected.marginalWin,
    logLikelihood: expected.logLikelihood,
    grad: { theta: gradient.theta, psi: toRows(gradient.psi, T), tau: gradient.tau },
    nextTheta: next.theta,
    nextPsi: toRows(next.psi, T),
    nextTau: next.tau,
    nextBucketWeights: next.bucketWeights,
    nextNu: next.nu,
  };
}

/**
 * One bucket without psi and ridge, in closed form: theta - tau is the log-odds of a policy's own win rate,
 * ties counted half, whoever the opponents were. Null where the rate is 0, 1 or unknown.
 */
function oneBucket({ comparisons = [] }: Inputs, nItems: number) {
  const wins = new Float64Array(nItems);
  const games = new Float64Array(nItems);
  for (const { left, right, outcome, weight = 1 } of comparisons) {
    wins[left] += weight * outcome;
    wins[right] += weight * (1 - outcome);
    games[left] += weight;
    games[right] += weight;
  }
  const winRates = Array.from(wins, (won, policy) => (games[policy] > 0 ? won / games[policy] : null));
  const logits = winRates.map((rate) =>
    rate === null || rate === 0 || rate === 1 ? null : Math.log(rate / (1 - rate)),
  );
  const finite = logits.every((logit) => logit !== null);
  const mean = logits.reduce<number>((sum, logit) => sum + (logit ?? 0), 0) / nItems;
  return {
    theta: logits.map((logit) => (finite && logit !== null ? logit - mean : null)),
    tau: [finite ? -mean : null],
    winRates,
  };
}

function samplingOf(timesEvaluated: readonly number[], { ucbTimesThreshold, ucbPower }: RoboArenaParameters) {
  const samplingWeights = timesEvaluated.map((times) => samplingWeight(times, ucbTimesThreshold, ucbPower));
  const total = samplingWeights.reduce((sum, weight) => sum + weight, 0);
  return { samplingWeights, samplingProbabilities: samplingWeights.map((weight) => weight / total) };
}

function sessionsOf(
  { left, right, outcome, count, weight, covariates }: Comparisons,
  { partialScores, partialScoreDeviation }: RoboArenaParameters,
  progress = progressCovariate(covariates),
): Sessions {
  const soft = outcome.findIndex((y) => y !== 0 && y !== 0.5 && y !== 1);
  if (soft >= 0) {
    throw new LuceError("invalid-input", `outcome ${outcome[soft]} is neither a win, a tie nor a loss`, {
      where: `robo-arena: comparison ${soft}`,
      hint: "the task-aware model reads verdicts only; use bradley-terry for shares",
    });
  }
  if (partialScores && (!progress || progress.left.some(Number.isNaN) || progress.right.some(Number.isNaN))) {
    throw new LuceError("invalid-input", "partialScores needs the progress of both sides of every comparison", {
      where: "robo-arena",
      hint: 'give it as the covariate "progress", in [0, 1]',
    });
  }
  return {
    left,
    right,
    outcome,
    weight: count.map((value, row) => value * (weight?.[row] ?? 1)),
    progress: partialScores && progress ? { ...progress, deviation: partialScoreDeviation } : undefined,
  };
}

function progressCovariate(covariates: Comparisons["covariates"]) {
  const column = covariates?.names.indexOf("progress") ?? -1;
  if (!covariates || column < 0) return undefined;
  const width = covariates.names.length;
  const columnOf = (values: Float64Array) =>
    Float64Array.from({ length: values.length / width }, (_, row) => values[row * width + column]);
  return { left: columnOf(covariates.left), right: columnOf(covariates.right) };
}
