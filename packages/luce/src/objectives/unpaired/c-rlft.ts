/**
 * C-RLFT (OpenChat): conditioned reinforcement-learning fine-tuning on data of mixed quality.
 *
 *   perSequence   L = sum_b w_b (-log pi(y_b|x_b, c_b) / |y_b|) / sum_b w_b
 *   otherwise     L = sum_b w_b (-log pi(y_b|x_b, c_b)) / sum_b w_b |y_b|
 *
 * w_b is the weight of the example's source; the source is also tagged in the prompt. The weights follow
 * exp(r_c / beta) (`sourceWeights`), because pi_c(y|x) exp(r / beta) is the optimum of the KL-regularised reward
 * (`optimalLogps`). Extra outputs `contributions` [B], the summands, and `tokenWeights` [B].
 *
 * @see arXiv 2309.11235, section 3
 */
import * as z from "zod";
import { checkEqualLengths } from "../../equal-lengths.ts";
import { given, lengths, policy } from "../evidence.ts";
import { defineComponent, defineObjective } from "../objective.ts";
import { constant, where } from "../tensor.ts";

export const cRlft = defineObjective({
  id: "c-rlft",
  name: "OpenChat C-RLFT",
  paper: "OpenChat: Advancing Open-source Language Models with Mixed-Quality Data",
  arxiv: "2309.11235",
  family: "unpaired",
  level: "sequence",
  aggregation: "mean",
  needsReference: false,
  evidence: {
    policyLogps: policy(["B"]),
    lengths: lengths(["B"]),
    classes: given(["B"], { values: { indexOf: "C" } }),
    classWeights: given(["C"]),
  },
  params: z.object({
    /** The loss; the other parts take inputs and parameters of their own. */
    component: z.literal("loss").default("loss"),
    perSequence: z.boolean().default(true),
  }),
  loss({ policyLogps, lengths, classes, classWeights }, { perSequence }) {
    const sources = constant(Array.from({ length: classWeights.shape[0] }, (_, c) => c));
    const weights = classes.expandDims(-1).equal(sources).mul(classWeights).sum(-1);
    const tokenWeights = perSequence ? weights.div(lengths) : weights;
    const total = tokenWeights.mul(lengths).sum();
    const contributions = policyLogps
      .neg()
      .mul(tokenWeights)
      .div(where(total.greater(0), total, 1));
    return { loss: contributions.sum(), outputs: { contributions, tokenWeights } };
  },
  components: {
    weights: defineComponent({
      params: z.object({ beta: z.number().positive().default(1) }),
      inputs: z.object({ classRewards: z.array(z.number()).min(1) }),
      evaluate: ({ classRewards }, { beta }) => ({ weights: sourceWeights(classRewards, beta) }),
    }),
    optimum: defineComponent({
      params: z.object({ beta: z.number().positive().default(1) }),
      inputs: z.object({ behaviourLogps: z.array(z.number()).min(1), rewards: z.array(z.number()) }),
      evaluate: ({ behaviourLogps, rewards }, { beta }) => ({
        optimalLogps: optimalLogps(behaviourLogps, rewards, beta),
      }),
    }),
  },
});

/** exp((r_c - max r) / beta): the best source weighs 1. */
export function sourceWeights(classRewards: readonly number[], beta: number): number[] {
  const best = Math.max(...classRewards);
  return classRewards.map((reward) => Math.exp((reward - best) / beta));
}

/** log pi_c(y) + r(y) / beta, normalised over the responses of one prompt. @throws LuceError `shape-mismatch` */
export function optimalLogps(behaviourLogps: readonly number[], rewards: readonly number[], beta: number): number[] {
  checkEqualLengths({ behaviourLogps, rewards });
  const logits = behaviourLogps.map((logp, i) => logp + rewards[i] / beta);
  const highest = Math.max(...logits);
  const logNormaliser = highest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - highest), 0));
  return logits.map((logit) => logit - logNormaliser);
}
