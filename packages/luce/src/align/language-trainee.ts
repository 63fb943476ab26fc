import {
  decodeCheckpoint,
  encodeCheckpoint,
  type LearnerState,
  type Parameters,
  release,
  toHost,
} from "../engines/index.ts";
import { sample, type Tokenizer } from "../policies/language/index.ts";
import { encodePrompt, type LanguagePrograms } from "./language-programs.ts";
import type { TrainablePolicy } from "./policy.ts";

export type LanguageTraineeOptions = {
  /** May be shared: several trainees of one shape compile once. */
  readonly programs: LanguagePrograms;
  /** What learns; consumed. */
  readonly parameters: Parameters;
  /** What does not, such as the weights under low-rank adapters; borrowed. */
  readonly frozen?: Parameters;
  /** Tokens of a sampled response, at most. */
  readonly maxTokens: number;
};

/** A language policy on the embedded engine, for a trainer. */
export type LanguageTrainee = TrainablePolicy & {
  /** Borrowed: valid until the next step. */
  parameters(): Parameters;
  /** Lets its arrays go. */
  dispose(): void;
};

const CHECKPOINT = "checkpoint.safetensors";

/** Prompts a sampler reads at once. */
const SAMPLED_AT_ONCE = 64;

export function createLanguageTrainee(options: LanguageTraineeOptions): LanguageTrainee {
  const { programs, frozen = {}, maxTokens } = options;
  const { policy, tokenizer } = programs.layout;
  let state: LearnerState = programs.start(options.parameters);
  return {
    parameters: () => state.parameters,
    fingerprint: () => fingerprintOf(state.parameters),
    evidence: (sequences) => programs.evidence(state.parameters, frozen, sequences),

    async learn(sequences, gradientOf) {
      const { state: next, gradientNorm } = await programs.learn(state, frozen, sequences, gradientOf);
      state = next;
      return { gradientNorm };
    },

    async sample(prompts, { count, seed, temperature }) {
      const responses: string[][] = [];
      for (let start = 0; start < prompts.length; start += SAMPLED_AT_ONCE) {
        const encoded = prompts
          .slice(start, start + SAMPLED_AT_ONCE)
          .map((text) => encodePrompt(policy, tokenizer, text));
        const drawn = await sample(
          policy,
          state.parameters,
          encoded,
          { maxTokens, count, seed: seed + start, temperature },
          frozen,
        );
        responses.push(...drawn.map((list) => list.map(({ tokens }) => readText(tokens, tokenizer, maxTokens))));
      }
      return responses;
    },

    async snapshot() {
      return { [CHECKPOINT]: await encodeCheckpoint({ state, progress: null }) };
    },

    async restore(files) {
      const { state: saved } = decodeCheckpoint(files[CHECKPOINT], state, CHECKPOINT);
      release(state.parameters);
      release(state.optimiser);
      state = saved;
    },

    dispose() {
      release(state.parameters);
      release(state.optimiser);
    },
  };
}

/** Bytes that are no text are read as characters of more tokens: the text is cut to so many as were drawn at most. */
function readText(tokens: readonly number[], tokenizer: Tokenizer, maxTokens: number): string {
  const characters = [...tokenizer.decode(tokens)];
  while (tokenizer.encode(characters.join("")).length > maxTokens) characters.pop();
  return characters.join("");
}

/** SHA-256 over names and values, in the order of names. */
async function fingerprintOf(parameters: Parameters): Promise<string> {
  const host = await toHost(parameters);
  const parts = Object.keys(host)
    .sort()
    .flatMap((name) => [new TextEncoder().encode(name), new Uint8Array(host[name].data.buffer)]);
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
