import { LuceError } from "../errors.ts";
import { type MeanInterval, meanInterval } from "../report/mean-interval.ts";
import type { Example, Sequence } from "./examples.ts";
import type { TokenEvidence, TrainablePolicy } from "./policy.ts";

/** What a policy makes of held-out pairs. */
export type HeldOutResult = {
  /**
   * [pairs] 1 where the chosen response is likelier than the rejected, 0.5 at a tie, else 0: by the mean
   * log-probability of a token, which does not favour short responses.
   */
  readonly right: readonly number[];
  /** [pairs] the same of the sum over the response. */
  readonly rightWhole: readonly number[];
  /** [pairs] log-probability of the chosen less that of the rejected, nats. */
  readonly margins: readonly number[];
  /** exp of the mean loss of a token of the chosen responses. */
  readonly perplexity: number;
  /** Mean entropy of a token of the chosen responses, nats; null where the policy does not yield it. */
  readonly entropy: number | null;
};

const AT_ONCE = 16;

/** Scores pairs (chosen first) under a policy. */
export async function scoreHeldOut(
  policy: Pick<TrainablePolicy, "evidence">,
  pairs: readonly Example[],
): Promise<HeldOutResult> {
  const chosen = await scoreAll(
    policy,
    pairs.map((pair) => sequenceAt(pair, 0)),
  );
  const rejected = await scoreAll(
    policy,
    pairs.map((pair) => sequenceAt(pair, 1)),
  );
  const compare = (read: (response: ScoredResponse) => number) =>
    pairs.map((_, n) => 0.5 + Math.sign(read(chosen[n]) - read(rejected[n])) / 2);
  const tokens = chosen.reduce((sum, { length }) => sum + length, 0);
  const entropies = chosen.map(({ entropy }) => entropy);
  return {
    right: compare(({ logp, length }) => logp / length),
    rightWhole: compare(({ logp }) => logp),
    margins: pairs.map((_, n) => chosen[n].logp - rejected[n].logp),
    perplexity: Math.exp(-chosen.reduce((sum, { logp }) => sum + logp, 0) / tokens),
    entropy: entropies.every((entropy) => entropy !== null)
      ? entropies.reduce((sum, entropy) => sum + entropy, 0) / tokens
      : null,
  };
}

/** Scores pairs (chosen first) by a reward model: where the chosen earns more (0.5 at a tie), and by how much. */
export async function scoreHeldOutRewards(
  model: Pick<TrainablePolicy, "evidence">,
  pairs: readonly Example[],
): Promise<Pick<HeldOutResult, "right" | "margins">> {
  const margins: number[] = [];
  for (let start = 0; start < pairs.length; start += AT_ONCE) {
    const part = pairs.slice(start, start + AT_ONCE);
    const { rewards } = await model.evidence(part.flatMap((pair) => [sequenceAt(pair, 0), sequenceAt(pair, 1)]));
    if (!rewards) throw new LuceError("unsupported", "this model gives no rewards");
    margins.push(...part.map((_, n) => rewards[2 * n] - rewards[2 * n + 1]));
  }
  return { margins, right: margins.map((margin) => 0.5 + Math.sign(margin) / 2) };
}

/** The mean of per-pair results with its 95% interval. @throws LuceError for fewer than two pairs */
export function accuracyInterval(right: readonly number[]): MeanInterval {
  const { mean, lower, upper } = meanInterval(right);
  return { mean, lower: Math.max(0, lower), upper: Math.min(1, upper) };
}

type ScoredResponse = { readonly logp: number; readonly length: number; readonly entropy: number | null };

async function scoreAll(
  policy: Pick<TrainablePolicy, "evidence">,
  sequences: readonly Sequence[],
): Promise<ScoredResponse[]> {
  const order = sequences.map((_, n) => n).sort((a, b) => size(sequences[a]) - size(sequences[b]));
  const scored: ScoredResponse[] = [];
  for (let start = 0; start < order.length; start += AT_ONCE) {
    const part = order.slice(start, start + AT_ONCE);
    const said = await policy.evidence(part.map((n) => sequences[n]));
    for (const [row, n] of part.entries()) scored[n] = readRow(said, row);
  }
  return scored;
}

function readRow({ tokens, lengths, logps, entropies }: TokenEvidence, row: number): ScoredResponse {
  const sum = (values: Float64Array) =>
    values.subarray(row * tokens, row * tokens + lengths[row]).reduce((a, b) => a + b, 0);
  return { logp: sum(logps), length: lengths[row], entropy: entropies ? sum(entropies) : null };
}

function sequenceAt({ list, items }: Example, place: number): Sequence {
  return { prompt: list.prompt, response: list.responses[items[place]] };
}

function size({ prompt, response }: Sequence): number {
  return prompt.length + response.length;
}
