/**
 * The Bradley-Terry reward loss: pairs with margin, label smoothing and centring, and its K-wise forms.
 *
 *   pairwise        d = r_c - r_r - m
 *                   L = -(1 - eps) log sigmoid(d) - eps log sigmoid(-d) + c (r_c + r_r)^2
 *   plackett-luce   L = sum over places k of the list, best first, of logsumexp(r_k .. r_n) - r_k
 *   all-pairs       L = mean over i ranked above j of -log sigmoid(r_i - r_j)
 *
 * Every list counts once in the batch's mean, whatever its length; one without a strict pair contributes 0.
 * all-pairs and plackett-luce take K^2 terms a list.
 *
 * @see arXiv 2203.02155, equation 1 (all pairs); 2307.09288, equation 2 (margin); 2312.09244, section 3
 *   (centring); 2301.11270, equation 5 (Plackett-Luce)
 */
import * as z from "zod";
import { LuceError } from "../../errors.ts";
import { type EvidenceArray, given, mask, policy } from "../evidence.ts";
import { softplus } from "../numerics.ts";
import { defineObjective, type LossTerms } from "../objective.ts";
import { pairwiseDifferences, pairwiseMask } from "../pairwise-differences.ts";
import { plackettLuceLoss } from "../plackett-luce-loss.ts";
import type { Tensor } from "../tensor.ts";
import { smoothedLogisticLoss } from "./dpo.ts";

export const bradleyTerryReward = defineObjective({
  id: "bradley-terry-reward",
  name: "Bradley-Terry reward model",
  paper: "Training language models to follow instructions with human feedback",
  arxiv: "2203.02155",
  kind: "reward-model",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: false,
  evidence: {
    chosenRewards: policy(["B"]),
    rejectedRewards: policy(["B"]),
    /** In units of reward, from graded votes. */
    margins: given(["B"], { optional: true }),
    rewards: policy(["B", "K"], { maskedBy: "mask" }),
    /** 1 is best. */
    ranks: given(["B", "K"], { maskedBy: "mask", values: "rank" }),
    mask: mask(["B", "K"]),
  },
  reads: ({ objective }) =>
    objective === "pairwise" ? ["chosenRewards", "rejectedRewards", "margins"] : ["rewards", "ranks", "mask"],
  minimum: { K: 2 },
  params: z.object({
    objective: z.enum(["pairwise", "plackett-luce", "all-pairs"]).default("pairwise"),
    /** Of pairwise: the probability that a label is flipped. */
    labelSmoothing: z.number().min(0).max(1).default(0),
    /** Of pairwise: the weight that pulls the mean of a pair to zero; 0.01 when used. */
    centering: z.number().nonnegative().default(0),
  }),
  check(evidence, { objective }) {
    if (objective === "plackett-luce") requireStrictRanks(evidence.ranks!, evidence.mask!);
  },
  loss(evidence, params) {
    if (params.objective === "pairwise") {
      return pairwiseTerms(evidence.chosenRewards, evidence.rejectedRewards, evidence.margins, params);
    }
    const { rewards, ranks, mask } = evidence;
    return params.objective === "all-pairs"
      ? allPairsTerms(rewards, ranks, mask)
      : { perExample: plackettLuceLoss(rewards, ranks, mask) };
  },
});

function pairwiseTerms(
  chosen: Tensor,
  rejected: Tensor,
  margins: Tensor | undefined,
  { labelSmoothing, centering }: { labelSmoothing: number; centering: number },
): LossTerms {
  const difference = chosen.sub(rejected);
  const loss = smoothedLogisticLoss(margins ? difference.sub(margins) : difference, labelSmoothing);
  return {
    perExample: centering === 0 ? loss : loss.add(chosen.add(rejected).square().mul(centering)),
    diagnostics: { accuracy: difference.greater(0).mean(), rewardMargin: difference.mean() },
  };
}

function allPairsTerms(rewards: Tensor, ranks: Tensor, mask: Tensor): LossTerms {
  const preferred = pairwiseDifferences(ranks).less(0).mul(pairwiseMask(mask));
  const pairCounts = preferred.sum([1, 2]);
  const losses = softplus(pairwiseDifferences(rewards).neg()).mul(preferred).sum([1, 2]);
  return { perExample: losses.div(pairCounts.maximum(1)), outputs: { pairCounts } };
}

function requireStrictRanks(ranks: EvidenceArray, mask: EvidenceArray): void {
  const [lists, candidates] = ranks.shape;
  for (let list = 0; list < lists; list++) {
    const seen = new Map<number, number>();
    for (let k = 0; k < candidates; k++) {
      const at = list * candidates + k;
      if (mask.data[at] === 0) continue;
      const other = seen.get(ranks.data[at]);
      if (other !== undefined) {
        throw new LuceError("invalid-input", `ranks[${list}] gives candidates ${other} and ${k} the same rank`, {
          where: "bradley-terry-reward: evidence",
          hint: 'Plackett-Luce has no ties: break them, or use the objective "all-pairs"',
        });
      }
      seen.set(ranks.data[at], k);
    }
  }
}
