/**
 * TPO: preference trees with several branches and steps, ranked as lists with adaptive step rewards.
 *
 *   rho_kn    = log pi(step n of path k) - log pi_ref(...), steps after the shortest path's last merged into it
 *   W_n       = 1 + cos(e_in, e_jn)                                  (constant; other forms by `stepWeight`)
 *   RM_ij     = beta sum_n W_n (rho_in - rho_jn)
 *   lambda_ij = `lambdaWeights` of the scores under the order of beta sum_n rho_kn
 *   L         = sum over v_i > v_j of lambda_ij log(1 + exp(-RM_ij))
 *
 * Extra outputs `margins` (RM) and `lambdaWeights` [B, K, K], 0 where v_i <= v_j.
 *
 * @see arXiv 2410.12854, section 3 and equation 10; the step weights follow its description
 */
import * as z from "zod";
import { given, mask, policy } from "../evidence.ts";
import { implicitRewards } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairwiseDifferences } from "../pairwise-differences.ts";
import { constant, type Tensor, where } from "../tensor.ts";
import { lambdaWeights, orderedPairs } from "./lambda-weights.ts";
import { rankingDiagnostics } from "./ranking-diagnostics.ts";

const stepNames = ["policyStepLogps", "referenceStepLogps", "stepMask", "scores"] as const;

/** The weight of a step is 1 + sign cos. */
const cosineSigns = { "one-plus-cos": 1, "one-minus-cos": -1, none: 0 } as const;

export const treePo = defineObjective({
  id: "tree-po",
  name: "TPO",
  paper: "TPO: Aligning Large Language Models with Multi-branch & Multi-step Preference Trees",
  arxiv: "2410.12854",
  family: "listwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    policyStepLogps: policy(["B", "K", "N"], { maskedBy: "stepMask" }),
    referenceStepLogps: given(["B", "K", "N"], { maskedBy: "stepMask" }),
    stepMask: mask(["B", "K", "N"]),
    stepEmbeddings: given(["B", "K", "N", "E"], { maskedBy: "stepMask" }),
    scores: given(["B", "K"]),
  },
  reads: ({ stepWeight }) => (stepWeight === "none" ? stepNames : [...stepNames, "stepEmbeddings"]),
  minimum: { K: 2 },
  params: z.object({
    beta: z.number().positive().default(0.5),
    stepWeight: z.enum(["one-plus-cos", "one-minus-cos", "none"]).default("one-plus-cos"),
    lambdaWeights: z.boolean().default(true),
  }),
  loss({ policyStepLogps, referenceStepLogps, stepMask, stepEmbeddings, scores }, params) {
    const rho = implicitRewards(policyStepLogps, referenceStepLogps, 1);
    const rewards = rho.sum(-1).mul(params.beta);
    const everyone = scores.equal(scores);
    const pairs = orderedPairs(scores, everyone);
    const gaps = pairwiseDifferences(rewards);
    const sign = cosineSigns[params.stepWeight];
    const margins = (
      sign === 0
        ? gaps
        : gaps.add(cosineDifferences(mergedSteps(rho, stepMask), stepEmbeddings).mul(sign * params.beta))
    ).mul(pairs);
    const weights = params.lambdaWeights ? lambdaWeights(scores, rewards, everyone) : pairs;
    return {
      perExample: softplus(margins.neg()).mul(weights).sum([-2, -1]),
      outputs: { margins, lambdaWeights: weights },
      diagnostics: rankingDiagnostics(rewards, scores, everyone),
    };
  },
});

/** [B, K, N] with the steps after the last that all paths of a list have added into it, and 0 behind it. */
function mergedSteps(rho: Tensor, stepMask: Tensor): Tensor {
  const common = stepMask.sum(-1).min(-1);
  const index = constant(Array.from({ length: rho.shape[2] }, (_, n) => n));
  const last = common.sub(1).expandDims(-1).expandDims(-1);
  const rest = where(index.greaterEqual(last), rho, 0).sum(-1, { keepDims: true });
  return where(index.less(last), rho, where(index.equal(last), rest, 0));
}

/** [B, K, K] the sum over steps of cos(e_in, e_jn) (rho_in - rho_jn); the cosine is symmetric in i and j. */
function cosineDifferences(rho: Tensor, embeddings: Tensor): Tensor {
  const products = cosines(embeddings).mul(rho.expandDims(2)).sum(-1);
  return products.sub(products.swapAxes(1, 2));
}

/** [B, K, N, E] to [B, K, K, N]: the cosine of the two paths' embeddings of each step, 0 where one is zero. */
function cosines(embeddings: Tensor): Tensor {
  const norm = embeddings.square().sum(-1, { keepDims: true }).sqrt();
  const unit = embeddings.div(where(norm.greater(0), norm, 1)).settled();
  return unit.expandDims(2).mul(unit.expandDims(1)).sum(-1).stopGradient();
}
