/**
 * ASFT: aligned supervised fine-tuning through absolute likelihood.
 *
 *   a       = log pi(y|x) / |y|                 odds(a) = a - log(1 - e^a)
 *   L_align = -log sigmoid(beta odds(a_w)) - log sigmoid(-beta odds(a_l))
 *   L       = -sftWeight a_w + lambda L_align
 *
 * Pointwise: the chosen response's gradient does not depend on the rejected one's likelihood. Without a
 * reference. beta = 1 in the original; others temper it (arXiv 2502.01237). Extra output `alignTerm` [B].
 *
 * @see arXiv 2409.10571; arXiv 2502.01237, section 2.4
 */
import * as z from "zod";
import { marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairLengths, policyPair } from "../pair-evidence.ts";
import { logOdds } from "./orpo.ts";

export const asft = defineObjective({
  id: "asft",
  name: "ASFT",
  paper: "ASFT: Aligned Supervised Fine-Tuning through Absolute Likelihood",
  arxiv: "2409.10571",
  family: "pairwise",
  level: "sequence",
  aggregation: "mean",
  needsReference: false,
  evidence: {
    ...policyPair,
    ...pairLengths,
  },
  params: z.object({
    lambda: z.number().nonnegative().default(1),
    beta: z.number().positive().default(1),
    /** 1 in the one-stage method, 0 after a supervised stage of its own. */
    sftWeight: z.number().nonnegative().default(1),
  }),
  loss({ policyChosenLogps, policyRejectedLogps, chosenLengths, rejectedLengths }, { lambda, beta, sftWeight }) {
    const chosen = policyChosenLogps.div(chosenLengths);
    const rejected = policyRejectedLogps.div(rejectedLengths);
    const chosenOdds = logOdds(chosen);
    const rejectedOdds = logOdds(rejected);
    const alignTerm = softplus(chosenOdds.mul(-beta)).add(softplus(rejectedOdds.mul(beta)));
    return {
      perExample: alignTerm.mul(lambda).sub(chosen.mul(sftWeight)),
      outputs: { alignTerm },
      diagnostics: marginDiagnostics(chosenOdds.sub(rejectedOdds)),
    };
  },
});
