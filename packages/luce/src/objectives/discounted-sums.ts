import type { Tensor } from "./tensor.ts";

/**
 * Along the last axis, y_t = x_t + discount y_{t+1}: what generalised advantages and returns are made of. By
 * doubling, T log T operations. A constant for the gradient.
 */
export function discountedSuffixSums(x: Tensor, discount: number): Tensor {
  const length = x.shape.at(-1)!;
  let sums = x.stopGradient();
  for (let step = 1; step < length; step *= 2) sums = sums.add(sums.shiftLeft(step).mul(discount ** step));
  return sums;
}
