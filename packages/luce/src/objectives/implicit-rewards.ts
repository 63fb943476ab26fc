import type { Tensor } from "./tensor.ts";

/** beta (log pi - log pi_ref): the reward under which the policy is optimal, up to a constant a prompt. */
export function implicitRewards(policyLogps: Tensor, referenceLogps: Tensor, beta: number): Tensor {
  return policyLogps.sub(referenceLogps).mul(beta);
}

/** [B] beta (rho_w - rho_l), rho = log pi - log pi_ref: by how much the implicit reward prefers the chosen response. */
export function implicitMargins(
  pair: Readonly<
    Record<"policyChosenLogps" | "policyRejectedLogps" | "referenceChosenLogps" | "referenceRejectedLogps", Tensor>
  >,
  beta: number,
): Tensor {
  return implicitRewards(pair.policyChosenLogps, pair.referenceChosenLogps, beta).sub(
    implicitRewards(pair.policyRejectedLogps, pair.referenceRejectedLogps, beta),
  );
}

/** What every objective on pairs reports: the mean margin, and the share of pairs with a positive one. */
export function marginDiagnostics(margins: Tensor): { rewardMargin: Tensor; accuracy: Tensor } {
  return { rewardMargin: margins.mean(), accuracy: margins.greater(0).mean() };
}
