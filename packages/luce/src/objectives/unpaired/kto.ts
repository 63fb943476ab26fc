/**
 * KTO: Kahneman-Tversky optimisation, from single responses marked desirable or undesirable.
 *
 *   rho = log pi(y|x) - log pi_ref(y|x)
 *   z0  = max(0, mean over the batch of rho on mismatched prompts and responses), a constant for the gradient
 *   L_i = lambdaD (1 - sigmoid(beta (rho_i - z0)))   if desirable
 *         lambdaU (1 - sigmoid(beta (z0 - rho_i)))   if not
 *
 * Mismatched pairs come from rotating the responses of the batch by one against its prompts, so a batch holds
 * at least two. Choose the lambdas so that lambdaD n_desirable / (lambdaU n_undesirable) lies in [1, 4/3].
 *
 * @see arXiv 2402.01306, equations 7 and 8
 */
import * as z from "zod";
import { given, label, policy } from "../evidence.ts";
import { implicitRewards } from "../implicit-rewards.ts";
import { sigmoid } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { where } from "../tensor.ts";

export const kto = defineObjective({
  id: "kto",
  name: "KTO",
  paper: "KTO: Model Alignment as Prospect Theoretic Optimization",
  arxiv: "2402.01306",
  family: "unpaired",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    policyLogps: policy(["B"]),
    referenceLogps: given(["B"]),
    /** 1 desirable, 0 undesirable. */
    labels: label(["B"]),
    policyKlLogps: given(["B"]),
    referenceKlLogps: given(["B"]),
  },
  minimum: { B: 2 },
  params: z.object({
    beta: z.number().positive().default(0.1),
    lambdaD: z.number().nonnegative().default(1),
    lambdaU: z.number().nonnegative().default(1),
  }),
  loss({ policyLogps, referenceLogps, labels, policyKlLogps, referenceKlLogps }, { beta, lambdaD, lambdaU }) {
    const logRatios = implicitRewards(policyLogps, referenceLogps, 1);
    const z0 = policyKlLogps.sub(referenceKlLogps).mean().maximum(0).stopGradient();
    const gain = logRatios.sub(z0).mul(beta);
    const rewards = logRatios.mul(beta);
    const meanReward = (among: typeof labels) => rewards.mul(among).sum().div(among.sum().maximum(1));
    return {
      perExample: sigmoid(where(labels, gain.neg(), gain)).mul(where(labels, lambdaD, lambdaU)),
      outputs: { z0 },
      diagnostics: {
        rewardMargin: meanReward(labels).sub(meanReward(labels.not())),
        accuracy: gain.greater(0).equal(labels).mean(),
        kl: z0,
      },
    };
  },
});
