/**
 * PPO: clipped policy and value losses on generalised advantages, with a KL penalty a token.
 *
 *   r_t = -klCoef (oldLogp_t - ref_t) on the response, plus score rewardGain + rewardBias at its last token
 *   delta_t = r_t + gamma V_{t+1} - V_t,  A_t = delta_t + gamma lambda A_{t+1},  R_t = A_t + V_t   (V: oldValues)
 *   A is whitened over the tokens of the batch (`whitenAdvantages`); the returns R are not
 *   L_pi = mean over tokens of max(-A rho, -A clip(rho, 1 - clipRange, 1 + clipRange)),  rho = exp(logp - oldLogp)
 *   L_V  = mean over tokens of max((V - R)^2, (Vc - R)^2) / 2,  Vc = oldValues + clip(V - oldValues, +-clipRangeValue)
 *   L    = L_pi + vfCoef L_V
 *
 * Everything but `logps` and `values` is a constant. The advantages of a rollout are computed once and reused for
 * its minibatches and epochs: take `advantages` and `returns` from the outputs for the whole rollout and give them
 * as evidence; scores and reference are then not read.
 *
 * @see arXiv 1707.06347 (clip), 1506.02438 (advantages), 2406.09279 (this form)
 */
import * as z from "zod";
import { LuceError } from "../../errors.ts";
import { clippedSurrogate } from "../clipped-surrogate.ts";
import { discountedSuffixSums } from "../discounted-sums.ts";
import { type EvidenceArray, given, label, mask, policy } from "../evidence.ts";
import { exp, expm1 } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { type Tensor, where } from "../tensor.ts";

const parameters = z.object({
  klCoef: z.number().nonnegative().default(0.05),
  gamma: z.number().min(0).max(1).default(1),
  lambda: z.number().min(0).max(1).default(0.95),
  clipRange: z.number().nonnegative().default(0.2),
  clipRangeValue: z.number().nonnegative().default(0.2),
  vfCoef: z.number().nonnegative().default(0.1),
  whitenAdvantages: z.boolean().default(true),
  rewardGain: z.number().default(1),
  rewardBias: z.number().default(0),
  /** The score of a response cut off before its end token. */
  truncationScore: z.number().default(-10),
});

type Parameters = z.output<typeof parameters>;

export const ppo = defineObjective({
  id: "ppo",
  name: "PPO",
  paper: "Proximal Policy Optimization Algorithms",
  arxiv: "1707.06347",
  family: "group",
  level: "token",
  aggregation: "mean",
  needsReference: true,
  evidence: {
    logps: policy(["B", "T"], { maskedBy: "mask" }),
    values: policy(["B", "T"], { maskedBy: "mask" }),
    oldLogps: given(["B", "T"], { maskedBy: "mask" }),
    oldValues: given(["B", "T"], { maskedBy: "mask" }),
    referenceLogps: given(["B", "T"], { maskedBy: "mask" }),
    /** 1 on response tokens, contiguous from the left. */
    mask: mask(["B", "T"]),
    scores: given(["B"]),
    /** 1 if the response ended with the end token; absent, all did. */
    finished: label(["B"], { optional: true }),
    advantages: given(["B", "T"], { maskedBy: "mask" }),
    returns: given(["B", "T"], { maskedBy: "mask" }),
  },
  reads: (_, given) => [
    "logps",
    "values",
    "oldLogps",
    "oldValues",
    "mask",
    ...(given.has("advantages") || given.has("returns")
      ? (["advantages", "returns"] as const)
      : (["referenceLogps", "scores", "finished"] as const)),
  ],
  params: parameters,
  check: ({ mask }) => requireContiguous(mask!),
  loss(evidence, params) {
    const { logps, values, oldLogps, oldValues, mask } = evidence;
    const tokens = mask.sum().maximum(1);
    const maskedMean = (x: Tensor) => x.mul(mask).sum().div(tokens);
    const computed = evidence.advantages === undefined ? rolloutAdvantages(evidence, params) : undefined;
    const advantages = computed?.advantages ?? evidence.advantages;
    const returns = computed?.returns ?? evidence.returns;

    const logRatio = logps.sub(oldLogps);
    const ratio = exp(logRatio);
    const policyLoss = maskedMean(clippedSurrogate(ratio, advantages, params.clipRange, params.clipRange).loss);
    const valueLoss = maskedMean(clippedValueError(values, oldValues, returns, params.clipRangeValue)).mul(0.5);
    return {
      loss: policyLoss.add(valueLoss.mul(params.vfCoef)),
      outputs: { ...computed, advantages, returns },
      diagnostics: {
        policyLoss,
        valueLoss,
        clipFraction: maskedMean(ratio.sub(1).abs().greater(params.clipRange)),
        approxKl: maskedMean(expm1(logRatio).sub(logRatio)),
      },
    };
  },
});

