import {
  type Batch,
  createTrainStep,
  hold,
  type LearnerState,
  type Parameters,
  release,
  type Transform,
} from "../engines/index.ts";
import { LuceError } from "../errors.ts";
import { DType, jit, numpy as np } from "../jax.ts";
import { lastStates, pickLogProbabilities, predictingStates } from "../policies/language/evidence.ts";
import {
  batchCandidates,
  type CandidateBatch,
  candidateArrays,
  type LanguagePolicy,
  modelOf,
  type PaddingOptions,
  responseMask,
  rewardHead,
  type Tokenizer,
} from "../policies/language/index.ts";
import { logitsOf } from "../policies/language/transformer.ts";
import type { Sequence } from "./examples.ts";
import type { TokenEvidence, TokenGradient } from "./policy.ts";

/** What a language model is asked to yield; heads are linear, without bias, on its last hidden states. */
export type LanguageYield = "logps" | "values" | "rewards";

/** Names of the heads among the parameters, [1, hiddenSize] each; the reward's is Hugging Face's. */
export const headNames = { rewards: rewardHead, values: "value.weight" } as const;

type Yielded = Partial<Record<LanguageYield | "entropies", np.Array>>;

/** How text becomes the tokens of a batch. */
export type LanguageLayout = {
  readonly policy: LanguagePolicy;
  readonly tokenizer: Tokenizer;
  readonly padding?: PaddingOptions;
};

/** The compiled programs of a language model under training: evidence of sequences, and a step along a gradient. */
export type LanguagePrograms = {
  readonly layout: LanguageLayout;
  /** Borrows the parameters. */
  evidence(parameters: Parameters, frozen: Parameters, sequences: readonly Sequence[]): Promise<TokenEvidence>;
  start(parameters: Parameters): LearnerState;
  /** One update along the gradient that `gradientOf` makes of the evidence. Consumes the state, borrows `frozen`. */
  learn(
    state: LearnerState,
    frozen: Parameters,
    sequences: readonly Sequence[],
    gradientOf: (evidence: TokenEvidence) => Promise<TokenGradient>,
  ): Promise<{ state: LearnerState; gradientNorm: number }>;
  dispose(): void;
};

/**
 * Compiles forward and backward once for all objectives: the gradient of the evidence is an input of the backward
 * program, `sum(gradient * evidence)` what it differentiates. A step reads its prompts in `accumulate` parts, one after
 * the other, so that only one part's activations are in memory; the objective sees the evidence of all of them. That costs a second forward pass: residuals cannot be
 * kept between programs, because jax-js (0.1.25) remembers every traced derivative of a compiled function for ever.
 */
