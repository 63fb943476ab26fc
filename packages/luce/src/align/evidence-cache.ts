import { LuceError } from "../errors.ts";
import type { Sequence } from "./examples.ts";
import type { TokenEvidence } from "./policy.ts";

/** What a model that no longer changes said of sequences, each scored once. */
export type EvidenceCache = {
  /** Scores those of `sequences` that are not known yet. */
  add(sequences: readonly Sequence[]): Promise<void>;
  /** Rows in the order of `sequences`, padded to `tokens` (absent: the longest); scores what is not known yet. */
  evidence(sequences: readonly Sequence[], tokens?: number): Promise<TokenEvidence>;
  /** All that is known, as JSON text: exact. */
  serialise(): string;
};

type Scored = { readonly logps: readonly number[]; readonly values: readonly number[] | null };

/** Sequences a model scores at once. */
const AT_ONCE = 32;

/** @param known what an earlier cache of the same model serialised */
export function createEvidenceCache(
  score: (sequences: readonly Sequence[]) => Promise<TokenEvidence>,
  known?: string,
): EvidenceCache {
  const scored = new Map<string, Scored>(known === undefined ? [] : JSON.parse(known));

  const add = async (sequences: readonly Sequence[]) => {
    const unknown = new Map(sequences.map((sequence) => [sequenceKey(sequence), sequence] as const));
    for (const key of scored.keys()) unknown.delete(key);
    // Of like length together: padding costs as much as text.
    const waiting = [...unknown].sort(
      ([, a], [, b]) => a.prompt.length + a.response.length - b.prompt.length - b.response.length,
    );
    for (let start = 0; start < waiting.length; start += AT_ONCE) {
      const batch = waiting.slice(start, start + AT_ONCE);
      const { tokens, lengths, logps, values } = await score(batch.map(([, sequence]) => sequence));
      for (const [n, [key]] of batch.entries()) {
        const row = (all: Float64Array) => Array.from(all.subarray(n * tokens, n * tokens + lengths[n]));
        scored.set(key, { logps: row(logps), values: values ? row(values) : null });
      }
    }
  };

  return {
    add,
    serialise: () => JSON.stringify([...scored]),
    async evidence(sequences, width) {
      const missing = sequences.filter((sequence) => !scored.has(sequenceKey(sequence)));
      if (missing.length > 0) await add(missing);
      const rows = sequences.map((sequence) => scored.get(sequenceKey(sequence)) as Scored);
      const longest = rows.reduce((most, { logps }) => Math.max(most, logps.length), 0);
      const tokens = width ?? longest;
      if (longest > tokens) {
        throw new LuceError(
          "shape-mismatch",
          `a response has ${longest} tokens in one model and at most ${tokens} in the other`,
          {
            hint: "the policy and its reference need the same tokenizer",
          },
        );
      }
      const padded = (read: (row: Scored) => readonly number[]) => {
        const all = new Float64Array(rows.length * tokens);
        for (const [n, row] of rows.entries()) all.set(read(row), n * tokens);
        return all;
      };
      return {
        tokens,
        lengths: Float64Array.from(rows, ({ logps }) => logps.length),
        logps: padded(({ logps }) => logps),
        ...(rows.every(({ values }) => values !== null) && {
          values: padded(({ values }) => values as readonly number[]),
        }),
      };
    },
  };
}

/** One text for a prompt and a response, unlike that of any other. */
export function sequenceKey({ prompt, response }: Sequence): string {
  return `${prompt.length}:${prompt}${response}`;
}
