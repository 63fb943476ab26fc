import { LuceError } from "../errors.ts";
import { hashText } from "./identity.ts";
import type { Judgment } from "./judgment.ts";
import { promptNameOf } from "./views.ts";

export type PromptSplit = {
  /** Of the prompts, about this share is set apart; between 0 and 1, both excluded. */
  readonly share: number;
  /** Another seed sets others apart. */
  readonly seed: number;
};

/**
 * Tells which judgments a split sets apart: those of about a share of the prompts, so that all judgments of one prompt
 * are on one side. A judgment without a prompt counts as one of its own, by its id. It remembers nothing: a judgment's
 * side depends on its prompt, the seed and the share alone, and what a share sets apart, a larger one does too.
 *
 * @throws LuceError `invalid-parameter` for a share that leaves one side empty
 */
export function splitByPrompt({ share, seed }: PromptSplit): (judgment: Pick<Judgment, "id" | "prompt">) => boolean {
  if (!(share > 0 && share < 1)) {
    throw new LuceError("invalid-parameter", `a split needs a share between 0 and 1, not ${share}`);
  }
  return (judgment) => {
    const prompt = promptNameOf(judgment);
    const [high] = hashText(prompt ? `${seed}\nprompt\n${prompt}` : `${seed}\nid\n${judgment.id}`);
    return (high >>> 0) / 2 ** 32 < share;
  };
}
