import type { Parameters } from "../../engines/index.ts";
import { lax, nn, numpy as np } from "../../jax.ts";
import type { LanguageConfig } from "./config.ts";
import { adapterName, type LowRank } from "./low-rank.ts";

/** What the transformer computes with: the shape, its weights by name, and low-rank adapters where it has them. */
export type Model = {
  readonly config: LanguageConfig;
  readonly weights: Parameters;
  readonly adapters: LowRank | null;
};

/** Cosines and sines of rotary positions, [B, 1, 1, L, 2, headSize / 2], as `rotate` applies them. */
export type Rotation = { readonly cosines: np.Array; readonly sines: np.Array };

/**
 * How the rows of the residual stream are sequences. Rows that attend alike are a segment: K sequences of length L of
 * each of B examples.
 */
export type Layout = {
  /** [N, count * headSize] to [B, K, count, L, headSize] for each segment. Consumes `x`. */
  toHeads(x: np.Array, count: number): np.Array[];
  /** [B, K, count, L, headSize] of each segment to [N, count * headSize]. Consumes the segments. */
  fromHeads(segments: readonly np.Array[]): np.Array;
  /** For each segment. */
  readonly rotations: readonly Rotation[];
  /** Each segment's queries to what they attend to, by `attend`. */
  attention(
    queries: readonly np.Array[],
    keys: readonly np.Array[],
    values: readonly np.Array[],
    layer: number,
  ): np.Array[];
};

/** The rows from `firstRow` on, and the layout of their queries. */
export type Tail = Layout & { readonly firstRow: number };

/** One sequence after the other, as one segment. */
export function consecutiveRows(batch: number): Pick<Layout, "toHeads" | "fromHeads"> {
  return {
    toHeads: (x, count) => [
      x.reshape([batch, 1, x.shape[0] / batch, count, x.shape[1] / count]).transpose([0, 1, 3, 2, 4]),
    ],
    fromHeads([x]) {
      const [, , count, length, size] = x.shape;
      return x.transpose([0, 1, 3, 2, 4]).reshape([batch * length, count * size]);
    },
  };
}

/**
 * The decoder: embeddings [N, hiddenSize] to the residual stream after the last layer, before the last norm.
 * Traceable; consumes the embeddings, borrows the rest.
 *
 * @param tail what is read of the last layer, if not all: the rows before it give it their keys and values alone
 * @returns [N, hiddenSize], or the rows of the tail
 */
export function runLayers(model: Model, embeddings: np.Array, whole: Layout, tail?: Tail): np.Array {
  const { config, weights } = model;
  let stream = embeddings;
  for (let layer = 0; layer < config.layers; layer++) {
    const at = (part: string) => `model.layers.${layer}.${part}`;
    const normed = asFactor(rmsNorm(stream.ref, weights[`${at("input_layernorm")}.weight`], config.normEpsilon));
    const isTail = tail !== undefined && layer === config.layers - 1;
    const { toHeads, fromHeads, rotations, attention } = isTail ? tail : whole;
    const read = (x: np.Array) => (isTail ? x.slice([tail.firstRow, x.shape[0]]) : x);
    const queries = toHeads(linear(model, at("self_attn.q_proj"), read(normed.ref)), config.heads).map((heads, i) =>
      rotate(heads, rotations[i]),
    );
    const keys = whole
      .toHeads(linear(model, at("self_attn.k_proj"), normed.ref), config.keyValueHeads)
      .map((heads, i) => np.expandDims(rotate(heads, whole.rotations[i]), 3));
    const values = whole
      .toHeads(linear(model, at("self_attn.v_proj"), normed), config.keyValueHeads)
      .map((heads) => writeDown(np.expandDims(heads.transpose([0, 1, 2, 4, 3]), 3)));
    const attended = fromHeads(attention(queries, keys, values, layer));
    stream = read(stream).add(linear(model, at("self_attn.o_proj"), asFactor(attended)));

    const between = asFactor(
      rmsNorm(stream.ref, weights[`${at("post_attention_layernorm")}.weight`], config.normEpsilon),
    );
    const gate = nn.silu(linear(model, at("mlp.gate_proj"), between.ref));
    const up = linear(model, at("mlp.up_proj"), between);
    stream = stream.add(linear(model, at("mlp.down_proj"), asFactor(gate.mul(up))));
  }
  return stream;
}

/**
 * Token ids [N] to their embeddings [N, hiddenSize]. Borrows the ids, which must be an input of the traced function
 * (jax-js 0.1.25 compiles the scatter of its gradient only for whole arrays).
 */
export function embed({ weights }: Model, tokens: np.Array): np.Array {
  return np.take(weights["model.embed_tokens.weight"].ref, tokens.ref, 0);
}

/** Residual stream [N, hiddenSize] to normed hidden states. Consumes it. */
export function finalNorm({ config, weights }: Model, hidden: np.Array): np.Array {
  return rmsNorm(hidden, weights["model.norm.weight"], config.normEpsilon);
}

