/**
 * RLHF-V: dense DPO on corrected segments.
 *
 *   v_t     = gamma inside a corrected segment, 1 elsewhere in the response
 *   logp(y) = 1/N sum_t v_t log pi(y_t),  N = sum_t v_t                  (normalize: false has N = 1)
 *   L       = -log sigmoid(beta [ (logp - logp_ref)(y_w) - (logp - logp_ref)(y_l) ])
 *
 * The chosen response is the annotator's edit of the rejected one; `correctedSegments` finds the segments from the
 * two texts. Extra outputs `chosenScores` and `rejectedScores` [B], logp(y) of the policy.
 *
 * @see arXiv 2312.00849, equations 3 and 5
 */
import * as z from "zod";
import { label } from "../evidence.ts";
import { implicitRewards, marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineComponent, defineObjective } from "../objective.ts";
import { tokenPair } from "../pair-evidence.ts";
import type { Tensor } from "../tensor.ts";
import { correctedSegments } from "./corrected-segments.ts";

const tokens = z.array(z.number().int());

export const rlhfV = defineObjective({
  id: "rlhf-v",
  name: "RLHF-V",
  paper: "RLHF-V: Towards Trustworthy MLLMs via Behavior Alignment from Fine-grained Correctional Human Feedback",
  arxiv: "2312.00849",
  family: "tokenwise",
  level: "token",
  aggregation: "mean",
  needsReference: true,
  evidence: {
    ...tokenPair,
    chosenSegmentMask: label(["B", "T"], { maskedBy: "chosenMask" }),
    rejectedSegmentMask: label(["B", "S"], { maskedBy: "rejectedMask" }),
  },
  params: z.object({
    /** The loss; the other parts take inputs and parameters of their own. */
    component: z.literal("loss").default("loss"),
    beta: z.number().positive().default(0.5),
    gamma: z.number().positive().default(5),
    normalize: z.boolean().default(true),
  }),
  loss(evidence, { beta, gamma, normalize }) {
    const weightsOf = (segments: Tensor, present: Tensor) => {
      const weights = segments
        .mul(gamma - 1)
        .add(1)
        .mul(present);
      return normalize ? weights.div(weights.sum(-1, { keepDims: true }).maximum(1e-300)) : weights;
    };
    const chosenWeights = weightsOf(evidence.chosenSegmentMask, evidence.chosenMask);
    const rejectedWeights = weightsOf(evidence.rejectedSegmentMask, evidence.rejectedMask);
    const score = (weights: Tensor, logps: Tensor) => weights.mul(logps).sum(-1);
    const chosenScores = score(chosenWeights, evidence.policyChosenTokenLogps);
    const rejectedScores = score(rejectedWeights, evidence.policyRejectedTokenLogps);
    const margins = implicitRewards(chosenScores, score(chosenWeights, evidence.referenceChosenTokenLogps), beta).sub(
      implicitRewards(rejectedScores, score(rejectedWeights, evidence.referenceRejectedTokenLogps), beta),
    );
    return {
      perExample: softplus(margins.neg()),
      outputs: { chosenScores, rejectedScores },
      diagnostics: marginDiagnostics(margins),
    };
  },
  components: {
    segments: defineComponent({
      params: z.object({ minMatch: z.number().int().positive().default(3) }),
      inputs: z.object({ rejectedTokens: tokens, chosenTokens: tokens }),
      evaluate: ({ rejectedTokens, chosenTokens }, { minMatch }) =>
        correctedSegments(rejectedTokens, chosenTokens, minMatch),
    }),
  },
});