type Rollout = {
  oldLogps: Tensor;
  oldValues: Tensor;
  referenceLogps: Tensor;
  mask: Tensor;
  scores: Tensor;
  finished: Tensor | undefined;
};

/** Rewards a token, advantages and returns, [B, T], zero outside the mask. */
function rolloutAdvantages(rollout: Rollout, params: Parameters): Record<RolloutOutput, Tensor> {
  const { oldLogps, oldValues, referenceLogps, mask, scores, finished } = rollout;
  const reached = finished === undefined ? scores : where(finished, scores, params.truncationScore);
  const score = reached.mul(params.rewardGain).add(params.rewardBias);
  const lastToken = mask.mul(mask.shiftLeft(1).not());
  const kl = oldLogps.sub(referenceLogps).mul(mask);
  const tokenRewards = kl.mul(-params.klCoef).add(score.expandDims(-1).mul(lastToken));

  const baseline = oldValues.mul(mask);
  const delta = tokenRewards.add(baseline.shiftLeft(1).mul(params.gamma)).sub(baseline);
  const rawAdvantages = discountedSuffixSums(delta, params.gamma * params.lambda).mul(mask);
  return {
    tokenRewards,
    kl,
    sequenceKl: kl.sum(-1),
    rawAdvantages,
    advantages: params.whitenAdvantages ? whitened(rawAdvantages, mask) : rawAdvantages,
    returns: rawAdvantages.add(baseline),
  };
}

type RolloutOutput = "tokenRewards" | "kl" | "sequenceKl" | "rawAdvantages" | "advantages" | "returns";

/** Mean 0 and variance 1 over the entries of the mask (variance with n - 1, and 1e-6 against a constant x). */
function whitened(x: Tensor, mask: Tensor): Tensor {
  const count = mask.sum();
  const centred = x.sub(x.mul(mask).sum().div(count.maximum(1))).mul(mask);
  const variance = centred.square().sum().div(count.sub(1).maximum(1));
  return centred.div(variance.add(1e-6).sqrt());
}

/** The larger of the squared errors of the value and of the value clipped around the old one; the former at a tie. */
function clippedValueError(values: Tensor, oldValues: Tensor, returns: Tensor, range: number): Tensor {
  const free = values.sub(returns).square();
  const moved = values.stopGradient().sub(oldValues).clip(-range, range);
  const bounded = oldValues.add(moved).sub(returns).square();
  return where(bounded.greater(free), bounded, free);
}

function requireContiguous({ data, shape: [sequences, length] }: EvidenceArray): void {
  for (let b = 0; b < sequences; b++) {
    for (let t = 1; t < length; t++) {
      if (data[b * length + t] > data[b * length + t - 1]) {
        throw new LuceError("invalid-input", `mask[${b}] has a gap before token ${t}`, {
          where: "ppo: evidence",
          hint: "response tokens are contiguous from the left: move padding to the right",
        });
      }
    }
  }
}
