import { createHash } from "node:crypto";
import { LuceError } from "luce";
import type { Sequence, TokenEvidence, TrainablePolicy } from "luce/align";

/** Bytes of the alphabet: ASCII, with 0 for the end and 127 for everything else. */
const SYMBOLS = 128;
const ROWS = 1 << 16;
/** Contexts are the last 0 to 3 bytes of the response. */
const CONTEXTS = 4;

export type ByteNgramOptions = {
  readonly learningRate: number;
  /** Adagrad's; large, and it is plain gradient descent at rate `learningRate / epsilon`. */
  readonly epsilon: number;
  /** [ROWS * SYMBOLS] to begin with; absent: zeros, the uniform distribution. */
  readonly start?: Float32Array;
};

/**
 * A log-linear policy over bytes: a context's row of scores, found by hashing, is added for each of the last 0 to 3
 * bytes, and a softmax makes the next byte of the sum. It does not read the prompt. Learns by Adagrad; the trainer's
 * objectives see nothing of it but log-probabilities.
 */
export function createByteNgramPolicy({ learningRate, epsilon, start }: ByteNgramOptions): TrainablePolicy & {
  readonly weights: Float32Array;
} {
  const weights = start ? Float32Array.from(start) : new Float32Array(ROWS * SYMBOLS);
  const squares = new Float32Array(ROWS * SYMBOLS);

  const score = (sequences: readonly Sequence[], visit?: (place: number, probabilities: Float64Array) => void) => {
    const texts = sequences.map(({ response }) => symbolsOf(response));
    const tokens = Math.max(...texts.map(({ length }) => length));
    const logps = new Float64Array(texts.length * tokens);
    const probabilities = new Float64Array(SYMBOLS);
    for (const [n, text] of texts.entries()) {
      for (let t = 0; t < text.length; t++) {
        logps[n * tokens + t] = predict(weights, rowsAt(text, t), text[t], probabilities);
        visit?.(n * tokens + t, probabilities);
      }
    }
    const evidence: TokenEvidence = { tokens, lengths: Float64Array.from(texts, ({ length }) => length), logps };
    return { evidence, texts };
  };

  return {
    weights,
    fingerprint: async () => createHash("sha256").update(new Uint8Array(weights.buffer)).digest("hex"),
    evidence: async (sequences) => score(sequences).evidence,

    async learn(sequences, gradientOf) {
      const said = new Map<number, Float64Array>();
      const { evidence, texts } = score(sequences, (place, probabilities) => said.set(place, probabilities.slice()));
      const { logps: gradient = new Float64Array(evidence.logps.length) } = await gradientOf(evidence);
      let norm = 0;
      for (const [n, text] of texts.entries()) {
        for (let t = 0; t < text.length; t++) {
          const place = n * evidence.tokens + t;
          const probabilities = said.get(place)!;
          for (const row of rowsAt(text, t)) {
            for (let symbol = 0; symbol < SYMBOLS; symbol++) {
              const slope = gradient[place] * (Number(symbol === text[t]) - probabilities[symbol]);
              norm += slope ** 2;
              squares[row + symbol] += slope ** 2;
              weights[row + symbol] -= (learningRate * slope) / (Math.sqrt(squares[row + symbol]) + epsilon);
            }
          }
        }
      }
      return { gradientNorm: Math.sqrt(norm) };
    },

    sample: unsupported,
    snapshot: unsupported,
    restore: unsupported,
  };
}

async function unsupported(): Promise<never> {
  throw new LuceError("unsupported", "this policy only learns and scores");
}

/** Fills `probabilities` [SYMBOLS] and returns the log-probability of `symbol`. */
function predict(weights: Float32Array, rows: readonly number[], symbol: number, probabilities: Float64Array): number {
  probabilities.fill(0);
  for (const row of rows) for (let s = 0; s < SYMBOLS; s++) probabilities[s] += weights[row + s];
  const own = probabilities[symbol];
  const top = probabilities.reduce((a, b) => Math.max(a, b));
  let sum = 0;
  for (let s = 0; s < SYMBOLS; s++) sum += probabilities[s] = Math.exp(probabilities[s] - top);
  for (let s = 0; s < SYMBOLS; s++) probabilities[s] /= sum;
  return own - top - Math.log(sum);
}

function symbolsOf(response: string): number[] {
  const plain = response.replaceAll("’", "'");
  return [...Array.from(plain, (letter) => Math.min(letter.codePointAt(0)!, SYMBOLS - 1)), 0];
}

/** Where the rows of the contexts before place `t` begin. */
function rowsAt(text: readonly number[], t: number): number[] {
  let hash = 0x9e3779b1;
  return Array.from({ length: CONTEXTS }, (_, length) => {
    if (length > 0) hash = Math.imul(hash ^ (text[t - length] ?? 1), 0x85ebca6b) ^ (hash >>> 13);
    const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return (((mixed ^ (mixed >>> 12)) >>> 0) % ROWS) * SYMBOLS;
  });
}
