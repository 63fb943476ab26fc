import type { Tensor } from "./tensor.ts";

/** [..., K] to [..., K, K]: entry (i, j) is x_i - x_j. */
export function pairwiseDifferences(x: Tensor): Tensor {
  const each = x.settled();
  return each.expandDims(-1).sub(each.expandDims(-2));
}

/** [..., K] to [..., K, K]: 1 where both i and j are present. */
export function pairwiseMask(mask: Tensor): Tensor {
  return mask.expandDims(-1).mul(mask.expandDims(-2));
}
