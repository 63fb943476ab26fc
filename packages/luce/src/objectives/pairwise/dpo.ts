/**
 * DPO: direct preference optimisation, with label smoothing and other divergences than the reverse KL.
 *
 *   Delta = f'(pi(y_w|x) / pi_ref(y_w|x)) - f'(pi(y_l|x) / pi_ref(y_l|x))
 *   L     = -(1 - eps) log sigmoid(beta Delta) - eps log sigmoid(-beta Delta)
 *
 * With u = pi / pi_ref, f' is, up to a constant that cancels,
 *
 *   reverse-kl      log u                          (DPO itself: Delta is the difference of log-ratios)
 *   forward-kl      -1 / u
 *   jensen-shannon  log(2 u / (1 + u))
 *   alpha           (1 - u^-alpha) / alpha         (alpha -> 0 is reverse-kl, alpha = 1 forward-kl)
 *
 * Log-probabilities are sums over response tokens, in nats. Where u^-alpha exceeds e^709 it saturates.
 *
 * @see arXiv 2305.18290, equation 7; arXiv 2309.16240, equation 7 and table 1 (divergences)
 */
import * as z from "zod";
import { implicitRewards, marginDiagnostics } from "../implicit-rewards.ts";
import { exp, expm1, logSigmoid, softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { policyPair, referencePair } from "../pair-evidence.ts";
import type { Tensor } from "../tensor.ts";

const parameters = z.object({
  beta: z.number().positive().default(0.1),
  /** The probability that a label is flipped (conservative DPO). */
  labelSmoothing: z.number().min(0).max(1).default(0),
  divergence: z.enum(["reverse-kl", "forward-kl", "jensen-shannon", "alpha"]).default("reverse-kl"),
  /** Of the alpha divergence only: between the reverse (0) and the forward (1) KL. */
  alpha: z.number().min(0).max(1).default(0.5),
});

export const dpo = defineObjective({
  id: "dpo",
  name: "DPO",
  paper: "Direct Preference Optimization: Your Language Model is Secretly a Reward Model",
  arxiv: "2305.18290",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    ...policyPair,
    ...referencePair,
  },
  params: parameters,
  loss(evidence, params) {
    const chosen = divergenceSlope(
      implicitRewards(evidence.policyChosenLogps, evidence.referenceChosenLogps, 1),
      params,
    );
    const rejected = divergenceSlope(
      implicitRewards(evidence.policyRejectedLogps, evidence.referenceRejectedLogps, 1),
      params,
    );
    const margins = chosen.sub(rejected).mul(params.beta);
    return {
      perExample: smoothedLogisticLoss(margins, params.labelSmoothing),
      outputs: { margins },
      diagnostics: marginDiagnostics(margins),
    };
  },
});

/** -(1 - eps) log sigmoid(margin) - eps log sigmoid(-margin), elementwise. */
export function smoothedLogisticLoss(margins: Tensor, labelSmoothing: number): Tensor {
  const loss = softplus(margins.neg());
  return labelSmoothing === 0 ? loss : loss.add(margins.mul(labelSmoothing));
}

/** f'(u) as a function of log u, without its constant. */
function divergenceSlope(logRatio: Tensor, { divergence, alpha }: z.output<typeof parameters>): Tensor {
  if (divergence === "jensen-shannon") return logSigmoid(logRatio);
  if (divergence === "forward-kl") return exp(logRatio.neg()).neg();
  if (divergence === "alpha" && alpha > 0) return expm1(logRatio.mul(-alpha)).div(-alpha);
  return logRatio;
}
