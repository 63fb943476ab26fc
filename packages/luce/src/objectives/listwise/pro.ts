/**
 * PRO: preference ranking optimisation, a Plackett-Luce likelihood tempered by reward gaps, with a supervised term.
 *
 *   s_k     = log pi(y_k|x) / |y_k|, candidates in the order of their scores r, best first
 *   t_ki    = r_k - r_i for i after k,  t_kk = max_i t_ki           (constants; 1 with temperature "none")
 *   L_rank  = sum_{k<n} [ log( exp(s_k t_kk) + sum_{i>k} exp(s_i t_ki) ) - s_k t_kk ]
 *   L       = L_rank + sftWeight (n - 1)^2 L_sft
 *
 * L_sft is the negative log-likelihood of the first candidate, a token sum as in the authors' code, or a mean.
 * Extra outputs `rankingTerm` and `sftTerm` [B], which add up to the loss.
 *
 * @see arXiv 2306.17492, equations 4 to 9
 */
import * as z from "zod";
import { given, lengths, mask, policy } from "../evidence.ts";
import { descendingRanks, identity, precedes } from "../list-order.ts";
import { logSumExp } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairwiseDifferences } from "../pairwise-differences.ts";
import { plackettLuceLoss } from "../plackett-luce-loss.ts";
import { type Tensor, where } from "../tensor.ts";
import { rankingDiagnostics } from "./ranking-diagnostics.ts";

export const pro = defineObjective({
  id: "pro",
  name: "PRO",
  paper: "Preference Ranking Optimization for Human Alignment",
  arxiv: "2306.17492",
  family: "listwise",
  level: "sequence",
  aggregation: "mean",
  needsReference: false,
  evidence: {
    policyLogps: policy(["B", "K"], { maskedBy: "mask" }),
    lengths: lengths(["B", "K"], { maskedBy: "mask" }),
    scores: given(["B", "K"], { maskedBy: "mask" }),
    mask: mask(["B", "K"]),
  },
  minimum: { K: 2 },
  params: z.object({
    temperature: z.enum(["reward-gap", "none"]).default("reward-gap"),
    sftWeight: z.number().nonnegative().default(0.05),
    sftNormalise: z.enum(["sum", "mean"]).default("sum"),
  }),
  loss({ policyLogps, lengths, scores, mask }, { temperature, sftWeight, sftNormalise }) {
    const s = policyLogps.div(lengths);
    const rankingTerm =
      temperature === "none"
        ? plackettLuceLoss(s, descendingRanks(scores, mask), mask)
        : rewardGapLoss(s, scores, mask);
    const first = descendingRanks(scores, mask).equal(1).mul(mask);
    const firstLogps = (sftNormalise === "sum" ? policyLogps : s).mul(first).sum(-1);
    const contrasts = mask.sum(-1).sub(1);
    const sftTerm = firstLogps.mul(contrasts.square()).mul(-sftWeight);
    return {
      perExample: rankingTerm.add(sftTerm),
      outputs: { rankingTerm, sftTerm },
      diagnostics: rankingDiagnostics(s, scores, mask),
    };
  },
});

function rewardGapLoss(s: Tensor, scores: Tensor, present: Tensor): Tensor {
  const size = s.shape.at(-1) ?? 0;
  const itself = identity(size);
  const after = precedes(scores, present);
  const gaps = pairwiseDifferences(scores).mul(after);
  const sharpest = gaps.max(-1, { keepDims: true });
  const inverseTemperatures = where(itself, sharpest, gaps).stopGradient();
  const exponents = s.expandDims(-2).mul(inverseTemperatures);
  const remaining = after.add(itself).mul(present.expandDims(-1));
  return logSumExp(exponents, -1, remaining).sub(exponents.mul(itself).sum(-1)).mul(present).sum(-1);
}
