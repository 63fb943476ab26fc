import type { Sequence } from "./examples.ts";
import type { TokenEvidence, TrainablePolicy } from "./policy.ts";
import type { ResponseScorer } from "./rollouts.ts";
import type { Metrics } from "./run.ts";

/** How a policy and another find the same responses. */
export type PolicyComparison = {
  /** [N] log(policy / other) of each response, nats: over the policy's own responses its mean estimates the KL. */
  readonly logRatios: readonly number[];
  /** The policy's mean entropy of a token, nats; null where it does not yield it. */
  readonly entropy: number | null;
  /** Mean tokens of a response, its end mark included. */
  readonly responseLength: number;
};

/** Sequences scored at once. */
const AT_ONCE = 64;

/** Compares two policies on `sequences`, of which there is at least one. */
export async function comparePolicies(
  policy: Pick<TrainablePolicy, "evidence">,
  other: Pick<TrainablePolicy, "evidence">,
  sequences: readonly Sequence[],
): Promise<PolicyComparison> {
  const before = await responseLogps(other, sequences);
  const logRatios: number[] = [];
  let entropy: number | null = 0;
  let tokens = 0;
  for (let from = 0; from < sequences.length; from += AT_ONCE) {
    const part = sequences.slice(from, from + AT_ONCE);
    const own = await policy.evidence(part);
    for (let n = 0; n < part.length; n++) {
      logRatios.push(sumOfRow(own, own.logps, n) - before[from + n]);
      tokens += own.lengths[n];
      entropy = own.entropies && entropy !== null ? entropy + sumOfRow(own, own.entropies, n) : null;
    }
  }
  return {
    logRatios,
    entropy: entropy === null ? null : entropy / tokens,
    responseLength: tokens / sequences.length,
  };
}

/** [N] log-probability of each response, nats. */
export async function responseLogps(
  policy: Pick<TrainablePolicy, "evidence">,
  sequences: readonly Sequence[],
): Promise<number[]> {
  const logps: number[] = [];
  for (let from = 0; from < sequences.length; from += AT_ONCE) {
    const part = sequences.slice(from, from + AT_ONCE);
    const said = await policy.evidence(part);
    logps.push(...part.map((_, n) => sumOfRow(said, said.logps, n)));
  }
  return logps;
}

export type SampledEvaluation = {
  readonly policy: Pick<TrainablePolicy, "evidence" | "sample">;
  readonly reference: Pick<TrainablePolicy, "evidence">;
  readonly prompts: readonly string[];
  /** The same seed draws the same noise at every evaluation. */
  readonly seed: number;
  readonly score?: ResponseScorer;
};

/**
 * What a policy does, by one response of its own to each prompt: `sequenceKl` to the reference (nats a response),
 * `responseLength` (tokens), `sampleEntropy` (nats a token), and `reward` where there is a scorer.
 *
 * The estimate of the KL is the mean log-ratio: unbiased for responses that end and whose text reads back as the tokens
 * drawn, and not bound to be positive. A response that was cut off is scored as if it had ended there.
 */
export async function evaluateSamples(evaluation: SampledEvaluation): Promise<Metrics> {
  const { policy, reference, prompts, seed, score } = evaluation;
  const sampled = await policy.sample(prompts, { count: 1, seed });
  const sequences = prompts.map((prompt, n) => ({ prompt, response: sampled[n][0] }));
  const { logRatios, entropy, responseLength } = await comparePolicies(policy, reference, sequences);
  const rewards: number[] = [];
  if (score) {
    for (const { prompt, response } of sequences) rewards.push(...(await score(prompt, [response], seed)));
  }
  return {
    ...(score && { reward: meanOf(rewards) }),
    sequenceKl: meanOf(logRatios),
    responseLength,
    ...(entropy !== null && { sampleEntropy: entropy }),
  };
}

/** The mean of at least one value. */
export function meanOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

function sumOfRow({ tokens, lengths }: TokenEvidence, values: Float64Array, row: number): number {
  return values.subarray(row * tokens, row * tokens + lengths[row]).reduce((sum, value) => sum + value, 0);
}
