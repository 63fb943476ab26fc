/**
 * KnowPAT: knowledgeable preference alignment, a listwise contrast with adaptive weights beside supervised fine-tuning.
 *
 *   S_i     = log pi(y_i|x) / |y_i|^lengthPenalty, candidates in the order of their scores, best first
 *   mu_i    = (S_i - min S) / (max S - min S)                     (constant; 0 where max S = min S)
 *   L_align = 1/(n-1) sum_{i<n} mu_i [ log(1 + e^-S_i) + 1/(n-i) sum_{j>i} log(1 + e^S_j) ]
 *   L       = -log pi(y_1|x) / |y_1| + lambda L_align
 *
 * With this weighting the contrast of a pair is off exactly where the model prefers the worse answer;
 * `adaptive: false` sets mu = 1. Extra outputs `alignLoss` (before lambda), `sftLoss` [B] and `weights` [B, K].
 *
 * @see arXiv 2311.06503; the inner mean follows the released trainer
 */
import * as z from "zod";
import { given, lengths, mask, policy } from "../evidence.ts";
import { descendingRanks, precedes } from "../list-order.ts";
import { power, softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { type Tensor, where } from "../tensor.ts";
import { rankingDiagnostics } from "./ranking-diagnostics.ts";

export const knowpat = defineObjective({
  id: "knowpat",
  name: "KnowPAT",
  paper: "Knowledgeable Preference Alignment for LLMs in Domain-specific Question Answering",
  arxiv: "2311.06503",
  family: "listwise",
  level: "sequence",
  aggregation: "mean",
  needsReference: false,
  stopsGradient: true,
  evidence: {
    policyLogps: policy(["B", "K"], { maskedBy: "mask" }),
    lengths: lengths(["B", "K"], { maskedBy: "mask" }),
    scores: given(["B", "K"], { maskedBy: "mask" }),
    mask: mask(["B", "K"]),
  },
  params: z.object({
    lambda: z.number().nonnegative().default(0.1),
    lengthPenalty: z.number().nonnegative().default(1),
    adaptive: z.boolean().default(true),
  }),
  loss({ policyLogps, lengths, scores, mask }, { lambda, lengthPenalty, adaptive }) {
    const s = policyLogps.div(lengthPenalty === 1 ? lengths : power(lengths, lengthPenalty));
    const after = precedes(scores, mask);
    const behind = after.sum(-1);
    const hasWorse = behind.greater(0);
    const weights = (adaptive ? spread(s, mask) : mask).mul(hasWorse);
    const pushDown = after.mul(softplus(s).expandDims(-2)).sum(-1).div(behind.maximum(1));
    const contrasts = mask.sum(-1).sub(1).maximum(1);
    const alignLoss = softplus(s.neg()).add(pushDown).mul(weights).sum(-1).div(contrasts);
    const first = descendingRanks(scores, mask).equal(1).mul(mask);
    const sftLoss = policyLogps.div(lengths).mul(first).sum(-1).neg();
    return {
      perExample: sftLoss.add(alignLoss.mul(lambda)),
      outputs: { alignLoss, sftLoss, weights },
      diagnostics: rankingDiagnostics(s, scores, mask),
    };
  },
});

const LEAST_RANGE = 1e-300;

/** Each candidate's place between the least (0) and the most likely (1) of its list; 0 where they are the same. */
function spread(s: Tensor, present: Tensor): Tensor {
  const low = where(present, s, Number.MAX_VALUE).min(-1, { keepDims: true });
  const high = where(present, s, -Number.MAX_VALUE).max(-1, { keepDims: true });
  const range = high.sub(low);
  return where(present, s.sub(low), 0).div(range.maximum(LEAST_RANGE)).stopGradient();
}
