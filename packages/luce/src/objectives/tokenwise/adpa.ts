/**
 * ADPA: advantage-guided distillation of an aligned teacher into a small student, and DCKD, its first stage.
 *
 *   A(s, a)  = adv (log pi_teacher(a|s) - log pi_reference-teacher(a|s))
 *   L_adpa   = -mean over response tokens of sum_a pi_student(a|s) A(s, a)
 *   adpa     L = L_sft + gamma L_adpa
 *
 *   KL_w     = mean over chosen tokens of KL(pi_teacher || pi_student), KL_l the same on rejected tokens
 *   dckd     L = sftWeight L_sft + alphaChosen KL_w + alphaRejected KL_l
 *
 * L_sft is the chosen responses' total negative log-likelihood over their total length. Means run over all tokens
 * of the batch, so there is no loss per example. V is the vocabulary, in nats. Extra outputs of `adpa`: `sftLoss`,
 * `adpaLoss`, `advantages` [B, T, V], `stateValues` (sum_a pi A of the response tokens in reading order); of
 * `dckd`: `sftLoss`, `klChosen`, `klRejected`.
 *
 * @see arXiv 2502.17927, sections 3 and 4
 */
import * as z from "zod";
import { given, lengths, mask, policy } from "../evidence.ts";
import { exp, logSumExp, softmax } from "../numerics.ts";
import { defineObjective, type LossTerms, type Objective } from "../objective.ts";
import type { Tensor } from "../tensor.ts";

const chosenNames = ["policyChosenLogps", "chosenLengths"] as const;
const adpaNames = ["studentLogits", "teacherTokenLogps", "referenceTeacherTokenLogps", "mask"] as const;
const dckdNames = [
  "chosenStudentLogits",
  "chosenTeacherTokenLogps",
  "chosenMask",
  "rejectedStudentLogits",
  "rejectedTeacherTokenLogps",
  "rejectedMask",
] as const;

const objective = defineObjective({
  id: "adpa",
  name: "ADPA / DCKD",
  paper: "Advantage-Guided Distillation for Preference Alignment in Small Language Models",
  arxiv: "2502.17927",
  family: "tokenwise",
  level: "token",
  aggregation: "mean",
  needsReference: true,
  evidence: {
    studentLogits: policy(["B", "T", "V"], { maskedBy: "mask" }),
    teacherTokenLogps: given(["B", "T", "V"]),
    referenceTeacherTokenLogps: given(["B", "T", "V"]),
    mask: mask(["B", "T"]),
    chosenStudentLogits: policy(["B", "T", "V"], { maskedBy: "chosenMask" }),
    chosenTeacherTokenLogps: given(["B", "T", "V"], { maskedBy: "chosenMask" }),
    chosenMask: mask(["B", "T"]),
    rejectedStudentLogits: policy(["B", "S", "V"], { maskedBy: "rejectedMask" }),
    rejectedTeacherTokenLogps: given(["B", "S", "V"], { maskedBy: "rejectedMask" }),
    rejectedMask: mask(["B", "S"]),
    policyChosenLogps: policy(["B"]),
    chosenLengths: lengths(["B"]),
  },
  reads: ({ component }) => [...(component === "adpa" ? adpaNames : dckdNames), ...chosenNames],
  params: z.object({
    component: z.enum(["adpa", "dckd"]).default("adpa"),
    gamma: z.number().nonnegative().default(1),
    /** The scale of the advantage: beta of the teacher's DPO in theory, 1 in practice. */
    adv: z.number().default(1),
    alphaChosen: z.number().nonnegative().default(1),
    alphaRejected: z.number().nonnegative().default(1),
    sftWeight: z.number().nonnegative().default(1),
  }),
  loss(evidence, { component, gamma, adv, alphaChosen, alphaRejected, sftWeight }): LossTerms {
    const sftLoss = evidence.policyChosenLogps.sum().neg().div(evidence.chosenLengths.sum());
    if (component === "dckd") {
      const { chosenMask, rejectedMask } = evidence;
      const klChosen = tokenMean(forwardKl(evidence.chosenTeacherTokenLogps, evidence.chosenStudentLogits), chosenMask);
      const klRejected = tokenMean(
        forwardKl(evidence.rejectedTeacherTokenLogps, evidence.rejectedStudentLogits),
        rejectedMask,
      );
      const loss = sftLoss.mul(sftWeight).add(klChosen.mul(alphaChosen)).add(klRejected.mul(alphaRejected));
      return { loss, outputs: { sftLoss, klChosen, klRejected } };
    }
    const advantages = evidence.teacherTokenLogps.sub(evidence.referenceTeacherTokenLogps).mul(adv);
    const stateValues = softmax(evidence.studentLogits, -1).mul(advantages).sum(-1);
    const adpaLoss = tokenMean(stateValues, evidence.mask).neg();
    return { loss: sftLoss.add(adpaLoss.mul(gamma)), outputs: { sftLoss, adpaLoss, advantages, stateValues } };
  },
});

export const adpa: Objective = {
  ...objective,
  async evaluate(inputs, params) {
    const { stateValues, ...outputs } = await objective.evaluate(inputs, params);
    if (stateValues === undefined) return outputs;
    const { mask } = inputs as { mask?: (number | boolean)[][] | null };
    const present = (stateValues as number[][]).flatMap((row, b) => row.filter((_, t) => !mask || mask[b][t]));
    return { ...outputs, stateValues: present };
  },
};

/** [..., V] to [...]: KL of the teacher's distribution from the student's. */
function forwardKl(teacherLogps: Tensor, studentLogits: Tensor): Tensor {
  const studentLogps = studentLogits.sub(logSumExp(studentLogits, -1).expandDims(-1));
  return exp(teacherLogps).mul(teacherLogps.sub(studentLogps)).sum(-1);
}

function tokenMean(values: Tensor, mask: Tensor): Tensor {
  return values.mul(mask).sum().div(mask.sum().maximum(1));
}
