import {
  createEvidenceCache,
  type PreferenceList,
  preferenceTraining,
  readPreferenceLists,
  scoredRollouts,
  sequencesOf,
} from "../../align/index.ts";
import type { Objective } from "../../objectives/index.ts";
import { createRandom } from "../../random.ts";
import type { Arm, Measure } from "../claim.ts";
import { resolveObjective } from "./arms.ts";
import { createLogLinearPolicy, evaluateOnPools, type LogLinearPolicy, type PoolOutcome } from "./log-linear-policy.ts";
import { type CandidatePools, drawDirection, drawPools, type PoolOptions, rankPools } from "./pools.ts";

/** How an objective is tried on a log-linear policy over pools of candidates. */
export type PoolTrial = Partial<Omit<PoolOptions, "prompts">> & {
  readonly params?: Record<string, unknown>;
  /** Of plain gradient descent on all examples at once. */
  readonly learningRate: number;
  readonly steps?: number;
  /** Prompts to learn from, and as many again and a quarter held out. */
  readonly prompts?: number;
  /** Responses judged a prompt. */
  readonly count?: number;
  /** Of the annotator; see `rankPools`. */
  readonly strength?: number;
  /** Share of the rankings turned upside down. */
  readonly flips?: number;
  /** Where outcomes are compared. */
  readonly kl?: number;
};

/** What an arm over pools is measured by, on held-out prompts: exact sums, no sampling. */
export const poolMeasures = {
  winRate: { label: "Win rate over the reference", format: "percent", digits: 1 },
  reward: { label: "Expected reward", format: "decimal", digits: 3 },
  rewardAtKl: { label: "Reward at equal KL", format: "decimal", digits: 3 },
  kl: { label: "KL", format: "decimal", digits: 2 },
  rankingAccuracy: { label: "Ranking accuracy", format: "percent", digits: 1 },
  length: { label: "Tokens", format: "decimal", digits: 2 },
} as const satisfies Record<string, Measure>;

/** What an arm over pools is further measured by, on the prompts it learnt from: nats from the reference. */
export const likelihoodMeasures = {
  chosenChange: { label: "Chosen log-probability", format: "decimal", digits: 2 },
  rejectedChange: { label: "Rejected log-probability", format: "decimal", digits: 2 },
} as const satisfies Record<string, Measure>;

export const poolCurves = {
  title: "Expected reward against the divergence from the reference",
  x: "KL(policy || reference), nats",
  y: "expected true reward",
} as const;

const FEATURES = 10;

/** An objective tried on a log-linear policy over pools: milliseconds a seed. Groups learn from the true reward. */
export function poolArm(name: string, objective: Objective | string, trial: PoolTrial): Arm {
  return {
    name,
    async run(seed) {
      const { points, likelihoods } = await alignPools(await resolveObjective(objective), trial, seed);
      const last = points[points.length - 1];
      return {
        measures: { ...last, rewardAtKl: rewardAtKl(points, trial.kl ?? 0.5), ...likelihoods },
        curve: points.map(({ kl, reward }) => ({ x: kl, y: reward })),
      };
    },
  };
}

type PoolAlignment = {
  /** From before the first step to after the last. */
  readonly points: PoolOutcome[];
  readonly likelihoods: Readonly<Record<keyof typeof likelihoodMeasures, number>>;
};

async function alignPools(objective: Objective, trial: PoolTrial, seed: number): Promise<PoolAlignment> {
  const { params = {}, learningRate, steps = 120, prompts = 120, count = 2, strength = 2, flips = 0 } = trial;
  const random = createRandom(seed);
  const direction = drawDirection(FEATURES, random);
  const pools = drawPools(direction, random, { ...trial, prompts });
  const heldOut = drawPools(direction, random, { ...trial, prompts: Math.ceil(prompts * 1.25) });
  const lists = readPreferenceLists(rankPools(pools, random, { count, strength })).map((list) =>
    random.uniform() < flips ? upsideDown(list) : list,
  );
  const policy = createLogLinearPolicy(pools, { learningRate });
  const start = createLogLinearPolicy(pools, { learningRate });
  const reference = createEvidenceCache((sequences) => start.evidence(sequences));
  await reference.add(sequencesOf(lists));
  const source =
    objective.family === "group"
      ? ({ kind: "online", every: 2, reference: "start", rollout: trueRollouts(pools) } as const)
      : ({ kind: "offline", lists } as const);
  const batchSize = objective.family === "group" ? Math.ceil(prompts / 4) : Number.POSITIVE_INFINITY;
  const job = preferenceTraining({ policy, objective, params, source, reference, batchSize, seed });
  const points = [evaluateOnPools(heldOut, policy.theta)];
  for (let n = 0; n < steps; n++) {
    await job.step(n);
    points.push(evaluateOnPools(heldOut, policy.theta));
  }
  return {
    points,
    likelihoods: {
      chosenChange: await meanChange(policy, start, lists, 1),
      rejectedChange: await meanChange(policy, start, lists, count),
    },
  };
}

/** Mean log(policy / start) of the response of this rank. */
async function meanChange(
  policy: LogLinearPolicy,
  start: LogLinearPolicy,
  lists: readonly PreferenceList[],
  rank: number,
): Promise<number> {
  const sequences = lists.map(({ prompt, responses, ranks }) => ({ prompt, response: responses[ranks.indexOf(rank)] }));
  const [now, before] = [await policy.evidence(sequences), await start.evidence(sequences)];
  return now.logps.reduce((sum, logp, n) => sum + logp - before.logps[n], 0) / lists.length;
}

function upsideDown(list: PreferenceList): PreferenceList {
  const ranks = list.ranks.map((rank) => list.ranks.length + 1 - rank);
  return {
    ...list,
    ranks,
    scores: list.scores.map((score) => 1 - score),
    desirable: list.desirable.map((good) => !good),
  };
}

function trueRollouts({ prompts, candidates, rewards }: CandidatePools) {
  return scoredRollouts(
    {
      prompts: Array.from({ length: prompts }, (_, n) => `prompt ${n}`),
      promptsAtOnce: Math.ceil(prompts / 2),
      responses: 8,
    },
    async (prompt, responses) =>
      responses.map((text) => rewards[Number(prompt.slice(7)) * candidates + Number(text.slice(10))]),
  );
}

function rewardAtKl(points: readonly PoolOutcome[], kl: number): number | null {
  const after = points.findIndex((point) => point.kl >= kl);
  if (after <= 0) return null;
  const [from, to] = [points[after - 1], points[after]];
  return from.reward + ((to.reward - from.reward) * (kl - from.kl)) / (to.kl - from.kl);
}
