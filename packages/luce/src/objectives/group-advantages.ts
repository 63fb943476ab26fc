import type { Tensor } from "./tensor.ts";

/**
 * Advantages within groups: rewards [..., G] less their group's mean, and with `normalizeStd` divided by
 * `std + stdEps`, the standard deviation having `stdDdof` as its correction. Constants for the gradient.
 */
export function groupAdvantages(
  rewards: Tensor,
  { normalizeStd, stdDdof, stdEps }: { normalizeStd: boolean; stdDdof: number; stdEps: number },
): Tensor {
  const constant = rewards.stopGradient();
  const centred = constant.sub(constant.mean(-1, { keepDims: true }));
  if (!normalizeStd) return centred;
  const divisor = Math.max(1, rewards.shape.at(-1)! - stdDdof);
  const std = centred.square().sum(-1, { keepDims: true }).div(divisor).sqrt();
  return centred.div(std.add(stdEps)).settled();
}
