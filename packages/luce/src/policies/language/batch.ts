import type { Batch } from "../../engines/index.ts";
import { LuceError } from "../../errors.ts";
import { DType, numpy as np } from "../../jax.ts";
import type { LanguageConfig } from "./config.ts";

/** A prompt and its candidate responses, as token ids. */
export type Candidates = { readonly prompt: readonly number[]; readonly responses: readonly (readonly number[])[] };

/**
 * Candidates laid out so that the prompt is read once: prompts padded on the left, responses on the right, so that
 * each ends and begins at a fixed place.
 */
export type CandidateBatch = {
  /** B examples, K responses each, P prompt tokens, R response tokens. */
  readonly sizes: { readonly B: number; readonly K: number; readonly P: number; readonly R: number };
  /** [B, P] */
  readonly prompts: Int32Array<ArrayBuffer>;
  /** [B, K, R] */
  readonly responses: Int32Array<ArrayBuffer>;
  /** [B] */
  readonly promptLengths: Int32Array<ArrayBuffer>;
  /** [B, K]; 0 for a response that is not there. */
  readonly responseLengths: Int32Array<ArrayBuffer>;
};

export type PaddingOptions = {
  /** Prompts and responses are padded to the next multiple of it, so that few shapes are compiled. Default 16. */
  multiple?: number;
  /** Pads further, to at least these lengths. */
  promptLength?: number;
  responseLength?: number;
};

/**
 * Pads prompts and their responses into one batch. Examples may have different numbers of responses: the missing
 * ones have length 0.
 *
 * @throws LuceError `invalid-input` naming the example whose prompt or response is empty, whose tokens are not in the
 *   vocabulary, or that is longer than the model's positions.
 */
export function batchCandidates(
  config: LanguageConfig,
  examples: readonly Candidates[],
  { multiple = 16, promptLength = 0, responseLength = 0 }: PaddingOptions = {},
): CandidateBatch {
  if (examples.length === 0) throw new LuceError("invalid-input", "a batch needs at least one example");
  examples.forEach((example, i) => {
    checkExample(config, example, i);
  });
  const roundUp = (length: number) => Math.ceil(length / multiple) * multiple;
  const B = examples.length;
  const K = Math.max(...examples.map(({ responses }) => responses.length));
  const longest = (lengths: number[]) => lengths.reduce((a, b) => Math.max(a, b), 1);
  const P = Math.max(promptLength, roundUp(longest(examples.map(({ prompt }) => prompt.length))));
  const R = Math.max(responseLength, roundUp(longest(examples.flatMap((e) => e.responses.map((r) => r.length)))));
  const batch: CandidateBatch = {
    sizes: { B, K, P, R },
    prompts: new Int32Array(B * P),
    responses: new Int32Array(B * K * R),
    promptLengths: Int32Array.from(examples, ({ prompt }) => prompt.length),
    responseLengths: new Int32Array(B * K),
  };
  for (const [b, { prompt, responses }] of examples.entries()) {
    batch.prompts.set(prompt, (b + 1) * P - prompt.length);
    for (const [k, response] of responses.entries()) {
      batch.responses.set(response, (b * K + k) * R);
      batch.responseLengths[b * K + k] = response.length;
    }
  }
  return batch;
}

/**
 * The batch's arrays in the engine, and `tokens` [N]: what the transformer reads, place by place, each place of all
 * examples in turn. The places are the prompts', then each response's. The last place of the last response predicts
 * nothing: unless `readsEnds`, some examples do without it, where N is a faster number of rows than B (P + K R).
 */
export function candidateArrays(
  { sizes: { B, K, P, R }, ...batch }: CandidateBatch,
  { readsEnds = false }: { readsEnds?: boolean } = {},
): Batch {
  const integers = (data: Int32Array<ArrayBuffer>, ...shape: number[]) => np.array(data, { shape, dtype: DType.Int32 });
  const all = B * (P + K * R);
  const tokens = new Int32Array(readsEnds ? all : fastRows(all - B, all));
  for (let row = 0; row < tokens.length; row++) {
    const place = Math.floor(row / B);
    const b = row % B;
    tokens[row] = place < P ? batch.prompts[b * P + place] : batch.responses[b * K * R + place - P];
  }
  return {
    tokens: integers(tokens, tokens.length),
    prompts: integers(batch.prompts, B, P),
    responses: integers(batch.responses, B, K, R),
    promptLengths: integers(batch.promptLengths, B),
    responseLengths: integers(batch.responseLengths, B, K),
  };
}

/**
 * The least number of rows, from `least` to `most`, whose matrix products are fast, or `most`. jax-js (0.1.25,
 * WebAssembly) multiplies 4 rows by 16 columns at once where 4 divides the rows, for which x86 has too few vector
 * registers, else 2 rows: 1.4 times faster. And it sums over rows, as weights' gradients do, in blocks of their greatest
 * divisor up to 64. Not more rows than `most`: threads share blocks of 128, of which one row more makes one more.
 */
function fastRows(least: number, most: number): number {
  if (most < 256) return most;
  const hasBlock = (rows: number) => Array.from({ length: 33 }, (_, i) => 32 + i).some((block) => rows % block === 0);
  for (let rows = least; rows < most; rows++) if (rows % 4 === 2 && hasBlock(rows)) return rows;
  return most;
}

function checkExample({ vocabularySize, maxPositions }: LanguageConfig, example: Candidates, index: number): void {
  const fail = (message: string, hint?: string) => {
    throw new LuceError("invalid-input", message, { where: `example ${index}`, ...(hint !== undefined && { hint }) });
  };
  const { prompt, responses } = example;
  if (prompt.length === 0) fail("the prompt has no tokens", "begin it with the model's first token");
  if (responses.length === 0) fail("there is no response");
  for (const [k, response] of responses.entries()) {
    if (response.length === 0) fail(`response ${k} has no tokens`, "end responses with the model's last token");
    if (prompt.length + response.length > maxPositions) {
      fail(`prompt and response ${k} have ${prompt.length + response.length} tokens, the model reads ${maxPositions}`);
    }
  }
  for (const tokens of [prompt, ...responses]) {
    const strange = tokens.find((token) => !(Number.isInteger(token) && token >= 0 && token < vocabularySize));
    if (strange !== undefined) fail(`token ${strange} is not in the vocabulary of ${vocabularySize}`);
  }
}
