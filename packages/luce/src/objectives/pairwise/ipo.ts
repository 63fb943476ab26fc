/**
 * IPO: identity preference optimisation, a squared loss with a finite optimum.
 *
 *   h = rho_w - rho_l                      (rho = log pi - log pi_ref, sums over tokens), or
 *   h = rho_w / |y_w| - rho_l / |y_l|      (`average`)
 *   L = (h - 1 / (2 tau))^2
 *
 * The paper prints sums; its authors obtained their results with averages over tokens.
 *
 * @see arXiv 2310.12036, equation 17
 */
import * as z from "zod";
import { implicitRewards, marginDiagnostics } from "../implicit-rewards.ts";
import { defineObjective } from "../objective.ts";
import { pairLengths, policyPair, referencePair } from "../pair-evidence.ts";

export const ipo = defineObjective({
  id: "ipo",
  name: "IPO",
  paper: "A General Theoretical Paradigm to Understand Learning from Human Preferences",
  arxiv: "2310.12036",
  family: "pairwise",
  level: "sequence",
  aggregation: "mean",
  needsReference: true,
  evidence: {
    ...policyPair,
    ...referencePair,
    ...pairLengths,
  },
  reads: ({ average }) => [
    "policyChosenLogps",
    "policyRejectedLogps",
    "referenceChosenLogps",
    "referenceRejectedLogps",
    ...(average ? (["chosenLengths", "rejectedLengths"] as const) : []),
  ],
  params: z.object({
    /** Strength of the pull to the reference; libraries call it beta. */
    tau: z.number().positive().default(0.1),
    average: z.boolean().default(true),
  }),
  loss(evidence, { tau, average }) {
    const chosen = implicitRewards(evidence.policyChosenLogps, evidence.referenceChosenLogps, 1);
    const rejected = implicitRewards(evidence.policyRejectedLogps, evidence.referenceRejectedLogps, 1);
    const margins = average
      ? chosen.div(evidence.chosenLengths).sub(rejected.div(evidence.rejectedLengths))
      : chosen.sub(rejected);
    return {
      perExample: margins.sub(1 / (2 * tau)).square(),
      outputs: { margins },
      diagnostics: marginDiagnostics(margins),
    };
  },
});
