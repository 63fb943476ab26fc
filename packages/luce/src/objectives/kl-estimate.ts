import { expm1 } from "./numerics.ts";
import type { Tensor } from "./tensor.ts";

/**
 * The "k3" estimate of KL(policy || reference), a sample: e^d - d - 1 with d = log pi_ref - log pi. Never
 * negative, 0 where the two agree.
 */
export function klEstimate(policyLogps: Tensor, referenceLogps: Tensor): Tensor {
  const d = referenceLogps.sub(policyLogps);
  return expm1(d).sub(d);
}
