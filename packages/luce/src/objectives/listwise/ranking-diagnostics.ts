import { pairwiseDifferences } from "../pairwise-differences.ts";
import type { Tensor } from "../tensor.ts";
import { orderedPairs } from "./lambda-weights.ts";

/** Over the pairs that the labels order: the mean margin, and the share that the rewards order alike. */
export function rankingDiagnostics(
  rewards: Tensor,
  labels: Tensor,
  mask: Tensor,
): { rewardMargin: Tensor; accuracy: Tensor } {
  const pairs = orderedPairs(labels, mask);
  const count = pairs.sum().maximum(1);
  const margins = pairwiseDifferences(rewards).mul(pairs);
  return { rewardMargin: margins.sum().div(count), accuracy: margins.greater(0).sum().div(count) };
}
