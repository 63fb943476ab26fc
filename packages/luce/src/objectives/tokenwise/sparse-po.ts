/**
 * SparsePO: token-level preference optimisation in which sparse weights say where rewards and KL count.
 *
 *   u = sum_t m_u(w)_t (log pi - log pi_ref)(w)_t - the same of the rejected response
 *   d = sum_t m_d(l)_t KL(l)_t - sum_t m_d(w)_t KL(w)_t
 *   L = -log sigmoid(beta (u - d)) + lambdaU (|m_u(w)|_1 + |m_u(l)|_1) + lambdaD (|m_d(w)|_1 + |m_d(l)|_1)
 *
 * KL is the forward KL(pi_ref || pi) of each position. Sums over response tokens; gradients flow into the weights
 * and through the KL. All weights 1 is TDPO; without the KL too, DPO. Extra outputs `rewardTerm` (u), `klTerm`
 * (d) [B] and `rewardSparsity`, the share of response tokens whose reward weight is exactly 0.
 *
 * The weights come from the reference model: `activationWeights`, fixed, or a trained head, `learnedWeights`.
 *
 * @see arXiv 2410.05102, sections 3 and 4
 */
import * as z from "zod";
import { policy } from "../evidence.ts";
import { marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineComponent, defineObjective } from "../objective.ts";
import { tokenPair } from "../pair-evidence.ts";
import type { Tensor } from "../tensor.ts";
import { activationWeights, learnedWeights } from "./token-weights.ts";

const states = z.array(z.array(z.array(z.number()))).min(1);

export const sparsePo = defineObjective({
  id: "sparse-po",
  name: "SparsePO",
  paper: "SparsePO: Controlling Preference Alignment of LLMs via Sparse Token Masks",
  arxiv: "2410.05102",
  family: "tokenwise",
  level: "token",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    ...tokenPair,
    chosenTokenKl: policy(["B", "T"], { maskedBy: "chosenMask" }),
    rejectedTokenKl: policy(["B", "S"], { maskedBy: "rejectedMask" }),
    chosenRewardMask: policy(["B", "T"], { maskedBy: "chosenMask" }),
    rejectedRewardMask: policy(["B", "S"], { maskedBy: "rejectedMask" }),
    chosenKlMask: policy(["B", "T"], { maskedBy: "chosenMask" }),
    rejectedKlMask: policy(["B", "S"], { maskedBy: "rejectedMask" }),
  },
  params: z.object({
    /** The loss; the other parts take inputs and parameters of their own. */
    component: z.literal("loss").default("loss"),
    beta: z.number().positive().default(0.8),
    lambdaU: z.number().nonnegative().default(0),
    lambdaD: z.number().nonnegative().default(0),
  }),
  loss(evidence, { beta, lambdaU, lambdaD }) {
    const { chosenMask, rejectedMask, chosenRewardMask, rejectedRewardMask, chosenKlMask, rejectedKlMask } = evidence;
    const weighted = (weights: Tensor, policyLogps: Tensor, referenceLogps: Tensor) =>
      weights.mul(policyLogps.sub(referenceLogps)).sum(-1);
    const chosen = weighted(chosenRewardMask, evidence.policyChosenTokenLogps, evidence.referenceChosenTokenLogps);
    const rejected = weighted(
      rejectedRewardMask,
      evidence.policyRejectedTokenLogps,
      evidence.referenceRejectedTokenLogps,
    );
    const rewardTerm = chosen.sub(rejected);
    const klTerm = rejectedKlMask
      .mul(evidence.rejectedTokenKl)
      .sum(-1)
      .sub(chosenKlMask.mul(evidence.chosenTokenKl).sum(-1));
    const margins = rewardTerm.sub(klTerm).mul(beta);
    const norm = (first: Tensor, second: Tensor) => first.abs().sum(-1).add(second.abs().sum(-1));
    return {
      perExample: softplus(margins.neg())
        .add(norm(chosenRewardMask, rejectedRewardMask).mul(lambdaU))
        .add(norm(chosenKlMask, rejectedKlMask).mul(lambdaD)),
      outputs: {
        rewardTerm,
        klTerm,
        rewardSparsity: {
          chosen: zeroShare(chosenRewardMask, chosenMask),
          rejected: zeroShare(rejectedRewardMask, rejectedMask),
        },
      },
      diagnostics: marginDiagnostics(margins),
    };
  },
  components: {
    activationMask: defineComponent({
      params: z.object({}),
      inputs: z.object({ activations: states, mask: z.array(z.number()) }),
      evaluate: ({ activations, mask }) => ({ weights: activationWeights(activations, mask) }),
    }),
    learnedMask: defineComponent({
      params: z.object({ layerNormEps: z.number().positive().default(1e-5) }),
      inputs: z.object({
        hidden: states,
        layerWeights: z.array(z.array(z.number())),
        layerBias: z.array(z.number()),
        mixer: z.array(z.number()),
      }),
      evaluate: (head, { layerNormEps }) => ({ weights: learnedWeights(head, layerNormEps) }),
    }),
  },
});

function zeroShare(weights: Tensor, mask: Tensor): Tensor {
  return weights.equal(0).mul(mask).sum().div(mask.sum().maximum(1));
}
