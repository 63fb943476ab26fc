/**
 * MAPL: multi-level aware preference learning, for prompts that carry several checkable instructions.
 *
 *   L_base  = -log sigmoid(r(x, y_w) - r(x, y_l))
 *   L_intra = -log sigmoid(r(x_w, y) - r(x_l, y))                  one response, two prompts
 *   L_inter = -log sigmoid([r(x_s, y_w) - r(x_s, y_l)] - [r(x_k, y_w) - r(x_k, y_l)])
 *   L       = L_base + lambdaIntra L_intra + lambdaInter L_inter
 *
 * x_s separates the two responses more than x_k. Given the log-probabilities of one response under two prompts
 * instead of rewards, the loss is L_intra with r = beta (log pi - log pi_ref). Extra outputs `baseTerm`,
 * `intraTerm`, `interTerm` [B], before the lambdas.
 *
 * @see arXiv 2505.12845; arXiv 2502.00814 (response-conditioned Bradley-Terry). The inter-sample term follows
 *   the paper's description; its printed formula was not available.
 */
import * as z from "zod";
import { given, policy } from "../evidence.ts";
import { implicitRewards, marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";

const rewardNames = [
  "chosenRewards",
  "rejectedRewards",
  "intraBetterRewards",
  "intraWorseRewards",
  "interStrongChosenRewards",
  "interStrongRejectedRewards",
  "interWeakChosenRewards",
  "interWeakRejectedRewards",
] as const;

const promptNames = [
  "policyBetterPromptLogps",
  "policyWorsePromptLogps",
  "referenceBetterPromptLogps",
  "referenceWorsePromptLogps",
] as const;

export const mapl = defineObjective({
  id: "mapl",
  name: "MAPL",
  paper: "Multi-Level Aware Preference Learning: Enhancing RLHF for Complex Multi-Instruction Tasks",
  arxiv: "2505.12845",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: false,
  evidence: {
    chosenRewards: policy(["B"]),
    rejectedRewards: policy(["B"]),
    intraBetterRewards: policy(["B"]),
    intraWorseRewards: policy(["B"]),
    interStrongChosenRewards: policy(["B"]),
    interStrongRejectedRewards: policy(["B"]),
    interWeakChosenRewards: policy(["B"]),
    interWeakRejectedRewards: policy(["B"]),
    policyBetterPromptLogps: policy(["B"]),
    policyWorsePromptLogps: policy(["B"]),
    referenceBetterPromptLogps: given(["B"]),
    referenceWorsePromptLogps: given(["B"]),
  },
  reads: (_, names) => (promptNames.some((name) => names.has(name)) ? promptNames : rewardNames),
  params: z.object({
    lambdaIntra: z.number().nonnegative().default(1),
    lambdaInter: z.number().nonnegative().default(1),
    /** Of the policy form. */
    beta: z.number().positive().default(0.1),
  }),
  loss(evidence, { lambdaIntra, lambdaInter, beta }) {
    if (evidence.policyBetterPromptLogps !== undefined) {
      const margins = implicitRewards(evidence.policyBetterPromptLogps, evidence.referenceBetterPromptLogps, beta).sub(
        implicitRewards(evidence.policyWorsePromptLogps, evidence.referenceWorsePromptLogps, beta),
      );
      return { perExample: softplus(margins.neg()), diagnostics: marginDiagnostics(margins) };
    }
    const margins = evidence.chosenRewards.sub(evidence.rejectedRewards);
    const strongGap = evidence.interStrongChosenRewards.sub(evidence.interStrongRejectedRewards);
    const weakGap = evidence.interWeakChosenRewards.sub(evidence.interWeakRejectedRewards);
    const baseTerm = softplus(margins.neg());
    const intraTerm = softplus(evidence.intraWorseRewards.sub(evidence.intraBetterRewards));
    const interTerm = softplus(weakGap.sub(strongGap));
    return {
      perExample: baseTerm.add(intraTerm.mul(lambdaIntra)).add(interTerm.mul(lambdaInter)),
      outputs: { baseTerm, intraTerm, interTerm },
      diagnostics: marginDiagnostics(margins),
    };
  },
});
