/**
 * D2O: distributional dispreference optimisation, alignment from negatives alone.
 *
 *   z = beta/K sum_k (log pi - log pi_r-)(y_k) - alpha (log pi - log pi_r+)(y_l)
 *   L = -log sigmoid(z)
 *
 * y_l is the response labelled bad; the K responses y_k are the model's own, data for the gradient. One reference
 * model may serve as both. Extra outputs `margins` [B] = z and the scalar `instanceLevelLoss`, the mean of
 * -log sigmoid(beta r_k - alpha r_l) over samples, which the loss never exceeds.
 *
 * @see arXiv 2403.03419, equation 3
 */
import * as z from "zod";
import { given, policy } from "../evidence.ts";
import { implicitRewards, marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";

export const d2o = defineObjective({
  id: "d2o",
  name: "D2O",
  paper: "Negating Negatives: Alignment without Human Positive Samples via Distributional Dispreference Optimization",
  arxiv: "2403.03419",
  family: "listwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    policySampleLogps: policy(["B", "K"]),
    referenceSampleLogps: given(["B", "K"]),
    policyRejectedLogps: policy(["B"]),
    referenceRejectedLogps: given(["B"]),
  },
  params: z.object({
    alpha: z.number().nonnegative().default(0.1),
    beta: z.number().nonnegative().default(0.1),
  }),
  loss({ policySampleLogps, referenceSampleLogps, policyRejectedLogps, referenceRejectedLogps }, { alpha, beta }) {
    const samples = implicitRewards(policySampleLogps, referenceSampleLogps, beta);
    const rejected = implicitRewards(policyRejectedLogps, referenceRejectedLogps, alpha);
    const margins = samples.mean(-1).sub(rejected);
    const instanceLevelLoss = softplus(rejected.expandDims(-1).sub(samples)).mean();
    return {
      perExample: softplus(margins.neg()),
      outputs: { margins, instanceLevelLoss },
      diagnostics: marginDiagnostics(margins),
    };
  },
});
