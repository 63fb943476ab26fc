import { descendingRanks } from "../list-order.ts";
import { exp, log } from "../numerics.ts";
import { pairwiseDifferences, pairwiseMask } from "../pairwise-differences.ts";
import { constant, type Tensor } from "../tensor.ts";

/**
 * By how much exchanging two candidates changes DCG under the current order, for every pair in which i is labelled
 * better than j (0 elsewhere), [..., K] to [..., K, K]:
 *
 *   w_ij = |2^psi_i - 2^psi_j| |1/log(1 + tau_i) - 1/log(1 + tau_j)|
 *
 * tau is the place in the order of `current`, natural logarithm. A constant for the gradient.
 *
 * @see arXiv 2402.01878, equation 10
 */
export function lambdaWeights(labels: Tensor, current: Tensor, mask: Tensor): Tensor {
  const gain = exp(labels.mul(Math.LN2));
  const discount = constant(1).div(log(descendingRanks(current, mask).add(1)));
  return pairwiseDifferences(gain)
    .abs()
    .mul(pairwiseDifferences(discount).abs())
    .mul(orderedPairs(labels, mask))
    .stopGradient();
}

/** [..., K] to [..., K, K]: 1 where i is labelled better than j and both are present. */
export function orderedPairs(labels: Tensor, mask: Tensor): Tensor {
  return pairwiseDifferences(labels).greater(0).mul(pairwiseMask(mask));
}
