import type { Batch } from "../../engines/index.ts";
import { DType, numpy as np } from "../../jax.ts";
import type { LanguageConfig } from "./config.ts";
import { attend, type Layout, type Rotation, rotationOf, type Tail } from "./transformer.ts";

/** Added to the scores of what may not be attended to: its exponential is 0. */
export const HIDDEN = -1e9;

/** Where a token stands: `offset` in the prompt (`response` is null) or in a response. */
type Place = { readonly response: number | null; readonly offset: number };

/** `count` sequences of each example whose places are read alike. */
type Segment = { readonly count: number; readonly places: readonly Place[] };

/**
 * How the rows of a batch (`candidateArrays`) are prompts and responses: all of them, and those from the last places of
 * the prompts on, which alone are read of the last layer. Borrows the batch; `release` lets go what both are made of.
 */
export function candidateLayouts(
  config: LanguageConfig,
  batch: Batch,
): { whole: Layout; tail: Tail; release: () => void } {
  const { B, P } = sizesOf(batch);
  const segments = segmentsOf(batch);
  const [first, second] = segments;
  // What the first segment may see of itself, then, if there is a second, what that may see of the first and itself.
  const masks = [
    placesMask(batch.promptLengths, P, first.places),
    ...(second ? [hiddenPadding(batch.promptLengths, P, P), structureMask(second.places)] : []),
  ];
  const rotations = segments.map(({ places }) => rotationOf(config, positionsOf(batch.promptLengths, P, places)));
  const layout = (from: number) => candidateLayout(batch, from, segments, masks, rotations);
  return {
    whole: layout(0),
    tail: { ...layout(P - 1), firstRow: (P - 1) * B },
    release() {
      for (const array of [...masks, ...rotations.flatMap(({ cosines, sines }) => [cosines, sines])]) array.dispose();
    },
  };
}

/** The places of prompts of length P, padded on the left. */
export function promptPlaces(P: number): Place[] {
  return Array.from({ length: P }, (_, offset) => ({ response: null, offset }));
}

/**
 * Prompts and responses are two segments, so that no response is compared with another, or a prompt and all its
 * responses are one sequence, in which most comparisons are hidden: fewer and larger products, faster where that are
 * not many times more comparisons (10% with two responses of a prompt's length; with eight it takes half as long again).
 */
function segmentsOf(batch: Batch): Segment[] {
  const { P, K, R } = sizesOf(batch);
  const ofResponses = (count: number) =>
    Array.from({ length: count * R }, (_, n): Place => ({ response: Math.floor(n / R), offset: n % R }));
  const isSplit = (P + K * R) ** 2 > 2.5 * (P ** 2 + K * R * (P + R));
  return isSplit
    ? [
        { count: 1, places: promptPlaces(P) },
        { count: K, places: ofResponses(1) },
      ]
    : [{ count: 1, places: [...promptPlaces(P), ...ofResponses(K)] }];
}

/** The layout of a batch's rows whose queries begin at place `first`, of the prompt. Borrows masks and rotations. */
function candidateLayout(
  batch: Batch,
  first: number,
  segments: readonly Segment[],
  masks: readonly np.Array[],
  rotations: readonly Rotation[],
): Layout {
  const { B, P, K, R } = sizesOf(batch);
  const N = batch.tokens.shape[0] - first * B;
  const fromFirst = (array: np.Array) => array.ref.slice([], [], [], [first, array.shape[3]]);
  return {
    toHeads(x, heads) {
      const size = x.shape[1] / heads;
      const whole = padRows(x, (P + K * R - first) * B);
      let begin = 0;
      const parts = segments.map(({ count, places }, i) => {
        const length = places.length - (i === 0 ? first : 0);
        const rows = whole.ref.slice([begin, begin + count * length * B]);
        begin += count * length * B;
        return rows.reshape([count, length, B, heads, size]).transpose([2, 0, 3, 1, 4]);
      });
      whole.dispose();
      return parts;
    },
    fromHeads(parts) {
      const rows = parts.map((x) => {
        const [, count, heads, length, size] = x.shape;
        return x.transpose([1, 3, 0, 2, 4]).reshape([count * length * B, heads * size]);
      });
      const joined = rows.length === 1 ? rows[0] : np.concatenate(rows, 0);
      return joined.slice([0, N]);
    },
    rotations: rotations.map(({ cosines, sines }, i) =>
      i === 0 ? { cosines: fromFirst(cosines), sines: fromFirst(sines) } : { cosines, sines },
    ),
    attention([ofFirst, ofResponses], keys, values) {
      const mask = fromFirst(masks[0]);
      const attended = attend(ofFirst, [{ keys: keys[0].ref, values: values[0].ref, mask }]);
      mask.dispose();
      if (!ofResponses) return [attended];
      const sources = keys.map((own, i) => ({ keys: own, values: values[i], mask: masks[i + 1] }));
      return [attended, attend(ofResponses, sources)];
    },
  };
}

/**
 * [B, L] the position of each place in its own sequence: a response goes on where its prompt ends. Borrows the prompts'
 * lengths [B], as all of these.
 */
export function positionsOf(promptLengths: np.Array, P: number, places: readonly Place[]): np.Array {
  const own = Float32Array.from(places, ({ response, offset }) => (response === null ? offset - P : offset));
  const lengths = promptLengths.ref.astype(DType.Float32).reshape([-1, 1]);
  return np.maximum(np.array(own).reshape([1, -1]).add(lengths), np.array(0));
}

/**
 * [B, 1, 1, L, L] what each place may attend to: the structure, without the padding before the prompts, which sees
 * itself. Padding after a response's end is seen by nothing real.
 */
export function placesMask(promptLengths: np.Array, P: number, places: readonly Place[]): np.Array {
  const L = places.length;
  const others = Float32Array.from({ length: L * L }, (_, i) => (Math.floor(i / L) === i % L ? 0 : 1));
  const padding = hiddenPadding(promptLengths, P, L).mul(np.array(others).reshape([1, 1, 1, L, L]));
  return structureMask(places).add(padding);
}

/** [1, 1, 1, L, L] 0 where a token may attend: to the prompt, to earlier tokens of its response, and to itself. */
function structureMask(places: readonly Place[]): np.Array {
  const attends = (from: Place, to: Place) =>
    to.response === from.response ? to.offset <= from.offset : to.response === null;
  const hidden = Float32Array.from(places.flatMap((from) => places.map((to) => (attends(from, to) ? 0 : HIDDEN))));
  return np.array(hidden).reshape([1, 1, 1, places.length, places.length]);
}

/** [B, 1, 1, 1, L] hides, of the first L places, the padding before the prompts. */
function hiddenPadding(promptLengths: np.Array, P: number, L: number): np.Array {
  const firstReal = promptLengths.ref.astype(DType.Float32).reshape([-1, 1, 1, 1, 1]).mul(-1).add(P);
  return np.arange(L).astype(DType.Float32).reshape([1, 1, 1, 1, L]).less(firstReal).astype(DType.Float32).mul(HIDDEN);
}

/** [N, D] with zeros for the rows that a batch does without. Consumes `x`. */
export function padRows(x: np.Array, count: number): np.Array {
  return np.pad(x, [
    [0, count - x.shape[0]],
    [0, 0],
  ]);
}

/** B examples of K responses, of P prompt and R response tokens. */
export function sizesOf(batch: Batch): { B: number; K: number; P: number; R: number } {
  const [B, K, R] = batch.responses.shape;
  return { B, K, P: batch.prompts.shape[1], R };
}
