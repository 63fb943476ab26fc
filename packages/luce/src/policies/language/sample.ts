import { type Batch, hold, type Parameters, release } from "../../engines/index.ts";
import { LuceError } from "../../errors.ts";
import { DType, jit, numpy as np } from "../../jax.ts";
import { createRandom, type Random } from "../../random.ts";
import { HIDDEN, placesMask, positionsOf, promptPlaces } from "./candidate-layout.ts";
import type { LanguageConfig } from "./config.ts";
import { drawToken, type Truncation } from "./draw-token.ts";
import { type LanguagePolicy, modelOf } from "./policy.ts";
import {
  attend,
  consecutiveRows,
  embed,
  finalNorm,
  logitsOf,
  type Model,
  rotationOf,
  runLayers,
} from "./transformer.ts";

export type SampleOptions = Truncation & {
  /** Tokens of a response, at most. */
  readonly maxTokens: number;
  /** Responses a prompt. Default 1. */
  readonly count?: number;
  /** The same seed gives the same responses, whatever else is in the batch. */
  readonly seed: number;
};

export type SampledResponse = {
  /** The response's tokens, the end mark included where it was drawn. */
  readonly tokens: readonly number[];
  /** Log-probability of each under the policy itself: temperature 1, nothing truncated. As scoring gives them. */
  readonly logps: readonly number[];
  /** False where `maxTokens` cut it off. */
  readonly finished: boolean;
};

type Programs = {
  prefill(weights: Parameters, prompt: Batch, slots: np.Array): { logits: np.Array; cache: Parameters };
  advance(weights: Parameters, cache: Parameters, at: Batch): { logits: np.Array; cache: Parameters };
};

const compiled = new WeakMap<LanguagePolicy, Programs>();

/**
 * Draws responses to prompts (token ids), all at once, each prompt read once a response and every further token at
 * the cost of one (keys and values are cached). Borrows the parameters.
 *
 * @returns [prompts][count]
 * @throws LuceError `invalid-input` for an empty prompt or one that leaves no room for `maxTokens`.
 */
export async function sample(
  policy: LanguagePolicy,
  parameters: Parameters,
  prompts: readonly (readonly number[])[],
  { maxTokens, count = 1, seed, ...truncation }: SampleOptions,
  frozen: Parameters = {},
): Promise<SampledResponse[][]> {
  const { config } = policy;
  const longest = checkPrompts(config, prompts, maxTokens);
  const P = Math.ceil(longest / 16) * 16;
  const rows = prompts.flatMap((prompt, i) =>
    Array.from(
      { length: count },
      (_, k): Row => ({
        prompt,
        random: createRandom(mixSeed(seed, i, k)),
        tokens: [],
        logps: [],
        finished: false,
      }),
    ),
  );
  const programs = programsOf(policy);
  const weights = modelOf(policy, parameters, frozen).weights;
  let { logits, cache } = programs.prefill(hold(weights), promptArrays(rows, P), np.zeros([1, P + maxTokens, 1]));
  for (let t = 0; ; t++) {
    const values = (await logits.data()) as Float32Array;
    for (const [n, row] of rows.entries()) {
      if (row.finished) continue;
      const drawn = drawToken(
        values.subarray(n * config.vocabularySize, (n + 1) * config.vocabularySize),
        truncation,
        row.random,
      );
      row.tokens.push(drawn.token);
      row.logps.push(drawn.logp);
      row.finished = config.eosTokens.includes(drawn.token);
    }
    if (t + 1 === maxTokens || rows.every(({ finished }) => finished)) break;
    ({ logits, cache } = programs.advance(hold(weights), cache, nextArrays(rows, P, t)));
  }
  release(cache);
  const responses = rows.map(({ tokens, logps, finished }) => ({ tokens, logps, finished }));
  return prompts.map((_, i) => responses.slice(i * count, (i + 1) * count));
}

type Row = { prompt: readonly number[]; random: Random; tokens: number[]; logps: number[]; finished: boolean };

function checkPrompts(config: LanguageConfig, prompts: readonly (readonly number[])[], maxTokens: number): number {
  for (const [i, prompt] of prompts.entries()) {
    const where = `prompt ${i}`;
    if (prompt.length === 0) throw new LuceError("invalid-input", "the prompt has no tokens", { where });
    if (prompt.length + maxTokens > config.maxPositions) {
      throw new LuceError(
        "invalid-input",
        `${prompt.length} tokens and ${maxTokens} more are too many: the model reads ${config.maxPositions}`,
        { where },
      );
    }
  }
  return prompts.reduce((longest, { length }) => Math.max(longest, length), 1);
}

