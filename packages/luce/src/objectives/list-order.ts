import { pairwiseDifferences, pairwiseMask } from "./pairwise-differences.ts";
import { constant, type Tensor } from "./tensor.ts";

/**
 * [..., K] to [..., K, K]: 1 where i comes before j when the present candidates are sorted by `values`, highest
 * first; equal values keep their positions. A constant for the gradient.
 */
export function precedes(values: Tensor, mask: Tensor): Tensor {
  const size = values.shape.at(-1) ?? 0;
  const earlier = constant(
    Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => (i < j ? 1 : 0))),
  );
  const difference = pairwiseDifferences(values);
  return difference.greater(0).add(difference.equal(0).mul(earlier)).mul(pairwiseMask(mask));
}

/** [..., K] the place of each candidate in that order, 1 for the first; 1 for an absent one too. */
export function descendingRanks(values: Tensor, mask: Tensor): Tensor {
  return precedes(values, mask).sum(-2).add(1);
}

/** [K, K] with ones on the diagonal: each candidate against itself. */
export function identity(size: number): Tensor {
  return constant(Array.from({ length: size }, (_, i) => Array.from({ length: size }, (_, j) => Number(i === j))));
}