export function compileLanguagePrograms(
  layout: LanguageLayout,
  transform: Transform,
  yields: readonly LanguageYield[] = ["logps"],
  { accumulate = 1 }: { accumulate?: number } = {},
): LanguagePrograms {
  const evidenceOf = (parameters: Parameters, frozen: Parameters, batch: Batch, entropies: boolean): Yielded => {
    const model = modelOf(layout.policy, parameters, frozen);
    const [B, K, R] = batch.responses.shape;
    const yielded: Yielded = {};
    const apply = (states: np.Array, head: string, shape: number[]) =>
      np.dot(states, model.weights[head].ref.reshape([-1])).reshape(shape);
    if (yields.includes("logps") || yields.includes("values")) {
      const states = predictingStates(model, batch);
      const mask = responseMask(batch);
      const masked = (array: np.Array) => array.reshape([B, K, R]).mul(mask.ref);
      if (yields.includes("values")) yielded.values = masked(apply(states.ref, headNames.values, [B, K, R]));
      const tokens = batch.responses.ref.reshape([B * K * R, 1]);
      const picked = pickLogProbabilities(logitsOf(model, states), tokens, entropies);
      yielded.logps = masked(picked.logps);
      if (picked.entropies) yielded.entropies = masked(picked.entropies);
      mask.dispose();
    }
    if (yields.includes("rewards"))
      yielded.rewards = apply(lastStates(model, batch).reshape([B * K, -1]), headNames.rewards, [B, K]);
    return yielded;
  };
  const forward = jit((parameters: Parameters, frozen: Parameters, batch: Batch) =>
    evidenceOf(parameters, frozen, batch, true),
  );
  const readsEnds = yields.includes("rewards");
  const trainStep = createTrainStep({
    transform,
    loss(parameters, frozen, batch) {
      const products = Object.entries(evidenceOf(parameters, frozen, batch, false)).map(([name, array]) =>
        array.mul(batch[gradientName(name)].ref).sum(),
      );
      const zero = () => np.array(0, { dtype: DType.Float32 });
      return {
        differentiable: products.reduce((sum, product) => sum.add(product)),
        total: zero(),
        count: np.array(1, { dtype: DType.Float32 }),
        metrics: {},
      };
    },
  });

  return {
    layout,
    async evidence(parameters, frozen, sequences) {
      const { batch, places } = layOut(layout, sequences);
      const yielded = forward(hold(parameters), hold(frozen), candidateArrays(batch, { readsEnds })) as Yielded;
      return readEvidence(batch, places, yielded);
    },
    start: trainStep.start,
    async learn(state, frozen, sequences, gradientOf) {
      const parts = partsOf(sequences, accumulate).map((members) => {
        const laidOut = layOut(
          layout,
          members.map((n) => sequences[n]),
        );
        const arrays: Record<string, np.Array> = { ...candidateArrays(laidOut.batch, { readsEnds }) };
        return { members, ...laidOut, arrays };
      });
      const said: TokenEvidence[] = [];
      for (const { batch, places, arrays } of parts) {
        const yielded = forward(hold(state.parameters), hold(frozen), hold(arrays)) as Yielded;
        said.push(await readEvidence(batch, places, yielded));
      }
      const whole = joinEvidence(
        said,
        parts.map(({ members }) => members),
      );
      const gradient = await gradientOf(whole).catch((error) => {
        for (const { arrays } of parts) release(arrays);
        throw error;
      });
      for (const { arrays, ...part } of parts) {
        // An update is along the mean over its batches; the gradient here is of the loss of all of them.
        for (const name of yields)
          arrays[gradientName(name)] = gradientArray(part, name, gradient[name], whole.tokens, parts.length);
      }
      const { state: next, gradientNorm } = await trainStep.update(state, frozen, ...parts.map(({ arrays }) => arrays));
      return { state: next, gradientNorm };
    },
    dispose() {
      forward.dispose();
      trainStep.dispose();
    },
  };
}

/** Rows are filled up to a multiple of it, so that few shapes are compiled. */
const ROW_MULTIPLE = 4;

/**
 * Puts sequences of one prompt side by side, as many to a row as the power of two nearest to their average, so that
 * a prompt is read once and few shapes are compiled. `places[n]` is where sequence n went, counted in [B, K].
 */
function layOut(
  { policy, tokenizer, padding }: LanguageLayout,
  sequences: readonly Sequence[],
): { batch: CandidateBatch; places: Int32Array } {
  const marks = marksOf(policy);
  const byPrompt = Map.groupBy(
    sequences.map((_, n) => n),
    (n) => sequences[n].prompt,
  );
  const K = 2 ** Math.round(Math.log2(sequences.length / byPrompt.size));
  const rows = [...byPrompt.values()].flatMap((members) =>
    Array.from({ length: Math.ceil(members.length / K) }, (_, row) => members.slice(row * K, (row + 1) * K)),
  );
  const places = new Int32Array(sequences.length);
  const examples = Array.from({ length: Math.ceil(rows.length / ROW_MULTIPLE) * ROW_MULTIPLE }, (_, row) => {
    const members = rows[row] ?? [];
    for (const [k, n] of members.entries()) places[n] = row * K + k;
    return {
      prompt: members.length > 0 ? encodePrompt(policy, tokenizer, sequences[members[0]].prompt) : [marks.end],
      responses: Array.from({ length: K }, (_, k) =>
        k < members.length ? [...tokenizer.encode(sequences[members[k]].response), marks.end] : [marks.end],
      ),
    };
  });
  return { batch: batchCandidates(policy.config, examples, padding), places };
}

/** A prompt's tokens, after the model's first token where it has one. */
export function encodePrompt(policy: LanguagePolicy, tokenizer: Tokenizer, prompt: string): number[] {
  const { begin } = marksOf(policy);
  return [...(begin === null ? [] : [begin]), ...tokenizer.encode(prompt)];
}

