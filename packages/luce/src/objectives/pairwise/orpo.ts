/**
 * ORPO: odds-ratio preference optimisation, fine-tuning and preference in one stage.
 *
 *   a        = log pi(y|x) / |y|
 *   log odds = (a_w - a_l) - (log(1 - e^a_w) - log(1 - e^a_l))
 *   L        = -a_w - lambda log sigmoid(log odds)
 *
 * A mean log-probability of 0 or more is taken as just below 0, where the odds are still finite.
 *
 * @see arXiv 2403.07691, equations 6 and 7
 */
import * as z from "zod";
import { marginDiagnostics } from "../implicit-rewards.ts";
import { log1mExp, softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairLengths, policyPair } from "../pair-evidence.ts";
import type { Tensor } from "../tensor.ts";

export const orpo = defineObjective({
  id: "orpo",
  name: "ORPO",
  paper: "ORPO: Monolithic Preference Optimization without Reference Model",
  arxiv: "2403.07691",
  family: "pairwise",
  level: "sequence",
  aggregation: "mean",
  needsReference: false,
  evidence: {
    ...policyPair,
    ...pairLengths,
  },
  params: z.object({
    /** The weight of the odds-ratio term. */
    lambda: z.number().nonnegative().default(0.1),
  }),
  loss({ policyChosenLogps, policyRejectedLogps, chosenLengths, rejectedLengths }, { lambda }) {
    const chosen = policyChosenLogps.div(chosenLengths);
    const logOddsRatio = logOdds(chosen).sub(logOdds(policyRejectedLogps.div(rejectedLengths)));
    return {
      perExample: softplus(logOddsRatio.neg()).mul(lambda).sub(chosen),
      outputs: { logOddsRatio },
      diagnostics: marginDiagnostics(logOddsRatio),
    };
  },
});

/** log(p / (1 - p)) of p = e^logProbability. */
export function logOdds(logProbability: Tensor): Tensor {
  return logProbability.sub(log1mExp(logProbability));
}
