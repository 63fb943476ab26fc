import type { TrainablePolicy } from "./policy.ts";
import { batchAt } from "./preference-training.ts";
import type { Metrics, TrainingJob } from "./run.ts";
import { onTokens } from "./supervised.ts";

export type Distillation = {
  /** The student. */
  readonly policy: TrainablePolicy;
  readonly teacher: Pick<TrainablePolicy, "evidence" | "sample">;
  readonly prompts: readonly string[];
  /** Prompts a step. */
  readonly batchSize: number;
  /** Responses a prompt. */
  readonly responses: number;
  /**
   * Whose responses the student learns from: the teacher's, by imitation (sequence-level distillation), or its own,
   * each token by how much less likely the teacher finds it (the policy gradient of the reverse KL, a token at a time).
   */
  readonly from: "teacher" | "student";
  readonly seed: number;
  readonly evaluate?: () => Promise<Metrics>;
};

/**
 * Distils a teacher into a student that shares its tokenizer.
 *
 * @see arXiv 1606.07947 (sequence level); arXiv 2306.13649 (on the student's own responses)
 */
export function distillation({
  policy,
  teacher,
  prompts,
  batchSize,
  responses,
  from,
  seed,
  evaluate,
}: Distillation): TrainingJob {
  return {
    evaluate,
    async step(n) {
      const asked = batchAt(prompts, n, batchSize, seed);
      const author = from === "teacher" ? teacher : policy;
      const sampled = await author.sample(asked, { count: responses, seed: seed + n });
      const sequences = asked.flatMap((prompt, i) => sampled[i].map((response) => ({ prompt, response })));
      const taught = await teacher.evidence(sequences);
      let reverseKl = 0;
      const { gradientNorm } = await policy.learn(sequences, async (said) => {
        const count = said.lengths.reduce((sum, length) => sum + length, 0);
        const gap = onTokens(said, (token) => said.logps[token] - taught.logps[token]);
        reverseKl = gap.reduce((sum, value) => sum + value, 0) / count;
        return { logps: onTokens(said, (token) => (from === "teacher" ? -1 : gap[token]) / count) };
      });
      return { [from === "teacher" ? "logRatioToTeacher" : "reverseKl"]: reverseKl, gradientNorm };
    },
    snapshot: () => policy.snapshot(),
    restore: (files) => policy.restore(files),
  };
}
