/**
 * CREAM: consistency-regularised self-rewarding preference optimisation.
 *
 *   z = beta [ (log pi - log pi_ref)(y_w) - (log pi - log pi_ref)(y_l) ]
 *   L = -( C log sigmoid(z) + (1 - C) log sigmoid(-z) )
 *
 * C in [0, 1] is how far the rankings of the same responses by this and by the previous iteration's model agree
 * (`rankingConsistency`): data, without a gradient. With mode "average" every example uses the batch's mean, with
 * "sample" its own (the mean where it has none). The optimum is finite, z = log(C / (1 - C)).
 *
 * @see arXiv 2410.12735, section 4
 */
import * as z from "zod";
import { checkEqualLengths } from "../equal-lengths.ts";
import { given } from "../objectives/evidence.ts";
import { implicitMargins, marginDiagnostics } from "../objectives/implicit-rewards.ts";
import { logisticCrossEntropy } from "../objectives/numerics.ts";
import { defineComponent, defineObjective, type Objective } from "../objectives/objective.ts";
import { policyPair, referencePair } from "../objectives/pair-evidence.ts";
import { kendallTau, spearman } from "../rank/rank-correlation.ts";
import { meanOf } from "./on-samples.ts";

const rewardLists = z.array(z.array(z.number()).min(2)).min(1);

const objective = defineObjective({
  id: "cream",
  name: "CREAM",
  paper: "CREAM: Consistency Regularized Self-Rewarding Language Models",
  arxiv: "2410.12735",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    ...policyPair,
    ...referencePair,
    consistency: given(["B"], { values: "probability" }),
  },
  params: z.object({
    /** The loss; the other parts take inputs and parameters of their own. */
    component: z.literal("loss").default("loss"),
    beta: z.number().positive().default(0.1),
    mode: z.enum(["average", "sample"]).default("average"),
  }),
  loss(evidence, { beta, mode }) {
    const margins = implicitMargins(evidence, beta);
    const rate = mode === "average" ? evidence.consistency.mean() : evidence.consistency;
    return { perExample: logisticCrossEntropy(margins, rate), diagnostics: marginDiagnostics(margins) };
  },
  components: {
    consistency: defineComponent({
      params: z.object({ measure: z.enum(["kendall", "spearman", "topOrder"]).default("kendall") }),
      inputs: z.object({ rewards: rewardLists, previousRewards: rewardLists }),
      evaluate({ rewards, previousRewards }, { measure }) {
        checkEqualLengths({ rewards, previousRewards });
        const consistency = rewards.map((list, b) => rankingConsistency(list, previousRewards[b], measure));
        return {
          consistency,
          averageConsistency: meanOf(consistency),
          selected: rewards.map((list) => [list.indexOf(Math.max(...list)), list.indexOf(Math.min(...list))]),
        };
      },
    }),
  },
});

export const cream: Objective = {
  ...objective,
  evaluate: (inputs, params) => objective.evaluate(withAverageWhereMissing(inputs), params),
};

/**
 * How far two models' rewards order the same N responses alike, from 0 (reversed) to 1.
 *
 * Ranks are ordinal, 1 for the lowest; of equal rewards the earlier has the lower rank. `topOrder` is 1 where both
 * agree on the best and on the worst response, else 0.
 *
 * @throws LuceError `shape-mismatch`
 */
export function rankingConsistency(
  rewards: readonly number[],
  previousRewards: readonly number[],
  measure: "kendall" | "spearman" | "topOrder",
): number {
  checkEqualLengths({ rewards, previousRewards });
  const ranks = ordinalRanks(rewards);
  const previousRanks = ordinalRanks(previousRewards);
  if (measure === "topOrder") {
    const agreeOn = (rank: number) => ranks.indexOf(rank) === previousRanks.indexOf(rank);
    return agreeOn(1) && agreeOn(ranks.length) ? 1 : 0;
  }
  const correlation = measure === "kendall" ? kendallTau(ranks, previousRanks) : spearman(ranks, previousRanks);
  return Math.min(1, Math.max(0, ((correlation ?? 0) + 1) / 2));
}

function ordinalRanks(rewards: readonly number[]): number[] {
  const ascending = rewards.map((_, i) => i).sort((a, b) => rewards[a] - rewards[b] || a - b);
  const ranks = Array<number>(rewards.length);
  ascending.forEach((response, place) => {
    ranks[response] = place + 1;
  });
  return ranks;
}

function withAverageWhereMissing(inputs: unknown): unknown {
  const { consistency } = (inputs ?? {}) as { consistency?: unknown };
  if (!Array.isArray(consistency) || !consistency.includes(null)) return inputs;
  const average = meanOf(consistency.filter((rate) => rate !== null));
  return { ...(inputs as object), consistency: consistency.map((rate) => rate ?? average) };
}
