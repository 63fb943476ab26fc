/**
 * Rationale-enriched preference optimisation: RDPO and RORPO.
 *
 *   RDPO   L = -log sigmoid(beta Delta) - gamma log pi(r)
 *   RORPO  L = -a_w - beta log sigmoid(log-odds ratio) - gamma log pi(r) / |r|
 *
 * r is a text that says why the chosen response is better, given the instruction and both responses in their
 * order. With `rationaleForm: "logsigmoid"` the last term is -log sigmoid(gamma ...), as the authors' RDPO code
 * has it; the paper, and the default, is the plain log-likelihood. Extra output `rationaleTerm` [B], as it enters
 * the loss.
 *
 * @see arXiv 2407.14477, section 3
 */
import * as z from "zod";
import { lengths, policy } from "../evidence.ts";
import { implicitMargins, marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairLengths, policyPair, referencePair } from "../pair-evidence.ts";
import { logOdds } from "./orpo.ts";

const policyNames = ["policyChosenLogps", "policyRejectedLogps", "policyRationaleLogps"] as const;

export const rationalePo = defineObjective({
  id: "rationale-po",
  name: "Rationale-DPO",
  paper: "Data-Centric Human Preference Optimization with Rationales",
  arxiv: "2407.14477",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    ...policyPair,
    policyRationaleLogps: policy(["B"]),
    ...referencePair,
    ...pairLengths,
    rationaleLengths: lengths(["B"]),
  },
  reads: ({ base }) =>
    base === "dpo"
      ? [...policyNames, "referenceChosenLogps", "referenceRejectedLogps"]
      : [...policyNames, "chosenLengths", "rejectedLengths", "rationaleLengths"],
  params: z.object({
    /** RDPO or RORPO. */
    base: z.enum(["dpo", "orpo"]).default("dpo"),
    rationaleForm: z.enum(["log", "logsigmoid"]).default("log"),
    beta: z.number().positive().default(0.1),
    /** Absent, 0.001 for RDPO and 1 for RORPO: of a sum over tokens and of a mean. */
    gamma: z.number().nonnegative().optional(),
  }),
  loss(evidence, { base, rationaleForm, beta, gamma = base === "dpo" ? 0.001 : 1 }) {
    const { policyChosenLogps, policyRejectedLogps, policyRationaleLogps } = evidence;
    const rationale = base === "dpo" ? policyRationaleLogps : policyRationaleLogps.div(evidence.rationaleLengths);
    const scaled = rationale.mul(-gamma);
    const rationaleTerm = rationaleForm === "log" ? scaled : softplus(scaled);
    if (base === "dpo") {
      const margins = implicitMargins(evidence, beta);
      const perExample = softplus(margins.neg()).add(rationaleTerm);
      return { perExample, outputs: { rationaleTerm }, diagnostics: marginDiagnostics(margins) };
    }
    const chosen = policyChosenLogps.div(evidence.chosenLengths);
    const margins = logOdds(chosen).sub(logOdds(policyRejectedLogps.div(evidence.rejectedLengths)));
    const perExample = softplus(margins.neg()).mul(beta).sub(chosen).add(rationaleTerm);
    return { perExample, outputs: { rationaleTerm }, diagnostics: marginDiagnostics(margins) };
  },
});
