import type { Batch } from "../../engines/index.ts";
import { DType, lax, numpy as np } from "../../jax.ts";
import { candidateLayouts, padRows, sizesOf } from "./candidate-layout.ts";
import { embed, finalNorm, logitsOf, type Model, runLayers } from "./transformer.ts";

/** What the policy says of the candidates of a batch; see `candidateEvidence`. */
export type CandidateEvidence = {
  /** [B, K, R] log-probabilities of the response tokens; 0 beyond a response's end. */
  readonly tokenLogps: np.Array;
  /** [B, K, R] 1 where there is a response token, else 0. */
  readonly mask: np.Array;
  /** [B, K, R] entropies in nats of the distributions the tokens were drawn from; 0 beyond a response's end. */
  readonly entropies?: np.Array;
};

/**
 * Log-probabilities of the responses of a batch (`candidateArrays`) given their prompts. Traceable; borrows all.
 *
 * A prompt is read once for all its responses, each of which attends to the prompt and itself only.
 */
export function candidateEvidence(
  model: Model,
  batch: Batch,
  options: { entropies?: boolean } = {},
): CandidateEvidence {
  const [B, K, R] = batch.responses.shape;
  const hidden = predictingStates(model, batch);
  const logits = logitsOf(model, hidden);
  const mask = responseMask(batch);
  const tokens = batch.responses.ref.reshape([B * K * R, 1]);
  const { logps, entropies } = pickLogProbabilities(logits, tokens, options.entropies === true);
  const masked = (values: np.Array) => values.reshape([B, K, R]).mul(mask.ref);
  return { tokenLogps: masked(logps), ...(entropies && { entropies: masked(entropies) }), mask };
}

/** Normed hidden states [B * K * R, hiddenSize] at the places whose logits predict the response tokens. */
export function predictingStates(model: Model, batch: Batch): np.Array {
  const { B, K, R } = sizesOf(batch);
  const D = model.config.hiddenSize;
  const { lastOfPrompts, responses } = candidateStates(model, batch);
  // The last prompt token predicts every first response token, each response token the next.
  const first = np.broadcastTo(lastOfPrompts.reshape([B, 1, 1, D]), [B, K, 1, D]);
  const before = responses.slice([], [], [0, R - 1]);
  const states = R === 1 ? first : np.concatenate([first, before], 2);
  if (R === 1) before.dispose();
  return finalNorm(model, states.reshape([B * K * R, D]));
}

/**
 * Normed hidden states [B, K, hiddenSize] of the last token of each response, of a batch that `readsEnds`. Traceable;
 * borrows all.
 */
export function lastStates(model: Model, batch: Batch): np.Array {
  const { B, K, R } = sizesOf(batch);
  const D = model.config.hiddenSize;
  const { lastOfPrompts, responses } = candidateStates(model, batch);
  lastOfPrompts.dispose();
  const isLast = np
    .arange(R)
    .reshape([1, 1, R])
    .equal(batch.responseLengths.ref.sub(1).reshape([B, K, 1]));
  const chosen = responses.mul(isLast.astype(DType.Float32).reshape([B, K, R, 1])).sum(2);
  return finalNorm(model, chosen.reshape([B * K, D])).reshape([B, K, D]);
}

/** [B, K, R] 1 at the tokens of the responses. Borrows the batch. */
export function responseMask(batch: Batch): np.Array {
  const [B, K, R] = batch.responses.shape;
  return np
    .arange(R)
    .reshape([1, 1, R])
    .less(batch.responseLengths.ref.reshape([B, K, 1]))
    .astype(DType.Float32);
}

/**
 * The residual stream after the last layer: of the last token of each prompt, [B, hiddenSize], and of the responses,
 * [B, K, R, hiddenSize]. No other place of a prompt is read.
 */
function candidateStates(model: Model, batch: Batch): { lastOfPrompts: np.Array; responses: np.Array } {
  const { B, K, R } = sizesOf(batch);
  const D = model.config.hiddenSize;
  const { whole, tail, release } = candidateLayouts(model.config, batch);
  const stream = padRows(runLayers(model, embed(model, batch.tokens), whole, tail), (1 + K * R) * B);
  release();
  return {
    lastOfPrompts: stream.ref.slice([0, B]),
    responses: stream.slice([B, stream.shape[0]]).reshape([K, R, B, D]).transpose([2, 0, 1, 3]),
  };
}

/** Log-probabilities of chosen tokens [N, 1] under logits [N, V], and entropies if wanted; both [N]. Consumes both. */
export function pickLogProbabilities(
  logits: np.Array,
  tokens: np.Array,
  wantsEntropies: boolean,
): { logps: np.Array; entropies?: np.Array } {
  const V = logits.shape[1];
  const shifted = logits.ref.sub(lax.stopGradient(logits.max(-1, { keepdims: true })));
  const exponentials = np.exp(shifted.ref);
  const totals = exponentials.ref.sum(-1);
  const logTotals = np.log(totals.ref);
  // A comparison instead of a gather: its gradient is a comparison too, not a scatter.
  const chosen = np.where(np.arange(V).reshape([1, V]).equal(tokens), shifted.ref, np.array(0)).sum(-1);
  const logps = chosen.sub(logTotals.ref);
  if (!wantsEntropies) {
    for (const unused of [shifted, exponentials, totals, logTotals]) unused.dispose();
    return { logps };
  }
  const expected = exponentials.mul(shifted).sum(-1).div(totals);
  return { logps, entropies: logTotals.sub(expected) };
}
