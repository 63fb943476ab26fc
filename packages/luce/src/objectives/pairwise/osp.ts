/**
 * OSP: online self-preferring language models, trained on the strength of the model's own verdicts.
 *
 *   Delta = (log pi - log pi_ref)(y_w) - (log pi - log pi_ref)(y_l)
 *   L     = -p log sigmoid(beta Delta) - (1 - p) log sigmoid(-beta Delta)
 *
 * p is the judged probability that "chosen" is better, a constant. p = 1 is DPO. The optimum is finite:
 * beta Delta = log(p / (1 - p)).
 *
 * `rankByJudge` makes the pairs: the judge sees answers i and j in both orders, which cancels its position bias,
 *
 *   P_ij    = [ sigmoid(l_ij[0] - l_ij[1]) + sigmoid(l_ji[1] - l_ji[0]) ] / 2
 *   score_i = mean of P_ij over j other than i
 *
 * and every pair in the order of the scores keeps its P_ij as strength.
 *
 * @see arXiv 2405.14103 (soft-preference cross-entropy; pairing and debiasing as commonly done)
 */
import * as z from "zod";
import { checkEqualLengths } from "../../equal-lengths.ts";
import { LuceError } from "../../errors.ts";
import { given } from "../evidence.ts";
import { implicitMargins, marginDiagnostics } from "../implicit-rewards.ts";
import { logisticCrossEntropy } from "../numerics.ts";
import { defineComponent, defineObjective } from "../objective.ts";
import { policyPair, referencePair } from "../pair-evidence.ts";

export const osp = defineObjective({
  id: "osp",
  name: "OSP",
  paper: "Online Self-Preferring Language Models",
  arxiv: "2405.14103",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    ...policyPair,
    ...referencePair,
    strengths: given(["B"], { values: "probability" }),
  },
  params: z.object({ beta: z.number().positive().default(0.1) }),
  loss(evidence, { beta }) {
    const margins = implicitMargins(evidence, beta);
    return {
      perExample: logisticCrossEntropy(margins, evidence.strengths),
      diagnostics: marginDiagnostics(margins),
    };
  },
  components: {
    judge: defineComponent({
      params: z.object({}),
      inputs: z.object({ judgeLogits: z.array(z.array(z.tuple([z.number(), z.number()]).nullable())).min(2) }),
      evaluate: ({ judgeLogits }) => rankByJudge(judgeLogits),
    }),
  },
});

/** The logits of "the first is better" and "the second is better"; the diagonal is not read. */
type JudgeLogits = readonly (readonly (readonly [number, number] | null)[])[];

/**
 * Ranks K answers by a judge that saw every ordered pair.
 *
 * @param judgeLogits [K, K, 2]: entry (i, j) with answer i shown first and j second
 * @returns `pairs` holds winner and loser of all K (K - 1) / 2 pairs, in order of rank
 * @throws LuceError `shape-mismatch`; `invalid-input` for a pair without logits
 */
export function rankByJudge(judgeLogits: JudgeLogits): {
  strengthMatrix: number[][];
  scores: number[];
  order: number[];
  pairs: [number, number][];
  pairStrengths: number[];
} {
  for (const [i, row] of judgeLogits.entries()) checkEqualLengths({ judgeLogits, [`judgeLogits[${i}]`]: row });
  const firstBetter = (i: number, j: number) => {
    const logits = judgeLogits[i][j];
    if (logits) return 1 / (1 + Math.exp(logits[1] - logits[0]));
    throw new LuceError("invalid-input", `judgeLogits[${i}][${j}] is null, expected two logits`, {
      hint: "the judge sees every pair in both orders",
    });
  };
  const strengthMatrix = judgeLogits.map((row, i) =>
    row.map((_, j) => (i === j ? 0.5 : (firstBetter(i, j) + 1 - firstBetter(j, i)) / 2)),
  );
  const scores = strengthMatrix.map((row) => (row.reduce((sum, p) => sum + p, 0) - 0.5) / (row.length - 1));
  const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
  const pairs = order.flatMap((winner, rank) =>
    order.slice(rank + 1).map((loser): [number, number] => [winner, loser]),
  );
  return { strengthMatrix, scores, order, pairs, pairStrengths: pairs.map(([i, j]) => strengthMatrix[i][j]) };
}
