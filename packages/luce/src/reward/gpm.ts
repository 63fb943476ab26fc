/**
 * GPM: a general preference model that can represent cycles, and GPO, the policy optimiser that goes with it.
 *
 *   s(i, j) = sum_l lam_l (v_i[2l] v_j[2l+1] - v_i[2l+1] v_j[2l])          (skew-symmetric)
 *   model   L = -log sigmoid(s(chosen, rejected) / tau)
 *   t_i     = 1/K sum_j s(i, j)
 *   gpo     L = mean_i (log pi(y_i) - log pi_t(y_i) - t_i / beta)^2
 *
 * Embeddings are L2-normalised with `normalize`. In `gpo` the reference is the policy that sampled the K responses;
 * `select: "pair"` regresses only those with the highest and the lowest t. Extra outputs of `model`: `scores` (s)
 * and `probabilities` [B]; of `gpo`: `averageScores` (t) [B, K] and `selected`.
 *
 * @see arXiv 2410.02197, sections 3 to 5
 */
import * as z from "zod";
import { checkEqualLengths } from "../equal-lengths.ts";
import { LuceError } from "../errors.ts";
import { given, policy } from "../objectives/evidence.ts";
import { marginDiagnostics } from "../objectives/implicit-rewards.ts";
import { descendingRanks } from "../objectives/list-order.ts";
import { sigmoid, softplus } from "../objectives/numerics.ts";
import { defineComponent, defineObjective } from "../objectives/objective.ts";
import { constant, stack, type Tensor, where } from "../objectives/tensor.ts";

export const gpm = defineObjective({
  id: "gpm",
  name: "GPM / GPO",
  paper: "General Preference Modeling with Preference Representations for Aligning Language Models",
  arxiv: "2410.02197",
  kind: "reward-model",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: false,
  evidence: {
    chosenEmbeddings: policy(["B", "D"]),
    rejectedEmbeddings: policy(["B", "D"]),
    scales: given(["B", "L"], { optional: true }),
    policyLogps: policy(["B", "K"]),
    referenceLogps: given(["B", "K"]),
    scoreMatrix: given(["B", "K", "K"]),
  },
  reads: ({ component }) =>
    component === "model"
      ? ["chosenEmbeddings", "rejectedEmbeddings", "scales"]
      : ["policyLogps", "referenceLogps", "scoreMatrix"],
  params: z.object({
    component: z.enum(["model", "gpo"]).default("model"),
    tau: z.number().positive().default(0.1),
    normalize: z.boolean().default(true),
    beta: z.number().positive().default(0.001),
    select: z.enum(["all", "pair"]).default("all"),
  }),
  check({ chosenEmbeddings, scales }) {
    checkSize(chosenEmbeddings?.shape[1] ?? 0, scales?.shape[1]);
  },
  loss(evidence, { component, tau, normalize, beta, select }) {
    if (component === "gpo") return preferenceOptimisation(evidence, beta, select);
    const unit = (embeddings: Tensor) => {
      if (!normalize) return embeddings;
      const norm = embeddings.square().sum(-1, { keepDims: true }).sqrt();
      return embeddings.div(where(norm.greater(0), norm, 1));
    };
    const scores = preferenceScores(
      unit(evidence.chosenEmbeddings),
      unit(evidence.rejectedEmbeddings),
      evidence.scales,
    );
    const margins = scores.div(tau);
    return {
      perExample: softplus(margins.neg()),
      outputs: { scores, probabilities: sigmoid(margins) },
      diagnostics: marginDiagnostics(margins),
    };
  },
  components: {
    table: defineComponent({
      params: z.object({}),
      inputs: z.object({
        embeddings: z.array(z.array(z.number()).min(2)).min(1),
        scales: z.array(z.number()).optional(),
      }),
      evaluate: ({ embeddings, scales }) => ({ scoreMatrix: preferenceScoreTable(embeddings, scales) }),
    }),
  },
});

/**
 * s(i, j) of every ordered pair of K embeddings [K][2 L], O(K^2 L); `scales` [L] are 1 where absent.
 *
 * @throws LuceError `shape-mismatch`
 */
export function preferenceScoreTable(
  embeddings: readonly (readonly number[])[],
  scales?: readonly number[],
): number[][] {
  checkEqualLengths(Object.fromEntries(embeddings.map((embedding, i) => [`embeddings[${i}]`, embedding])));
  checkSize(embeddings[0]?.length ?? 0, scales?.length);
  const score = (a: readonly number[], b: readonly number[]) => {
    let sum = 0;
    for (let l = 0; 2 * l + 1 < a.length; l++) {
      sum += (scales?.[l] ?? 1) * (a[2 * l] * b[2 * l + 1] - a[2 * l + 1] * b[2 * l]);
    }
    return sum;
  };
  return embeddings.map((a) => embeddings.map((b) => score(a, b)));
}

function checkSize(size: number, scales: number | undefined): void {
  if (size % 2 === 0 && (scales === undefined || scales === size / 2)) return;
  throw new LuceError("shape-mismatch", `embeddings have ${size} values, scales ${scales ?? "none"}`, {
    hint: "an embedding has two values for every scale",
  });
}

/** [B, 2 L] each to [B]. */
function preferenceScores(first: Tensor, second: Tensor, scales: Tensor | undefined): Tensor {
  const blocks = (embeddings: Tensor) => embeddings.reshape([embeddings.shape[0], embeddings.shape[1] / 2, 2]);
  const [a, b] = [blocks(first), blocks(second)];
  const areas = a
    .at(2, 0)
    .mul(b.at(2, 1))
    .sub(a.at(2, 1).mul(b.at(2, 0)));
  return (scales ? areas.mul(scales) : areas).sum(-1);
}

function preferenceOptimisation(
  { policyLogps, referenceLogps, scoreMatrix }: Record<"policyLogps" | "referenceLogps" | "scoreMatrix", Tensor>,
  beta: number,
  select: "all" | "pair",
) {
  const averageScores = scoreMatrix.mean(-1);
  const everyone = averageScores.equal(averageScores);
  const highest = descendingRanks(averageScores, everyone).equal(1);
  const lowest = descendingRanks(averageScores.neg(), everyone).equal(1);
  const chosen = select === "all" ? everyone : highest.add(lowest);
  const index = constant(Array.from({ length: policyLogps.shape[1] }, (_, i) => i));
  const selected =
    select === "all" ? everyone.mul(index) : stack([highest.mul(index).sum(-1), lowest.mul(index).sum(-1)]);
  const residuals = policyLogps.sub(referenceLogps).sub(averageScores.div(beta));
  return {
    perExample: residuals.square().mul(chosen).sum(-1).div(chosen.sum(-1)),
    outputs: { averageScores, selected },
  };
}
