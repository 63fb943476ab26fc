import { logSumExp } from "./numerics.ts";
import { pairwiseDifferences, pairwiseMask } from "./pairwise-differences.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The negative log-likelihood of a strict order under Plackett-Luce, [B], from scores and ranks [B, K] (1 is
 * best): at each place, the best of those not yet placed is chosen with softmax probability. K^2 terms a list.
 */
export function plackettLuceLoss(scores: Tensor, ranks: Tensor, mask: Tensor): Tensor {
  const notYetPlaced = pairwiseDifferences(ranks).lessEqual(0).mul(pairwiseMask(mask));
  return logSumExp(scores.expandDims(-2), -1, notYetPlaced).sub(scores).mul(mask).sum(-1);
}
