import type { LossThroughEvidence, Parameters } from "../../engines/index.ts";
import { DType, numpy as np } from "../../jax.ts";
import type { Objective } from "../../objectives/index.ts";
import { candidateEvidence } from "./evidence.ts";
import { type LanguagePolicy, modelOf } from "./policy.ts";

/** What the policy says of a batch of candidates, traceable. */
export type Said = {
  /** [B, K] log-probabilities of whole responses: sums over their tokens. */
  readonly sequenceLogps: np.Array;
  /** [B, K, R] of their tokens; 0 beyond a response's end. */
  readonly tokenLogps: np.Array;
};

/**
 * Any objective as the loss of a training step on batches of candidates (`candidateArrays`), fused into one program.
 *
 * @param named puts what the policy says under the names by which the objective reads it; consumes it. Whatever else
 *   the objective reads (the reference's log-probabilities, scores, masks) are arrays of the batch, by name.
 * @example
 *   objectiveLoss(policy, dpo, { beta: 0.1 }, ({ sequenceLogps }) => ({
 *     policyChosenLogps: sequenceLogps.ref.slice([], 0),
 *     policyRejectedLogps: sequenceLogps.slice([], 1),
 *   }))
 */
export function objectiveLoss(
  policy: LanguagePolicy,
  objective: Objective,
  params: Record<string, unknown>,
  named: (said: Said) => Parameters,
): LossThroughEvidence {
  return {
    evidence(parameters, frozen, batch) {
      const { tokenLogps, mask } = candidateEvidence(modelOf(policy, parameters, frozen), batch);
      mask.dispose();
      return named({ sequenceLogps: tokenLogps.ref.sum(-1), tokenLogps });
    },
    objective(evidence, batch) {
      const given = Object.keys(objective.evidence).filter((name) => Object.hasOwn(batch, name));
      const constants = Object.fromEntries(given.map((name) => [name, batch[name].ref]));
      const { loss, perExample, diagnostics } = objective.traceLoss({ ...evidence, ...constants }, params);
      perExample?.dispose();
      const B = batch.responses.shape[0];
      const count = np.array(B, { dtype: DType.Float64 });
      return { total: loss.mul(count.ref), count, metrics: diagnostics };
    },
  };
}
