import { checkEqualLengths } from "../../equal-lengths.ts";

/** Hidden states of a model on one response, [L][T][H]: L layers or hook points, T tokens. */
export type HiddenStates = readonly (readonly (readonly number[])[])[];

/**
 * MaPO weights: how active the reference model is at each token. At each hook point the mean activation of a token
 * is rescaled to [0, 1] over the response tokens; the weight is the mean over hook points, 0 outside the response.
 * A hook point at which all response tokens are alike gives them weight 1.
 *
 * @param mask [T] 1 for a response token
 * @returns [T]
 * @throws LuceError `shape-mismatch`
 * @see arXiv 2410.05102, section 3.2
 */
export function activationWeights(activations: HiddenStates, mask: readonly number[]): number[] {
  const perHook = activations.map((tokens, hook) => {
    checkEqualLengths({ [`activations[${hook}]`]: tokens, mask });
    const means = tokens.map(mean);
    const response = means.filter((_, t) => mask[t] !== 0);
    const low = Math.min(...response);
    const range = Math.max(...response) - low;
    return means.map((value, t) => {
      if (mask[t] === 0) return 0;
      return range > 0 ? (value - low) / range : 1;
    });
  });
  return mask.map((_, t) => mean(perHook.map((weights) => weights[t])));
}

/** The head of SparsePO: a linear read-out for every layer [L][H], [L], and their mixture [L]. */
export type MaskHead = {
  readonly hidden: HiddenStates;
  readonly layerWeights: readonly (readonly number[])[];
  readonly layerBias: readonly number[];
  readonly mixer: readonly number[];
};

/**
 * The learned weights: layer norm (without affine parameters, biased variance), a linear read-out with ReLU for
 * every layer, a mixture of the layers with ReLU.
 *
 * @returns [T]
 * @throws LuceError `shape-mismatch`
 * @see arXiv 2410.05102, section 3.1
 */
export function learnedWeights({ hidden, layerWeights, layerBias, mixer }: MaskHead, layerNormEps: number): number[] {
  checkEqualLengths({ hidden, layerWeights, layerBias, mixer });
  const readOut = hidden.map((tokens, layer) =>
    tokens.map((state) => Math.max(0, dot(normalise(state, layerNormEps), layerWeights[layer]) + layerBias[layer])),
  );
  return hidden[0].map((_, t) =>
    Math.max(
      0,
      dot(
        mixer,
        readOut.map((weights) => weights[t]),
      ),
    ),
  );
}

function normalise(state: readonly number[], epsilon: number): number[] {
  const centre = mean(state);
  const variance = mean(state.map((value) => (value - centre) ** 2));
  return state.map((value) => (value - centre) / Math.sqrt(variance + epsilon));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
