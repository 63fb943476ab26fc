import type { Batch } from "../../engines/index.ts";
import { DType, lax, numpy as np } from "../../jax.ts";
import { candidatePlaces, type Place } from "./batch.ts";
import {
  attend,
  embed,
  finalNorm,
  type Layout,
  logitsOf,
  type Model,
  type Rows,
  rotationOf,
  runLayers,
  type Tail,
} from "./transformer.ts";

/** Added to the scores of what may not be attended to: its exponential is 0. */
export const HIDDEN = -1e9;

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
 * Prompt and responses of an example are one row in which each response attends to the prompt and itself only.
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
  const [B, K, R] = batch.responses.shape;
  const D = model.config.hiddenSize;
  const stream = candidateStream(model, batch);
  // The last prompt token predicts every first response token, each response token the next.
  const last = np.broadcastTo(stream.ref.slice([0, B]).reshape([B, 1, 1, D]), [B, K, 1, D]);
  const before = stream.slice([B, (1 + K * (R - 1)) * B]);
  const states = R === 1 ? last : np.concatenate([last, before.reshape([K, R - 1, B, D]).transpose([2, 0, 1, 3])], 2);
  if (R === 1) before.dispose();
  return finalNorm(model, states.reshape([B * K * R, D]));
}

/**
 * Normed hidden states [B, K, hiddenSize] of the last token of each response, of a batch that `readsEnds`. Traceable;
 * borrows all.
 */
export function lastStates(model: Model, batch: Batch): np.Array {
  const [B, K, R] = batch.responses.shape;
  const D = model.config.hiddenSize;
  const stream = candidateStream(model, batch);
  const ends = (1 + K * (R - 1)) * B;
  const own = np
    .concatenate(
      [
        ...(R === 1 ? [] : [stream.ref.slice([B, ends]).reshape([K, R - 1, B, D])]),
        stream.slice([ends, ends + K * B]).reshape([K, 1, B, D]),
      ],
      1,
    )
    .transpose([2, 0, 1, 3]);
  const isLast = np
    .arange(R)
    .reshape([1, 1, R])
    .equal(batch.responseLengths.ref.sub(1).reshape([B, K, 1]));
  const chosen = own.mul(isLast.astype(DType.Float32).reshape([B, K, R, 1])).sum(2);
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
 * The residual stream after the last layer, its rows as the batch's tokens from the last of the prompts on: no other
 * place of a prompt is read.
 */
function candidateStream(model: Model, batch: Batch): np.Array {
  const mask = attentionMask(batch);
  const rotation = rotationOf(model.config, positionsOf(batch));
  const { B, P } = sizesOf(batch);
  const first = P - 1;
  const fromFirst = (array: np.Array) => array.ref.slice([], [], [first, array.shape[2]]);
  const tailMask = fromFirst(mask);
  const whole: Layout = {
    rows: candidateRows(batch, 0),
    rotation,
    attention: (queries, keys, values) => attend(queries, keys, values, mask),
  };
  const tail: Tail = {
    firstRow: first * B,
    rows: candidateRows(batch, first),
    rotation: { cosines: fromFirst(rotation.cosines), sines: fromFirst(rotation.sines) },
    attention: (queries, keys, values) => attend(queries, keys, values, tailMask),
  };
  const stream = runLayers(model, embed(model, batch.tokens), whole, tail);
  for (const array of [mask, tailMask, ...Object.values(rotation), ...Object.values(tail.rotation)]) array.dispose();
  return stream;
}

/** Place by place from `first` on; places beyond the rows are zeros that nothing real attends to. */
function candidateRows(batch: Batch, first: number): Rows {
  const { B, P, K, R } = sizesOf(batch);
  const S = P + K * R - first;
  const N = batch.tokens.shape[0] - first * B;
  return {
    toHeads(x, count) {
      const size = x.shape[1] / count;
      const whole =
        N === S * B
          ? x
          : np.pad(x, [
              [0, S * B - N],
              [0, 0],
            ]);
      return whole.reshape([S, B, count, size]).transpose([1, 2, 0, 3]);
    },
    fromHeads(x) {
      const [, count, , size] = x.shape;
      const whole = x.transpose([2, 0, 1, 3]).reshape([S * B, count * size]);
      return N === S * B ? whole : whole.slice([0, N]);
    },
  };
}

/** [B, S] the position of each place in its own sequence: a response goes on where its prompt ends. */
function positionsOf(batch: Batch): np.Array {
  const { P, K, R } = sizesOf(batch);
  const places = candidatePlaces({ P, K, R });
  const own = Float32Array.from(places, ({ response, offset }) => (response === null ? offset - P : offset));
  const lengths = batch.promptLengths.ref.astype(DType.Float32).reshape([-1, 1]);
  return np.maximum(np.array(own).reshape([1, -1]).add(lengths), np.array(0));
}

/** [B, 1, S, S] 0 where a token may attend: to earlier tokens of its prompt and response, and to itself. */
function attentionMask(batch: Batch): np.Array {
  const { B, P, K, R } = sizesOf(batch);
  const places = candidatePlaces({ P, K, R });
  const S = places.length;
  const attends = (from: Place, to: Place) =>
    to.response === from.response ? to.offset <= from.offset : to.response === null;
  const structure = Float32Array.from(places.flatMap((from) => places.map((to) => (attends(from, to) ? 0 : HIDDEN))));
  const itself = Float32Array.from({ length: S * S }, (_, index) => (Math.floor(index / S) === index % S ? 0 : 1));
  // Padding is only ever before a prompt or after a response's end, where nothing real looks but the prompt's readers.
  const firstReal = batch.promptLengths.ref.reshape([B, 1, 1, 1]).mul(-1).add(P);
  const padding = np
    .arange(S)
    .reshape([1, 1, 1, S])
    .less(firstReal)
    .astype(DType.Float32)
    .mul(np.array(itself).reshape([1, 1, S, S]));
  return np.array(structure).reshape([1, 1, S, S]).add(padding.mul(HIDDEN));
}

function sizesOf(batch: Batch): { B: number; K: number; P: number; R: number } {
  const [B, K, R] = batch.responses.shape;
  return { B, K, P: batch.prompts.shape[1], R };
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
