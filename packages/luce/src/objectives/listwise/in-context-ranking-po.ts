/**
 * IRPO: in-context ranking preference optimisation of a list that the model wrote inside one answer.
 *
 *   r_i = (log pi - log pi_ref)(item i) / |item i|
 *   z_i = log( 1/(n-1) sum_{j != i} exp(beta (r_j - r_i)) )           (aggregate "sum": without 1/(n-1))
 *   w_i = (2^y_i - 1) / log2(1 + rank_i)
 *   L   = -1/n sum_i w_i log sigmoid(-z_i)
 *
 * y is graded relevance, rank the item's place in the target list, 1 first. Extra outputs `weights` and `logits`:
 * w and z of the items that are present.
 *
 * @see arXiv 2504.15477, section 3; mean aggregation and the exclusion of j = i follow the authors' code
 */
import * as z from "zod";
import { given, lengths, mask, policy } from "../evidence.ts";
import { implicitRewards } from "../implicit-rewards.ts";
import { identity } from "../list-order.ts";
import { exp, log, logSumExp, softplus } from "../numerics.ts";
import { defineObjective, type Objective } from "../objective.ts";
import { pairwiseDifferences, pairwiseMask } from "../pairwise-differences.ts";
import { constant, type Tensor } from "../tensor.ts";
import { rankingDiagnostics } from "./ranking-diagnostics.ts";

const parameters = z.object({
  beta: z.number().positive().default(1),
  aggregate: z.enum(["mean", "sum"]).default("mean"),
  /** Gain over discount, the discount alone, or gain over rank. */
  weight: z.enum(["ndcg", "discount-only", "reciprocal"]).default("ndcg"),
  /** Whether r is a mean over the tokens of an item, or a sum. */
  lengthNormalise: z.boolean().default(true),
});

const objective = defineObjective({
  id: "in-context-ranking-po",
  name: "IRPO",
  paper: "In-context Ranking Preference Optimization",
  arxiv: "2504.15477",
  family: "listwise",
  level: "sequence",
  aggregation: "mean",
  needsReference: true,
  evidence: {
    policyLogps: policy(["B", "K"], { maskedBy: "mask" }),
    referenceLogps: given(["B", "K"], { maskedBy: "mask" }),
    lengths: lengths(["B", "K"], { maskedBy: "mask" }),
    scores: given(["B", "K"], { maskedBy: "mask" }),
    ranks: given(["B", "K"], { maskedBy: "mask" }),
    mask: mask(["B", "K"]),
  },
  reads: ({ lengthNormalise }) => [
    "policyLogps",
    "referenceLogps",
    ...(lengthNormalise ? (["lengths"] as const) : []),
    "scores",
    "ranks",
    "mask",
  ],
  minimum: { K: 2 },
  params: parameters,
  loss(evidence, params) {
    const { scores, mask } = evidence;
    const ratios = implicitRewards(evidence.policyLogps, evidence.referenceLogps, 1);
    const rewards = params.lengthNormalise ? ratios.div(evidence.lengths) : ratios;
    const weights = relevanceWeights(scores, evidence.ranks, params).mul(mask);
    const size = mask.sum(-1);
    const logits = competition(rewards.mul(params.beta), mask, params.aggregate);
    const perExample = softplus(logits).mul(weights).sum(-1).div(size.maximum(1)).mul(size.greater(1));
    return { perExample, outputs: { weights, logits }, diagnostics: rankingDiagnostics(rewards, scores, mask) };
  },
});

export const inContextRankingPo: Objective = {
  ...objective,
  async evaluate(inputs, params) {
    const outputs = await objective.evaluate(inputs, params);
    const { mask } = inputs as { mask?: (number | boolean)[][] | null };
    const present = (values: unknown) =>
      mask ? (values as number[][]).map((row, b) => row.filter((_, i) => mask[b][i])) : values;
    return { ...outputs, weights: present(outputs.weights), logits: present(outputs.logits) };
  },
};

function relevanceWeights(scores: Tensor, ranks: Tensor, { weight }: z.output<typeof parameters>): Tensor {
  const place = ranks.maximum(1);
  const discount = weight === "reciprocal" ? place : log(place.add(1)).div(Math.LN2);
  const gain = weight === "discount-only" ? constant(1) : exp(scores.mul(Math.LN2)).sub(1);
  return gain.div(discount);
}

/** [..., K] log of the mean (or sum) of exp(r_j - r_i) over the other present candidates. */
function competition(rewards: Tensor, mask: Tensor, aggregate: "mean" | "sum"): Tensor {
  const size = rewards.shape.at(-1) ?? 0;
  const others = identity(size).not();
  const total = logSumExp(pairwiseDifferences(rewards).neg(), -1, others.mul(pairwiseMask(mask)));
  if (aggregate === "sum") return total;
  return total.sub(log(mask.sum(-1).sub(1).maximum(1)).expandDims(-1));
}
