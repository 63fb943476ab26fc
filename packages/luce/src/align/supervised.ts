import type { Sequence } from "./examples.ts";
import type { TokenEvidence, TrainablePolicy } from "./policy.ts";
import { batchAt } from "./preference-training.ts";
import type { Metrics, TrainingJob } from "./run.ts";

export type SupervisedTraining = {
  readonly policy: TrainablePolicy;
  /** Prompts with the responses to imitate. */
  readonly demonstrations: readonly Sequence[];
  readonly batchSize: number;
  readonly seed: number;
  readonly evaluate?: () => Promise<Metrics>;
};

/**
 * Supervised fine-tuning: minus the log-probability of the response tokens, a mean over the tokens of the batch.
 */
export function supervisedTraining({
  policy,
  demonstrations,
  batchSize,
  seed,
  evaluate,
}: SupervisedTraining): TrainingJob {
  return {
    evaluate,
    async step(n) {
      let loss = 0;
      const { gradientNorm } = await policy.learn(batchAt(demonstrations, n, batchSize, seed), async (said) => {
        loss = meanTokenLoss(said);
        const count = said.lengths.reduce((sum, length) => sum + length, 0);
        return { logps: onTokens(said, () => -1 / count) };
      });
      return { loss, gradientNorm };
    },
    snapshot: () => policy.snapshot(),
    restore: (files) => policy.restore(files),
  };
}

/** Minus the mean log-probability of a token, nats: its exponential is the perplexity. */
export function meanTokenLoss({ logps, lengths }: TokenEvidence): number {
  return -logps.reduce((sum, logp) => sum + logp, 0) / lengths.reduce((sum, length) => sum + length, 0);
}

/** [N, T] a value for each token that is there, 0 elsewhere. */
export function onTokens({ tokens, lengths }: TokenEvidence, read: (index: number) => number): Float64Array {
  return Float64Array.from({ length: lengths.length * tokens }, (_, index) =>
    index % tokens < lengths[Math.floor(index / tokens)] ? read(index) : 0,
  );
}
