/**
 * GRPO: group-relative policy optimisation; GSPO, Dr.GRPO and DAPO are its options.
 *
 *   A_i = (r_i - mean(r)) / (std(r) + stdEps)        within the group of a prompt; `normalizeStd` false: no division
 *   rho = exp(logp - oldLogp) a token, or            `ratio` "token"
 *         exp(mean over the answer of that)          `ratio` "sequence" (GSPO)
 *   l   = max(-A rho, -A clip(rho, 1 - epsilonLow, 1 + epsilonHigh))
 *   k   = exp(ref - logp) - (ref - logp) - 1
 *   L   = sum over tokens of weight (l + beta k)
 *
 * The weight of a token is 1 / (|y_i| B G) for `seqMean` (GRPO), 1 / (tokens of the batch) for `tokenMean` (DAPO),
 * 1 / (B G maxLength) for `constant` (Dr.GRPO). An answer without tokens has weight 0. `perExample` holds each
 * answer's share of the loss, [B G], which add up to it.
 *
 * @see arXiv 2402.03300, equations 3 and 4; 2507.18071, equations 5 to 7 (GSPO); 2503.20783 (Dr.GRPO); 2503.14476 (DAPO)
 */
import * as z from "zod";
import { clippedSurrogate } from "../clipped-surrogate.ts";
import { given, mask, policy } from "../evidence.ts";
import { groupAdvantages } from "../group-advantages.ts";
import { klEstimate } from "../kl-estimate.ts";
import { exp } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { constant, type Tensor } from "../tensor.ts";

const parameters = z.object({
  ratio: z.enum(["token", "sequence"]).default("token"),
  aggregation: z.enum(["seqMean", "tokenMean", "constant"]).default("seqMean"),
  normalizeStd: z.boolean().default(true),
  /** Correction of the standard deviation: 1 divides by G - 1. */
  stdDdof: z.number().int().min(0).max(1).default(1),
  stdEps: z.number().nonnegative().default(1e-4),
  epsilonLow: z.number().nonnegative().default(0.2),
  epsilonHigh: z.number().nonnegative().default(0.2),
  /** The weight of the KL to the reference; 0 needs no reference. */
  beta: z.number().nonnegative().default(0.04),
  /** Of `constant`: the budget of tokens an answer. Absent: the padded length. */
  maxLength: z.number().int().positive().optional(),
  /** For A < 0 the loss of a token is at most -A times this; 3 in libraries that use it. Absent: unbounded. */
  dualClip: z.number().gt(1).optional(),
});

export const grpo = defineObjective({
  id: "grpo",
  name: "GRPO",
  paper: "DeepSeekMath: Pushing the Limits of Mathematical Reasoning in Open Language Models",
  arxiv: "2402.03300",
  family: "group",
  level: "token",
  aggregation: "mean",
  needsReference: true,
  evidence: {
    rewards: given(["B", "G"]),
    logps: policy(["B", "G", "T"], { maskedBy: "mask" }),
    /** Of the policy that sampled. */
    oldLogps: given(["B", "G", "T"], { maskedBy: "mask" }),
    referenceLogps: given(["B", "G", "T"], { maskedBy: "mask" }),
    /** 1 on the answer's tokens. */
    mask: mask(["B", "G", "T"]),
  },
  reads: ({ beta }) => ["rewards", "logps", "oldLogps", ...(beta > 0 ? ["referenceLogps" as const] : []), "mask"],
  minimum: { G: 2 },
  params: parameters,
  loss({ rewards, logps, oldLogps, referenceLogps, mask }, params) {
    const lengths = mask.sum(-1, { keepDims: true }).maximum(1);
    const advantages = groupAdvantages(rewards, params);
    const logRatio = logps.sub(oldLogps).mul(mask);
    const ratio = exp(params.ratio === "token" ? logRatio : logRatio.sum(-1, { keepDims: true }).div(lengths));
    const tokenAdvantages = advantages.expandDims(-1);
    const { loss, clipped } = clippedSurrogate(ratio, tokenAdvantages, params.epsilonLow, params.epsilonHigh);
    const surrogate = params.dualClip === undefined ? loss : dualClipped(loss, tokenAdvantages, params.dualClip);

    const kl = params.beta > 0 ? klEstimate(logps, referenceLogps).mul(mask) : undefined;
    const tokens = mask.sum().maximum(1);
    const terms = kl === undefined ? surrogate : surrogate.add(kl.mul(params.beta));
    const perExample = terms
      .mul(mask)
      .div(tokenDivisor(mask, lengths, params))
      .sum(-1)
      .reshape([-1]);
    return {
      loss: perExample.sum(),
      perExample,
      outputs: { advantages },
      diagnostics: {
        kl: kl === undefined ? constant(0) : kl.sum().div(tokens),
        clipFraction: clipped.mul(mask).sum().div(tokens),
      },
    };
  },
});

/** What a token's term is divided by. */
function tokenDivisor(mask: Tensor, lengths: Tensor, params: z.output<typeof parameters>): Tensor {
  const [prompts, answers, paddedLength] = mask.shape;
  if (params.aggregation === "tokenMean") return mask.sum().maximum(1);
  if (params.aggregation === "constant") return constant(prompts * answers * (params.maxLength ?? paddedLength));
  return lengths.mul(prompts * answers);
}

function dualClipped(loss: Tensor, advantages: Tensor, cap: number): Tensor {
  const bound = advantages.abs().mul(cap);
  const exceeds = loss.greater(bound).mul(advantages.less(0));
  return loss.mul(exceeds.not()).add(bound.mul(exceeds));
}
