import type { Tensor } from "./tensor.ts";

/** beta (log pi - log pi_ref): the reward under which the policy is optimal, up to a constant a prompt. */
export function implicitRewards(policyLogps: Tensor, referenceLogps: Tensor, beta: number): Tensor {
  return policyLogps.sub(referenceLogps).mul(beta);
}

/** What every objective on pairs reports: the mean margin, and the share of pairs with a positive one. */
export function marginDiagnostics(margins: Tensor): { rewardMargin: Tensor; accuracy: Tensor } {
  return { rewardMargin: margins.mean(), accuracy: margins.greater(0).mean() };
}
