/**
 * LiPO: listwise preference optimisation as learning to rank.
 *
 *   s_i = beta (log pi(y_i|x) - log pi_ref(y_i|x)),  psi = labels,  P = pairs with psi_i > psi_j
 *
 *   lambda         sum over P of w_ij log(1 + exp(-(s_i - s_j))), w as in `lambdaWeights`
 *   pair-logistic  sum over P of log(1 + exp(-(s_i - s_j)))
 *   pair-hinge     sum over P of max(0, 1 - (s_i - s_j))
 *   list-mle       sum over k of logsumexp(s_k .. s_n) - s_k, in the order of psi
 *   softmax        -sum_i psi_i / sum(psi) log softmax(s)_i
 *   listnet        -sum_i softmax(psi)_i log softmax(s)_i
 *   point-mse      sum_i (psi_i - s_i)^2
 *   point-sigmoid  -sum_i [psi_i log sigmoid(s_i) + (1 - psi_i) log sigmoid(-s_i)]
 *
 * Sums over the pairs or items of a list, mean over the batch. Extra output of `lambda`: `lambdaWeights` [B, K, K].
 *
 * @see arXiv 2402.01878, equations 5 to 11; listnet is not in the paper
 */
import * as z from "zod";
import { given, mask, policy } from "../evidence.ts";
import { implicitRewards } from "../implicit-rewards.ts";
import { descendingRanks } from "../list-order.ts";
import { logisticCrossEntropy, logSumExp, softmax, softplus } from "../numerics.ts";
import { defineObjective, type LossTerms } from "../objective.ts";
import { pairwiseDifferences } from "../pairwise-differences.ts";
import { plackettLuceLoss } from "../plackett-luce-loss.ts";
import { constant, type Tensor } from "../tensor.ts";
import { lambdaWeights, orderedPairs } from "./lambda-weights.ts";
import { rankingDiagnostics } from "./ranking-diagnostics.ts";

/** Labels that add up to less, such as all 0, are no preference. */
const LEAST_TOTAL = 1e-300;

type RankingLoss = (s: Tensor, psi: Tensor, present: Tensor) => LossTerms;

const rankingLosses = {
  lambda(s, psi, present) {
    const weights = lambdaWeights(psi, s, present);
    return { perExample: pairLogistic(s).mul(weights).sum([-2, -1]), outputs: { lambdaWeights: weights } };
  },
  "pair-logistic": (s, psi, present) => ({
    perExample: pairLogistic(s).mul(orderedPairs(psi, present)).sum([-2, -1]),
  }),
  "pair-hinge": (s, psi, present) => ({
    perExample: constant(1).sub(pairwiseDifferences(s)).maximum(0).mul(orderedPairs(psi, present)).sum([-2, -1]),
  }),
  "list-mle": (s, psi, present) => ({ perExample: plackettLuceLoss(s, descendingRanks(psi, present), present) }),
  softmax(s, psi, present) {
    const targets = psi.div(psi.sum(-1, { keepDims: true }).maximum(LEAST_TOTAL));
    return { perExample: crossEntropy(s, targets, present) };
  },
  listnet: (s, psi, present) => ({ perExample: crossEntropy(s, softmax(psi, -1, present), present) }),
  "point-mse": (s, psi, present) => ({ perExample: psi.sub(s).square().mul(present).sum(-1) }),
  "point-sigmoid": (s, psi, present) => ({
    perExample: logisticCrossEntropy(s, psi).mul(present).sum(-1),
  }),
} satisfies Record<string, RankingLoss>;

export const lipo = defineObjective({
  id: "lipo",
  name: "LiPO",
  paper: "LiPO: Listwise Preference Optimization through Learning-to-Rank",
  arxiv: "2402.01878",
  family: "listwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    policyLogps: policy(["B", "K"], { maskedBy: "mask" }),
    referenceLogps: given(["B", "K"], { maskedBy: "mask" }),
    scores: given(["B", "K"], { maskedBy: "mask" }),
    mask: mask(["B", "K"]),
  },
  minimum: { K: 2 },
  params: z.object({
    objective: z.enum(Object.keys(rankingLosses) as (keyof typeof rankingLosses)[]).default("lambda"),
    beta: z.number().positive().default(0.05),
  }),
  loss({ policyLogps, referenceLogps, scores, mask }, { objective, beta }) {
    const rewards = implicitRewards(policyLogps, referenceLogps, beta);
    return {
      ...rankingLosses[objective](rewards, scores, mask),
      diagnostics: rankingDiagnostics(rewards, scores, mask),
    };
  },
});

/** [..., K, K] log(1 + exp(-(s_i - s_j))). */
function pairLogistic(s: Tensor): Tensor {
  return softplus(pairwiseDifferences(s).neg());
}

function crossEntropy(s: Tensor, targets: Tensor, present: Tensor): Tensor {
  const logNormaliser = logSumExp(s, -1, present).expandDims(-1);
  return logNormaliser.sub(s).mul(targets).mul(present).sum(-1);
}
