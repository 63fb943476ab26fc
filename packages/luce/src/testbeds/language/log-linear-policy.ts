import type { Sequence } from "../../align/examples.ts";
import type { TokenEvidence, TokenGradient, TrainablePolicy } from "../../align/policy.ts";
import { LuceError } from "../../errors.ts";
import { createRandom } from "../../random.ts";
import { logSoftmaxRows } from "../cell-models.ts";
import type { CandidatePools } from "./pools.ts";

/** A softmax over the candidates of a pool, linear in their features: `logits = reference logits + theta . features`. */
export type LogLinearPolicy = TrainablePolicy & {
  /** [features] */
  readonly theta: Float64Array;
};

/**
 * The log-linear policy over `pools`, from theta = 0 (the reference) or a given theta, trained by plain gradient
 * descent. A response's log-probability is spread evenly over its tokens.
 */
export function createLogLinearPolicy(
  pools: CandidatePools,
  { learningRate, theta: start }: { learningRate: number; theta?: Float64Array },
): LogLinearPolicy {
  const theta = start?.slice() ?? new Float64Array(pools.features);
  const rowOf = ({ prompt, response }: Sequence): number => {
    const p = Number(prompt.replace("prompt ", ""));
    const c = Number(response.replace("candidate ", ""));
    if (p < pools.prompts && c < pools.candidates) return p * pools.candidates + c;
    throw new LuceError("unsupported", `the pools hold no "${response}" of "${prompt}"`, {
      hint: `they hold ${pools.prompts} prompts of ${pools.candidates} candidates`,
    });
  };
  const evidence = async (sequences: readonly Sequence[]): Promise<TokenEvidence> => {
    const logps = poolLogps(pools, theta);
    const rows = sequences.map(rowOf);
    const lengths = Float64Array.from(rows, (row) => pools.lengths[row]);
    const tokens = pools.lengths.reduce((most, length) => Math.max(most, length), 1);
    const spread = new Float64Array(rows.length * tokens);
    for (const [n, row] of rows.entries()) spread.fill(logps[row] / lengths[n], n * tokens, n * tokens + lengths[n]);
    return { tokens, lengths, logps: spread };
  };
  return {
    theta,
    fingerprint: async () => theta.join(),
    evidence,
    async learn(sequences, gradientOf) {
      const said = await evidence(sequences);
      const gradient = parameterGradient(pools, theta, sequences.map(rowOf), said, await gradientOf(said));
      for (let d = 0; d < theta.length; d++) theta[d] -= learningRate * gradient[d];
      return { gradientNorm: Math.hypot(...gradient) };
    },
    async sample(prompts, { count, seed, temperature = 1 }) {
      const random = createRandom(seed);
      const logits = poolLogits(pools, theta);
      return prompts.map((prompt) => {
        const first = rowOf({ prompt, response: "candidate 0" });
        return Array.from({ length: count }, () => {
          const appeal = Array.from(
            { length: pools.candidates },
            (_, c) => logits[first + c] / temperature - Math.log(-Math.log(1 - random.uniform())),
          );
          return `candidate ${appeal.indexOf(Math.max(...appeal))}`;
        });
      });
    },
    snapshot: async () => ({ theta: new Uint8Array(theta.slice().buffer) }),
    async restore(files) {
      theta.set(new Float64Array(files.theta.slice().buffer));
    },
  };
}

/** What a log-linear policy is worth, exactly: sums over the pools. */
export type PoolOutcome = {
  /** Mean over prompts of the expected true reward. */
  readonly reward: number;
  /** Mean over prompts of KL(policy || reference), nats. */
  readonly kl: number;
  /** Chance that a response of the policy is truly better than one of the reference, ties half. */
  readonly winRate: number;
  /** Expected tokens. */
  readonly length: number;
  /** Share of the pairs of different true reward that the log-ratio to the reference orders as the reward does. */
  readonly rankingAccuracy: number;
};

/** Evaluates theta on pools, seen or not. O(prompts x candidates^2). */
export function evaluateOnPools(pools: CandidatePools, theta: Float64Array): PoolOutcome {
  const policy = poolLogps(pools, theta);
  const reference = poolLogps(pools, new Float64Array(theta.length));
  const total = { reward: 0, kl: 0, winRate: 0, length: 0 };
  let ordered = 0;
  let pairs = 0;
  for (let p = 0; p < pools.prompts; p++) {
    const first = p * pools.candidates;
    for (let i = first; i < first + pools.candidates; i++) {
      const chance = Math.exp(policy[i]);
      total.reward += chance * pools.rewards[i];
      total.length += chance * pools.lengths[i];
      total.kl += chance * (policy[i] - reference[i]);
      for (let j = first; j < first + pools.candidates; j++) {
        const better = Math.sign(pools.rewards[i] - pools.rewards[j]);
        total.winRate += chance * Math.exp(reference[j]) * (0.5 + better / 2);
        if (better <= 0) continue;
        pairs++;
        if (policy[i] - reference[i] > policy[j] - reference[j]) ordered++;
      }
    }
  }
  return {
    reward: total.reward / pools.prompts,
    kl: total.kl / pools.prompts,
    winRate: total.winRate / pools.prompts,
    length: total.length / pools.prompts,
    rankingAccuracy: ordered / pairs,
  };
}

function poolLogits({ features, featureValues, referenceLogits }: CandidatePools, theta: Float64Array): Float64Array {
  return referenceLogits.map((logit, row) => {
    for (let d = 0; d < features; d++) logit += theta[d] * featureValues[row * features + d];
    return logit;
  });
}

/** [prompts, candidates] log-probabilities. */
function poolLogps(pools: CandidatePools, theta: Float64Array): Float64Array {
  return logSoftmaxRows(poolLogits(pools, theta), pools.candidates);
}

/** d loss / d theta: each response's gradient times its features less the policy's mean features. */
function parameterGradient(
  pools: CandidatePools,
  theta: Float64Array,
  rows: readonly number[],
  { tokens, lengths }: TokenEvidence,
  { logps = new Float64Array(rows.length * tokens) }: TokenGradient,
): Float64Array {
  const probabilities = poolLogps(pools, theta).map(Math.exp);
  const onLogits = new Float64Array(probabilities.length);
  for (const [n, row] of rows.entries()) {
    let slope = 0;
    for (let t = 0; t < lengths[n]; t++) slope += logps[n * tokens + t] / lengths[n];
    const first = row - (row % pools.candidates);
    onLogits[row] += slope;
    for (let c = first; c < first + pools.candidates; c++) onLogits[c] -= slope * probabilities[c];
  }
  const gradient = new Float64Array(theta.length);
  for (const [row, slope] of onLogits.entries()) {
    if (slope === 0) continue;
    for (let d = 0; d < theta.length; d++) gradient[d] += slope * pools.featureValues[row * pools.features + d];
  }
  return gradient;
}