/** A seed for response `k` of prompt `i` that depends on nothing else. */
function mixSeed(seed: number, i: number, k: number): number {
  return Math.imul(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ (i + 1), 0xc2b2ae35) ^ Math.imul(k + 1, 0x27d4eb2f);
}

function promptArrays(rows: readonly Row[], P: number): Batch {
  const tokens = new Int32Array(rows.length * P);
  for (const [n, { prompt }] of rows.entries()) tokens.set(prompt, (n + 1) * P - prompt.length);
  return {
    tokens: np.array(tokens, { dtype: DType.Int32 }),
    lengths: np.array(Float32Array.from(rows, ({ prompt }) => prompt.length)),
  };
}

/** What the next token is read with: the last tokens, their positions, and which slot of the cache is theirs. */
function nextArrays(rows: readonly Row[], P: number, t: number): Batch {
  return {
    tokens: np.array(
      Int32Array.from(rows, ({ tokens }) => tokens[tokens.length - 1]),
      { dtype: DType.Int32 },
    ),
    lengths: np.array(Float32Array.from(rows, ({ prompt }) => prompt.length)),
    slot: np.array(Float32Array.of(P + t)),
    first: np.array(Float32Array.from(rows, ({ prompt }) => P - prompt.length)),
  };
}

function programsOf(policy: LanguagePolicy): Programs {
  const known = compiled.get(policy);
  if (known) return known;
  const programs: Programs = {
    prefill: jit((weights: Parameters, prompt: Batch, slots: np.Array) =>
      prefill(modelOf(policy, weights), prompt, slots),
    ),
    advance: jit((weights: Parameters, cache: Parameters, at: Batch) => advance(modelOf(policy, weights), cache, at)),
  };
  compiled.set(policy, programs);
  return programs;
}

/** Reads the prompts; `slots` [1, T, 1] gives the length of the cache. */
function prefill(model: Model, { tokens, lengths }: Batch, slots: np.Array) {
  const N = lengths.shape[0];
  const P = tokens.shape[0] / N;
  const T = slots.shape[1];
  const places = promptPlaces(P);
  const mask = placesMask(lengths, P, places);
  const positions = positionsOf(lengths, P, places);
  const cache: Record<string, np.Array> = {};
  const rotation = rotationOf(model.config, positions);
  const stream = runLayers(model, embed(model, tokens), {
    ...consecutiveRows(N),
    rotations: [rotation],
    attention([queries], [keys], [values], layer) {
      const padded = (array: np.Array, axis: number) =>
        np.pad(
          array,
          array.shape.map((_, i) => (i === axis ? [0, T - P] : [0, 0])),
        );
      cache[`keys.${layer}`] = padded(keys.ref, 4);
      cache[`values.${layer}`] = padded(values.ref, 5);
      return [attend(queries, [{ keys, values, mask }])];
    },
  });
  const last = stream.reshape([N, P, model.config.hiddenSize]).slice([], P - 1);
  return { logits: logitsOf(model, finalNorm(model, last)), cache };
}

/** Reads one more token of each row into its slot of the cache. */
function advance(model: Model, cache: Parameters, { tokens, lengths, slot, first }: Batch) {
  const N = tokens.shape[0];
  const T = cache["keys.0"].shape[4];
  const places = np.arange(T).astype(DType.Float32);
  const here = places.ref.equal(slot.ref).astype(DType.Float32);
  const hidden = np.maximum(
    places.ref
      .reshape([1, T])
      .less(first.ref.reshape([N, 1]))
      .astype(DType.Float32),
    places.ref
      .reshape([1, T])
      .greater(slot.ref.reshape([1, 1]))
      .astype(DType.Float32),
  );
  const mask = hidden.mul(HIDDEN).reshape([N, 1, 1, 1, T]);
  // The slot of the first response token is the prompt's padded length; its position the prompt's own.
  const positions = lengths.add(slot.sub(first.add(lengths.ref))).reshape([N, 1]);
  const updated: Record<string, np.Array> = {};
  const rotation = rotationOf(model.config, positions);
  const stream = runLayers(model, embed(model, tokens), {
    ...consecutiveRows(N),
    rotations: [rotation],
    attention([queries], [keys], [values], layer) {
      const write = (name: string, array: np.Array, isHere: np.Array) => {
        const old = cache[`${name}.${layer}`].mul(np.array(1).sub(isHere.ref));
        updated[`${name}.${layer}`] = old.add(array.mul(isHere));
        return updated[`${name}.${layer}`].ref;
      };
      const written = {
        keys: write("keys", keys, here.ref.reshape([T, 1])),
        values: write("values", values, here.ref.reshape([1, T])),
      };
      return [attend(queries, [{ ...written, mask }])];
    },
  });
  return { logits: logitsOf(model, finalNorm(model, stream)), cache: updated };
}
