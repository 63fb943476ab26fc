import type { Tensor } from "./tensor.ts";
import { where } from "./tensor.ts";

/**
 * The clipped policy-gradient loss, elementwise: max(-A ratio, -A clip(ratio, 1 - low, 1 + high)). Where the
 * clipped branch is strictly larger (`clipped` is 1), no gradient passes.
 */
export function clippedSurrogate(
  ratio: Tensor,
  advantages: Tensor,
  low: number,
  high: number,
): { loss: Tensor; clipped: Tensor } {
  const free = ratio.mul(advantages).neg();
  const bounded = ratio
    .stopGradient()
    .clip(1 - low, 1 + high)
    .mul(advantages)
    .neg();
  const clipped = bounded.greater(free);
  return { loss: where(clipped, bounded, free), clipped };
}
