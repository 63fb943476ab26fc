/**
 * CPO: contrastive preference optimisation, a reference-free logistic loss with a likelihood term.
 *
 *   L = -log sigmoid(beta (log pi(y_w|x) - log pi(y_l|x))) + alpha NLL
 *   NLL = -log pi(y_w|x), or -log pi(y_w|x) / |y_w| with `nllAverage`
 *
 * Log-probabilities are sums over tokens.
 *
 * @see arXiv 2401.08417, equations 4 and 5
 */
import * as z from "zod";
import { marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairLengths, policyPair } from "../pair-evidence.ts";

export const cpo = defineObjective({
  id: "cpo",
  name: "CPO",
  paper: "Contrastive Preference Optimization: Pushing the Boundaries of LLM Performance in Machine Translation",
  arxiv: "2401.08417",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: false,
  evidence: {
    ...policyPair,
    ...pairLengths,
  },
  reads: ({ nllAverage }) => [
    "policyChosenLogps",
    "policyRejectedLogps",
    ...(nllAverage ? ["chosenLengths" as const] : []),
  ],
  params: z.object({
    beta: z.number().positive().default(0.1),
    /** The weight of the likelihood term. */
    alpha: z.number().nonnegative().default(1),
    /** Per token, as implementations compute it; the paper's is of the whole response. */
    nllAverage: z.boolean().default(false),
  }),
  loss({ policyChosenLogps, policyRejectedLogps, chosenLengths }, { beta, alpha, nllAverage }) {
    const margins = policyChosenLogps.sub(policyRejectedLogps).mul(beta);
    const likelihood = nllAverage ? policyChosenLogps.div(chosenLengths) : policyChosenLogps;
    return {
      perExample: softplus(margins.neg()).sub(likelihood.mul(alpha)),
      outputs: { margins },
      diagnostics: marginDiagnostics(margins),
    };
  },
});
