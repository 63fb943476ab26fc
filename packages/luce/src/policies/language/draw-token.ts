import type { Random } from "../../random.ts";

/** How the distribution of the next token is changed before drawing. */
export type Truncation = {
  /** Divides the logits; 0 takes the most likely token. Default 1. */
  readonly temperature?: number;
  /** Only the k most likely. */
  readonly topK?: number;
  /** Only the fewest most likely whose probabilities reach p together (after temperature and top k). */
  readonly topP?: number;
};

/** Draws a token from its logits [V], in float64; `logp` is its log-probability before any change. O(V log V). */
export function drawToken(
  logits: ArrayLike<number>,
  { temperature = 1, topK, topP }: Truncation,
  random: Random,
): { token: number; logp: number } {
  const logTotal = logSumExp(logits);
  const token = temperature === 0 ? mostLikely(logits) : drawTempered(logits, temperature, topK, topP, random);
  return { token, logp: logits[token] - logTotal };
}

function drawTempered(
  logits: ArrayLike<number>,
  temperature: number,
  topK: number | undefined,
  topP: number | undefined,
  random: Random,
): number {
  const highest = logits[mostLikely(logits)];
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - highest) / temperature));
  let kept = Array.from(weights.keys());
  if (topK !== undefined || topP !== undefined) {
    kept.sort((a, b) => weights[b] - weights[a] || a - b);
    if (topK !== undefined) kept = kept.slice(0, topK);
    if (topP !== undefined) kept = kept.slice(0, nucleusSize(kept, weights, topP));
  }
  const total = kept.reduce((sum, token) => sum + weights[token], 0);
  let left = random.uniform() * total;
  for (const token of kept) {
    left -= weights[token];
    if (left < 0) return token;
  }
  return kept.findLast((token) => weights[token] > 0) as number;
}

function nucleusSize(ordered: readonly number[], weights: Float64Array, share: number): number {
  const total = ordered.reduce((sum, token) => sum + weights[token], 0);
  let reached = 0;
  for (const [i, token] of ordered.entries()) {
    reached += weights[token];
    if (reached >= share * total) return i + 1;
  }
  return ordered.length;
}

function mostLikely(logits: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

function logSumExp(values: ArrayLike<number>): number {
  const highest = values[mostLikely(values)];
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i] - highest);
  return highest + Math.log(sum);
}
