import type { TrainablePolicy } from "./policy.ts";
import { listOfScores, type PreferenceList } from "./preference-lists.ts";
import { batchAt } from "./preference-training.ts";

/** Scores of the responses to one prompt, higher is better: a reward model, a rule, a judge that grades. */
export type ResponseScorer = (prompt: string, responses: readonly string[], seed: number) => Promise<readonly number[]>;

export type RolloutSettings = {
  readonly prompts: readonly string[];
  /** Prompts of one rollout; an epoch of `prompts` is gone through before any comes again. */
  readonly promptsAtOnce: number;
  /** Responses a prompt: the group of group objectives, the list of listwise ones. */
  readonly responses: number;
  readonly temperature?: number;
};

/**
 * Rollouts for online training: the policy answers some prompts, `score` says how well. All follows from the seed.
 *
 * @returns a function for `PreferenceSource.rollout`
 */
export function scoredRollouts(
  { prompts, promptsAtOnce, responses, temperature }: RolloutSettings,
  score: ResponseScorer,
) {
  return async (policy: TrainablePolicy, seed: number): Promise<readonly PreferenceList[]> => {
    const asked = batchAt(prompts, seed, promptsAtOnce, 1);
    const sampled = await policy.sample(asked, { count: responses, temperature, seed });
    return Promise.all(
      asked.map(async (prompt, n) =>
        listOfScores(`rollout-${seed}-${n}`, prompt, sampled[n], await score(prompt, sampled[n], seed * 65_537 + n)),
      ),
    );
  };
}
