/**
 * SLiC-HF: a calibration hinge with a likelihood term, and the hinge on implicit rewards it is compared as.
 *
 *   slic-hf  L = max(0, delta - log pi(y_w|x) + log pi(y_l|x)) - lambda log pi(y_target|x)
 *   hinge    L = max(0, 1 - beta Delta),  Delta = rho_w - rho_l,  rho = log pi - log pi_ref
 *
 * Log-probabilities are sums over tokens. The target is the supervised reference text, or the chosen response.
 * The gradient at the hinge's kink is 0.
 *
 * @see arXiv 2305.10425, equation 1 and section 2.3; arXiv 2309.06657, section 3.2 (hinge)
 */
import * as z from "zod";
import { policy } from "../evidence.ts";
import { implicitRewards, marginDiagnostics } from "../implicit-rewards.ts";
import { defineObjective } from "../objective.ts";
import { policyPair, referencePair } from "../pair-evidence.ts";
import type { Tensor } from "../tensor.ts";

export const slic = defineObjective({
  id: "slic",
  name: "SLiC-HF",
  paper: "SLiC-HF: Sequence Likelihood Calibration with Human Feedback",
  arxiv: "2305.10425",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: false,
  evidence: {
    ...policyPair,
    policyTargetLogps: policy(["B"]),
    ...referencePair,
  },
  reads({ variant, targetIsChosen }, given) {
    const pair = ["policyChosenLogps", "policyRejectedLogps"] as const;
    if (variant === "hinge") return [...pair, "referenceChosenLogps", "referenceRejectedLogps"];
    return targetIsChosen === false || given.has("policyTargetLogps") ? [...pair, "policyTargetLogps"] : pair;
  },
  params: z.object({
    variant: z.enum(["slic-hf", "hinge"]).default("slic-hf"),
    /** The margin of log-likelihood, of slic-hf. */
    delta: z.number().nonnegative().default(1),
    /** The weight of the target's likelihood, of slic-hf. */
    lambda: z.number().nonnegative().default(0.1),
    /** Absent: true unless `policyTargetLogps` is given. */
    targetIsChosen: z.boolean().optional(),
    /** The scale of the implicit reward, of hinge. */
    beta: z.number().positive().default(0.1),
  }),
  loss(evidence, { variant, delta, lambda, targetIsChosen, beta }) {
    const { policyChosenLogps, policyRejectedLogps } = evidence;
    if (variant === "hinge") {
      const margins = implicitRewards(policyChosenLogps, evidence.referenceChosenLogps, beta).sub(
        implicitRewards(policyRejectedLogps, evidence.referenceRejectedLogps, beta),
      );
      return { perExample: hinge(margins, 1), outputs: { margins }, diagnostics: marginDiagnostics(margins) };
    }
    const margins = policyChosenLogps.sub(policyRejectedLogps);
    const useChosen = targetIsChosen ?? evidence.policyTargetLogps === undefined;
    const target = useChosen ? policyChosenLogps : evidence.policyTargetLogps;
    return {
      perExample: hinge(margins, delta).sub(target.mul(lambda)),
      outputs: { margins },
      diagnostics: marginDiagnostics(margins),
    };
  },
});

/** max(0, required - margin); the slope at the kink is 0. */
export function hinge(margins: Tensor, required: number): Tensor {
  return margins.neg().add(required).maximum(0);
}
