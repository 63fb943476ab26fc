import { DType, lax, type numpy as np, valueAndGrad } from "../../jax.ts";
import { mapParameters, type Parameters } from "./parameters.ts";

/** A loss of evidence, traceable in float64: a scalar, and scalars to watch. Consumes the evidence. */
export type EvidenceLoss = (evidence: Parameters) => {
  readonly loss: np.Array;
  readonly metrics: { readonly [name: string]: np.Array };
};

/**
 * Carries a loss on evidence back to whatever made the evidence: `sum(stop_gradient(dL/de) * e)` has the gradient of
 * L(e) in all that e depends on. So the loss is computed in float64 and the policy in float32, and neither sees the
 * other. Traceable; consumes the evidence (float32).
 *
 * @returns `differentiable`, whose gradient is the loss's, and the loss itself, both scalars.
 */
export function throughEvidence(
  evidence: Parameters,
  loss: EvidenceLoss,
): { differentiable: np.Array; loss: np.Array; metrics: Record<string, np.Array> } {
  const exact = mapParameters(evidence, (array) => lax.stopGradient(array.ref).astype(DType.Float64));
  const traced = (arrays: Parameters): [np.Array, Record<string, np.Array>] => {
    const result = loss(arrays);
    return [result.loss, { ...result.metrics }];
  };
  const [[value, metrics], gradients] = valueAndGrad(traced, { hasAux: true })(exact) as unknown as [
    [np.Array, Record<string, np.Array>],
    Record<string, np.Array>,
  ];
  const products = Object.entries(evidence).map(([name, array]) =>
    lax.stopGradient(gradients[name].astype(array.dtype)).mul(array).sum(),
  );
  return { differentiable: products.reduce((sum, product) => sum.add(product)), loss: value, metrics };
}