/** Normed hidden states [N, hiddenSize] to logits [N, vocabularySize]. Consumes them. */
export function logitsOf({ config, weights }: Model, hidden: np.Array): np.Array {
  const head = weights[config.tiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight"];
  return multiplyTransposed(asFactor(hidden), head.ref);
}

/** Positions [B, S] (floats) to their rotation. Consumes them. */
export function rotationOf(config: LanguageConfig, positions: np.Array): Rotation {
  const half = config.headSize / 2;
  const [batch, length] = positions.shape;
  const frequencies = np.array(Float32Array.from({ length: half }, (_, i) => config.ropeTheta ** (-i / half)));
  const angles = positions.reshape([batch, 1, 1, length, 1, 1]).mul(frequencies.reshape([half]));
  const signs = np.array([-1, 1]).reshape([2, 1]);
  return {
    cosines: np.cos(angles.ref),
    sines: np.sin(angles).mul(signs),
  };
}

/** Root-mean-square norm over the last axis. Consumes `x`, borrows the gain. */
function rmsNorm(x: np.Array, gain: np.Array, epsilon: number): np.Array {
  const meanSquare = np.square(x.ref).mean(-1, { keepdims: true }).add(epsilon);
  return x.mul(inverseRoot(meanSquare)).mul(gain.ref);
}

/**
 * x^-1/2. Consumes `x`. A step of Newton's method from the value itself: its derivative is that of the root, without
 * the division by one, which would be made for each element that the root multiplies.
 */
function inverseRoot(x: np.Array): np.Array {
  const root = lax.stopGradient(np.reciprocal(np.sqrt(x.ref)));
  return root.ref.mul(x.mul(root.ref).mul(root).mul(-0.5).add(1.5));
}

/** x [N, 1, in] times the named matrix [out, in] transposed, and its adapter: [N, out]. Consumes `x`. */
function linear({ weights, adapters }: Model, name: string, x: np.Array): np.Array {
  const down = adapters && weights[adapterName(name, "A")];
  if (!down) return multiplyTransposed(x, weights[`${name}.weight`].ref);
  const up = weights[adapterName(name, "B")];
  const change = multiplyTransposed(asFactor(multiplyTransposed(x.ref, down.ref)), up.ref);
  return multiplyTransposed(x, weights[`${name}.weight`].ref).add(change.mul(adapters.alpha / adapters.rank));
}

/**
 * [N, in] as a product reads it, [N, 1, in]. Made once for all the products that read it: jax-js (0.1.25) copies an
 * array that is reshaped and then read by more than one kernel, as each product's gradient reads its factors again.
 */
function asFactor(x: np.Array): np.Array {
  return writeDown(x.reshape([x.shape[0], 1, x.shape[1]]));
}

/**
 * The array itself. jax-js (0.1.25) reads what is only padded, sliced or transposed where it stands, element by element
 * inside the product; what is negated twice is written down first, once, and the product is ten times faster.
 */
function writeDown(x: np.Array): np.Array {
  return np.negative(np.negative(x));
}

/** [N, 1, in] x [out, in] -> [N, out]. */
function multiplyTransposed(x: np.Array, matrix: np.Array): np.Array {
  return np.vecdot(x, matrix);
}

/** Turns the pairs (i, i + headSize / 2) of each head by the angle of their position: halves exchanged, not joined. */
function rotate(heads: np.Array, { cosines, sines }: Rotation): np.Array {
  const shape = heads.shape;
  const halves = heads.reshape([...shape.slice(0, -1), 2, shape[shape.length - 1] / 2]);
  return halves.ref.mul(cosines.ref).add(np.flip(halves, -2).mul(sines.ref)).reshape(shape);
}

/** What queries may look at: sequences of length T, the same for all K sequences of a segment where theirs is 1. */
export type Source = {
  /** [B, K or 1, keyValueHeads, 1, T, headSize] */
  readonly keys: np.Array;
  /** [B, K or 1, keyValueHeads, 1, headSize, T] */
  readonly values: np.Array;
  /** [B or 1, 1, 1, L or 1, T], added to the scores: 0, or a number that exp sends to 0. */
  readonly mask: np.Array;
};

/**
 * Softmax attention of queries [B, K, heads, L, headSize] to all their sources at once, as if these were one. Consumes
 * the queries, keys and values, borrows the masks.
 *
 * @returns [B, K, heads, L, headSize]
 */
export function attend(queries: np.Array, sources: readonly Source[]): np.Array {
  const [B, K, heads, L, headSize] = queries.shape;
  const groups = sources[0].keys.shape[2];
  // Queries that share keys stand one below the other.
  const grouped = writeDown(queries.reshape([B, K, groups, (heads / groups) * L, 1, headSize]));
  const scores = sources.map(({ keys, mask }) => {
    const products = np.vecdot(grouped.ref, keys).mul(1 / Math.sqrt(headSize));
    return products.reshape([B, K, heads, L, mask.shape[4]]).add(mask.ref);
  });
  grouped.dispose();
  const highest = scores.map((each) => highestOf(each.ref)).reduce((a, b) => np.maximum(a, b));
  const weights = scores.map((each) => {
    const exponentials = np.exp(each.sub(lax.stopGradient(highest.ref)));
    return exponentials.reshape([B, K, groups, (heads / groups) * L, 1, exponentials.shape[4]]);
  });
  highest.dispose();
  const totals = sumOf(weights.map((each) => each.ref.sum(-1)));
  const mixed = sumOf(weights.map((each, i) => np.vecdot(each, sources[i].values)));
  return mixed.mul(np.reciprocal(totals)).reshape([B, K, heads, L, headSize]);
}

function sumOf(arrays: readonly np.Array[]): np.Array {
  return arrays.reduce((a, b) => a.add(b));
}

/** The maximum over the last axis, kept as 1. Consumes `x`. In two stages: the first compares 4 columns at once. */
function highestOf(x: np.Array): np.Array {
  const width = x.shape[x.shape.length - 1];
  const staged = width % 4 === 0 ? x.reshape([...x.shape.slice(0, -1), width / 4, 4]).max(-2) : x;
  return staged.max(-1, { keepdims: true });
}
