import { createHash } from "node:crypto";
import { type Example, examplesOf, type PreferenceList, toPreferenceList } from "luce/align";
import type { Judgment } from "luce/data";
import { openVotes } from "luce/data/files";
import { LuceError } from "luce/errors";
import type { Tokenizer } from "luce/policies";
import type { Provenance } from "luce/report";

export type TrainingData = {
  readonly training: readonly PreferenceList[];
  /** About every tenth prompt, by a digest of its text: the same ones in every reading of the file. */
  readonly heldOut: readonly PreferenceList[];
  /** Judgments left out for a response that is too long. */
  readonly tooLong: number;
  /** Judgments left out because nothing can be learnt from them, and why the first one was. */
  readonly unusable: { readonly count: number; readonly first: string | null };
  readonly input: Provenance["inputs"][number];
};

type Limits = { readonly promptTokens: number; readonly responseTokens: number };

/**
 * Judgments as a language policy reads them: prompts cut to their last tokens. Judgments with longer responses, with
 * an empty one or without texts are left out and counted.
 *
 * @throws LuceError `invalid-input` where nothing is left
 */
export async function readTrainingData(file: string, tokenizer: Tokenizer, limits: Limits): Promise<TrainingData> {
  const votes = await openVotes(file);
  try {
    const training: PreferenceList[] = [];
    const heldOut: PreferenceList[] = [];
    let tooLong = 0;
    let unusable = 0;
    let first: LuceError | null = null;
    for await (const judgment of votes.judgments()) {
      const list = readList(judgment);
      if (list instanceof LuceError) {
        unusable++;
        first ??= list;
      } else if (list.responses.some((response) => tokenizer.encode(response).length >= limits.responseTokens))
        tooLong++;
      else {
        const part = isHeldOut(list) ? heldOut : training;
        part.push({ ...list, prompt: lastTokens(list.prompt, tokenizer, limits.promptTokens) });
      }
    }
    const isEmpty = training.length + heldOut.length === 0;
    if (isEmpty && first) {
      const message = `none of its ${unusable + tooLong} judgments can be learnt from; the first: ${first.line}`;
      throw new LuceError("invalid-input", message, { where: file });
    }
    if (isEmpty) {
      throw new LuceError(
        "invalid-input",
        `none of its ${tooLong} judgments has responses under ${limits.responseTokens} tokens`,
        {
          where: file,
          hint: "raise --response-tokens",
        },
      );
    }
    return {
      training,
      heldOut,
      tooLong,
      unusable: { count: unusable, first: first?.line ?? null },
      input: votes.fingerprint,
    };
  } finally {
    await votes.close();
  }
}

function readList(judgment: Judgment): PreferenceList | LuceError {
  try {
    return toPreferenceList(judgment);
  } catch (error) {
    if (error instanceof LuceError && error.code === "invalid-input") return error;
    throw error;
  }
}

function isHeldOut({ prompt }: PreferenceList): boolean {
  return createHash("sha256").update(prompt).digest()[0] < 26;
}

/** Held-out pairs, chosen first; none where nothing is ordered. */
export function heldOutPairs(lists: readonly PreferenceList[]): Example[] {
  const ordered = lists.filter(({ ranks }) => ranks.length > 1 && new Set(ranks).size > 1);
  return ordered.length === 0 ? [] : examplesOf(ordered, "pair");
}

function lastTokens(text: string, tokenizer: Tokenizer, most: number): string {
  const tokens = tokenizer.encode(text);
  return tokens.length <= most ? text : tokenizer.decode(tokens.slice(-most)).replace(/^\uFFFD+/, "");
}
