/**
 * DOVE (later JPO): preference optimisation on the joint probability of instruction and response.
 *
 *   J = log pi(instruction) + log pi(response | instruction)
 *   m = beta [ (J_w - J_w,ref) - (J_l - J_l,ref) ]
 *   L = -log sigmoid(m)
 *
 * The two sides may answer different instructions; with the same instruction it is DPO. Sums over tokens.
 * Extra output `margins` [B] = m.
 *
 * @see arXiv 2404.00530, joint preference objective
 */
import * as z from "zod";
import { given, policy } from "../evidence.ts";
import { implicitRewards, marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { policyPair, referencePair } from "../pair-evidence.ts";

export const dove = defineObjective({
  id: "dove",
  name: "DOVE",
  paper: "Comparing Bad Apples to Good Oranges: Aligning Large Language Models via Joint Preference Optimization",
  arxiv: "2404.00530",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    ...policyPair,
    policyChosenInstructionLogps: policy(["B"]),
    policyRejectedInstructionLogps: policy(["B"]),
    ...referencePair,
    referenceChosenInstructionLogps: given(["B"]),
    referenceRejectedInstructionLogps: given(["B"]),
  },
  params: z.object({ beta: z.number().positive().default(0.1) }),
  loss(evidence, { beta }) {
    const chosen = implicitRewards(
      evidence.policyChosenInstructionLogps.add(evidence.policyChosenLogps),
      evidence.referenceChosenInstructionLogps.add(evidence.referenceChosenLogps),
      beta,
    );
    const rejected = implicitRewards(
      evidence.policyRejectedInstructionLogps.add(evidence.policyRejectedLogps),
      evidence.referenceRejectedInstructionLogps.add(evidence.referenceRejectedLogps),
      beta,
    );
    const margins = chosen.sub(rejected);
    return { perExample: softplus(margins.neg()), outputs: { margins }, diagnostics: marginDiagnostics(margins) };
  },
});
