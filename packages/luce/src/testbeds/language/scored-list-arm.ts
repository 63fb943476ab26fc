import type { Objective } from "../../objectives/index.ts";
import { createRandom } from "../../random.ts";
import { learnRepeatedly, linearCells, softmaxCells } from "../cell-models.ts";
import type { Arm, Measure } from "../claim.ts";
import { resolveObjective } from "./arms.ts";
import { evaluateOnPools } from "./log-linear-policy.ts";
import { drawPools } from "./pools.ts";

/** How an objective on lists without a reference is tried on a log-linear policy over pools. */
export type ScoredListTrial = {
  readonly objective: Objective | string;
  readonly params?: Record<string, unknown>;
  readonly features: number;
  /** Candidates of a prompt. */
  readonly candidates: number;
  /** Those of them that are scored. */
  readonly count: number;
  readonly prompts: number;
  readonly heldOut: number;
  /** Standard deviation of the noise through which the scorer sees the true reward. */
  readonly noise: number;
  /** Steps of gradient descent, each of length `stepLength`. */
  readonly steps: number;
  readonly stepLength: number;
};

/** What these arms are measured by, on held-out prompts. */
export const scoredListMeasures = {
  rankingAccuracy: { label: "Ranking accuracy", format: "percent", digits: 1 },
  reward: { label: "Expected reward", format: "decimal", digits: 3 },
  kl: { label: "KL", format: "decimal", digits: 2 },
} as const satisfies Record<string, Measure>;

/**
 * An objective on scored lists, tried on a softmax over pools from a uniform start. The reward is linear with weights
 * drawn from N(0, 1), scores are its logistic through noise, responses are one token long.
 */
export function scoredListArm(name: string, trial: ScoredListTrial): Arm {
  const { features, candidates, count, prompts, heldOut, noise, steps, stepLength } = trial;
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const weights = Float64Array.from({ length: features }, () => random.normal());
      const [unseen, seen] = [heldOut, prompts].map((size) =>
        drawPools(weights, random, { prompts: size, candidates, referenceScale: 0, curvature: 0 }),
      );
      const scores = seen.rewards.map((reward) => 1 / (1 + Math.exp(-reward - noise * random.normal())));
      const policy = softmaxCells(candidates, linearCells(seen.featureValues, features));
      const shape = [prompts, count];
      const cells = Array.from({ length: prompts * count }, (_, n) => Math.floor(n / count) * candidates + (n % count));
      await learnRepeatedly(steps, {
        objective: await resolveObjective(trial.objective),
        params: trial.params,
        learnt: { policyLogps: { cells, shape, by: policy } },
        given: {
          scores: { data: Float64Array.from(cells, (cell) => scores[cell]), shape },
          lengths: { data: new Float64Array(cells.length).fill(1), shape },
        },
        learningRate: stepLength,
        normalised: true,
      });
      const { rankingAccuracy, reward, kl } = evaluateOnPools(unseen, policy.parameters);
      return { measures: { rankingAccuracy, reward, kl } };
    },
  };
}