function marksOf({ config: { bosToken, eosTokens } }: LanguagePolicy): { begin: number | null; end: number } {
  if (eosTokens.length === 0) {
    throw new LuceError("unsupported", "the model's configuration names no token that ends a response", {
      hint: 'give "eos_token_id" in its config.json',
    });
  }
  return { begin: bosToken, end: eosTokens[0] };
}

async function readEvidence(
  { sizes: { R }, responseLengths }: CandidateBatch,
  places: Int32Array,
  yielded: Yielded,
): Promise<TokenEvidence> {
  const perToken = async (array: np.Array) => {
    const all = await array.data();
    const rows = new Float64Array(places.length * R);
    for (const [n, place] of places.entries()) {
      for (let t = 0; t < responseLengths[place]; t++) rows[n * R + t] = all[place * R + t];
    }
    return rows;
  };
  const { logps, entropies, values, rewards } = yielded;
  const said = rewards && (await rewards.data());
  return {
    tokens: R,
    lengths: Float64Array.from(places, (place) => responseLengths[place]),
    logps: logps ? await perToken(logps) : new Float64Array(places.length * R),
    ...(entropies && { entropies: await perToken(entropies) }),
    ...(values && { values: await perToken(values) }),
    ...(said && { rewards: Float64Array.from(places, (place) => said[place]) }),
  };
}

/** The places of `sequences` in at most `count` parts of about equal size; those of one prompt stay together. */
function partsOf(sequences: readonly Sequence[], count: number): number[][] {
  if (count === 1) return [[...sequences.keys()]];
  const byPrompt = [...Map.groupBy(sequences.keys(), (n) => sequences[n].prompt).values()];
  const parts: number[][] = Array.from({ length: Math.min(count, byPrompt.length) }, () => []);
  for (const [n, members] of byPrompt.entries()) parts[n % parts.length].push(...members);
  return parts;
}

/** The evidence of all sequences from that of parts of them: row n of part p is that of sequence `members[p][n]`. */
function joinEvidence(parts: readonly TokenEvidence[], members: readonly (readonly number[])[]): TokenEvidence {
  const count = members.reduce((sum, { length }) => sum + length, 0);
  const tokens = Math.max(...parts.map((part) => part.tokens));
  const join = (read: (part: TokenEvidence) => Float64Array | undefined, perToken: boolean) => {
    if (read(parts[0]) === undefined) return undefined;
    const all = new Float64Array(count * (perToken ? tokens : 1));
    for (const [p, part] of parts.entries()) {
      const width = perToken ? part.tokens : 1;
      const rows = read(part) as Float64Array;
      for (const [row, n] of members[p].entries())
        all.set(rows.subarray(row * width, (row + 1) * width), n * (perToken ? tokens : 1));
    }
    return all;
  };
  const entropies = join((part) => part.entropies, true);
  const values = join((part) => part.values, true);
  const rewards = join((part) => part.rewards, false);
  return {
    tokens,
    lengths: join((part) => part.lengths, false) as Float64Array,
    logps: join((part) => part.logps, true) as Float64Array,
    ...(entropies && { entropies }),
    ...(values && { values }),
    ...(rewards && { rewards }),
  };
}

function gradientArray(
  { batch, members, places }: { batch: CandidateBatch; members: readonly number[]; places: Int32Array },
  name: LanguageYield,
  gradient: Float64Array | undefined,
  tokens: number,
  scale: number,
): np.Array {
  const { B, K, R } = batch.sizes;
  const width = name === "rewards" ? 1 : R;
  const stride = name === "rewards" ? 1 : tokens;
  const all = new Float32Array(B * K * width);
  if (gradient) {
    for (const [row, place] of places.entries()) {
      const start = members[row] * stride;
      all.set(gradient.subarray(start, start + width), place * width);
    }
  }
  const scaled = scale === 1 ? all : all.map((value) => value * scale);
  return np.array(scaled, { shape: name === "rewards" ? [B, K] : [B, K, R], dtype: DType.Float32 });
}

function gradientName(name: string): string {
  return `gradient.${name}`;
}
