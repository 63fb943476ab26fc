import type { Judgment } from "../../data/judgment.ts";
import { type Random, shuffle } from "../../random.ts";

/**
 * Prompts that each come with a pool of candidate responses described by features: the world in which a policy is
 * a softmax over a pool, small enough that its expected reward and its divergence are exact sums.
 */
export type CandidatePools = {
  readonly prompts: number;
  /** Candidates of a prompt. */
  readonly candidates: number;
  readonly features: number;
  /** [prompts, candidates, features] standard normal. */
  readonly featureValues: Float64Array;
  /** [prompts, candidates] the reference policy's logits, normal with a standard deviation of `referenceScale`. */
  readonly referenceLogits: Float64Array;
  /** [prompts, candidates] the true reward: `direction . features + curvature sin(2 features_1)`. */
  readonly rewards: Float64Array;
  /** [prompts, candidates] tokens, from 1 to `longest`. */
  readonly lengths: Float64Array;
};

export type PoolOptions = {
  prompts: number;
  candidates?: number;
  /** Standard deviation of the reference's logits. */
  referenceScale?: number;
  /** What of the reward lies outside a linear policy's reach. */
  curvature?: number;
  /** Longest response, tokens; 1 makes all of them a single token. */
  longest?: number;
};

/**
 * Draws pools. The reward's direction has norm 1; to draw several sets of prompts of the same world give each the
 * same `direction` (see {@link drawDirection}).
 */
export function drawPools(
  direction: Float64Array,
  random: Random,
  { prompts, candidates = 8, referenceScale = 1, curvature = 0.5, longest = 1 }: PoolOptions,
): CandidatePools {
  const features = direction.length;
  const size = prompts * candidates;
  const featureValues = Float64Array.from({ length: size * features }, () => random.normal());
  const referenceLogits = Float64Array.from({ length: size }, () => referenceScale * random.normal());
  const rewards = Float64Array.from({ length: size }, (_, row) => {
    let reward = curvature * Math.sin(2 * featureValues[row * features]);
    for (let d = 0; d < features; d++) reward += direction[d] * featureValues[row * features + d];
    return reward;
  });
  const lengths = Float64Array.from({ length: size }, () => 1 + random.integer(longest));
  return { prompts, candidates, features, featureValues, referenceLogits, rewards, lengths };
}

/** A random direction of norm 1 in `features` dimensions. */
export function drawDirection(features: number, random: Random): Float64Array {
  const direction = Float64Array.from({ length: features }, () => random.normal());
  const norm = Math.hypot(...direction);
  return direction.map((value) => value / norm);
}

/** A random direction of norm 1 at a given cosine to another of norm 1. */
export function directionAt(cosine: number, direction: Float64Array, random: Random): Float64Array {
  const other = drawDirection(direction.length, random);
  const along = other.reduce((sum, value, d) => sum + value * direction[d], 0);
  const across = other.map((value, d) => value - along * direction[d]);
  const share = Math.sqrt(1 - cosine ** 2) / Math.hypot(...across);
  return direction.map((value, d) => cosine * value + share * across[d]);
}

/**
 * Lists of `count` different candidates of each prompt, ranked by an annotator of Bradley-Terry (Plackett-Luce) with
 * `strength`: the log-odds of preferring a candidate are `strength` times its lead in true reward.
 */
export function rankPools(
  { prompts, candidates, rewards }: CandidatePools,
  random: Random,
  { count = 2, strength = 2 }: { count?: number; strength?: number } = {},
): Judgment[] {
  return Array.from({ length: prompts }, (_, prompt) => {
    const shown = shuffle(
      Array.from({ length: candidates }, (_, candidate) => candidate),
      random,
    ).slice(0, count);
    const impressions = shown.map(
      (candidate) => strength * rewards[prompt * candidates + candidate] - Math.log(-Math.log(1 - random.uniform())),
    );
    return {
      id: `pool-${prompt}`,
      annotator: "pool",
      prompt: { content: poolSequence(prompt, 0).prompt },
      items: shown.map((candidate) => ({ content: poolSequence(prompt, candidate).response })),
      verdict: {
        kind: "ranking",
        ranks: impressions.map((own) => 1 + impressions.filter((other) => other > own).length),
      },
    };
  });
}

/** The prompt and the response by which a candidate of a pool is asked for. */
export function poolSequence(prompt: number, candidate: number): { prompt: string; response: string } {
  return { prompt: `prompt ${prompt}`, response: `candidate ${candidate}` };
}
