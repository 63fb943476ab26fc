/**
 * SimPO: the mean log-probability of a response as its reward, without a reference.
 *
 *   a = log pi(y|x) / |y|
 *   L = -log sigmoid(beta (a_w - a_l) - gamma)
 *
 * @see arXiv 2405.14734, equation 6
 */
import * as z from "zod";
import { marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairLengths, policyPair } from "../pair-evidence.ts";

export const simpo = defineObjective({
  id: "simpo",
  name: "SimPO",
  paper: "SimPO: Simple Preference Optimization with a Reference-Free Reward",
  arxiv: "2405.14734",
  family: "pairwise",
  level: "sequence",
  aggregation: "mean",
  needsReference: false,
  evidence: {
    ...policyPair,
    ...pairLengths,
  },
  params: z.object({
    beta: z.number().positive().default(2.5),
    /** The margin that the chosen reward must keep; about half of beta. */
    gamma: z.number().nonnegative().default(1.375),
  }),
  loss({ policyChosenLogps, policyRejectedLogps, chosenLengths, rejectedLengths }, { beta, gamma }) {
    const difference = policyChosenLogps.div(chosenLengths).sub(policyRejectedLogps.div(rejectedLengths));
    const margins = difference.mul(beta).sub(gamma);
    return {
      perExample: softplus(margins.neg()),
      outputs: { margins },
      diagnostics: marginDiagnostics(difference.mul(beta)),
    };
  },
});
