/**
 * SPO: self-supervised preference optimisation, which makes the model aware of degrees of quality.
 *
 *   L_degree = [ CE(chosenDegreeLogits, label) + CE(rejectedDegreeLogits, label) ] / 2
 *   L        = -log sigmoid(beta Delta) + gamma L_degree
 *
 * The degree logits come from a head on the hidden state of one degraded variant of each response; the label is
 * how many key phrases were removed (`degradeText`). Extra outputs `alignTerm` and `degreeTerm` [B].
 *
 * @see arXiv 2409.17791 (the head, the labels and the weight follow the paper's description)
 */
import * as z from "zod";
import { given, policy } from "../evidence.ts";
import { implicitMargins, marginDiagnostics } from "../implicit-rewards.ts";
import { logSumExp, softplus } from "../numerics.ts";
import { defineComponent, defineObjective } from "../objective.ts";
import { policyPair, referencePair } from "../pair-evidence.ts";
import { constant, type Tensor } from "../tensor.ts";
import { degradeText } from "./degraded-variants.ts";

export const selfSupervisedPo = defineObjective({
  id: "self-supervised-po",
  name: "SPO",
  paper: "Self-supervised Preference Optimization: Enhance Your Language Model with Preference Degree Awareness",
  arxiv: "2409.17791",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    ...policyPair,
    ...referencePair,
    chosenDegreeLogits: policy(["B", "C"]),
    rejectedDegreeLogits: policy(["B", "C"]),
    chosenDegreeLabels: given(["B"], { values: { indexOf: "C" } }),
    rejectedDegreeLabels: given(["B"], { values: { indexOf: "C" } }),
  },
  params: z.object({
    beta: z.number().positive().default(0.1),
    gamma: z.number().nonnegative().default(0.1),
  }),
  loss(evidence, { beta, gamma }) {
    const margins = implicitMargins(evidence, beta);
    const alignTerm = softplus(margins.neg());
    const degreeTerm = crossEntropy(evidence.chosenDegreeLogits, evidence.chosenDegreeLabels)
      .add(crossEntropy(evidence.rejectedDegreeLogits, evidence.rejectedDegreeLabels))
      .mul(0.5);
    return {
      perExample: alignTerm.add(degreeTerm.mul(gamma)),
      outputs: { alignTerm, degreeTerm },
      diagnostics: marginDiagnostics(margins),
    };
  },
  components: {
    "keyword-removal": defineComponent({
      params: z.object({ degrees: z.number().int().min(1).default(3) }),
      inputs: z.object({ tokens: z.array(z.string()), stopWords: z.array(z.string()) }),
      evaluate: ({ tokens, stopWords }, { degrees }) => degradeText(tokens, stopWords, degrees),
    }),
  },
});

/** [B, C] logits and [B] labels to [B]. */
function crossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const classes = constant(Array.from({ length: logits.shape[1] }, (_, c) => c));
  const picked = labels.expandDims(-1).equal(classes).mul(logits).sum(-1);
  return logSumExp(logits, -1).sub(picked);
}
