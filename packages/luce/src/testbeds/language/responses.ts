import { type Random, shuffle } from "../../random.ts";
import { correctness, type Instruction } from "./instructions.ts";

/** How responses come out: the chances of each temptation. All in [0, 1]. */
export type ResponseStyle = {
  /** Chance that each letter of the answer is wrong. */
  readonly wrongLetter: number;
  /** Chance of a filler word after the answer. */
  readonly filler: number;
  /** Chance that the response closes with `!` instead of `.`. */
  readonly exclamation: number;
};

/** What the demonstrations of the start policy look like: mostly right, often wordy, sometimes loud. */
export const demonstrationStyle: ResponseStyle = { wrongLetter: 0.2, filler: 0.4, exclamation: 0.3 };

const FILLERS = [" ok", " yes", " sure"];
const ANSWER_LETTERS = "abcdef";

/** Draws a response to `instruction`; with every chance 0 it is the best one. */
export function drawResponse(
  { answer }: Instruction,
  { wrongLetter, filler, exclamation }: ResponseStyle,
  random: Random,
): string {
  const after = random.uniform() < filler ? FILLERS[random.integer(FILLERS.length)] : "";
  const letters = [...answer].map((letter) => (random.uniform() < wrongLetter ? otherLetter(letter, random) : letter));
  return `${letters.join("")}${after}${random.uniform() < exclamation ? "!" : "."}`;
}

/**
 * Draws K distinct responses of graded quality that no policy wrote: their letters are wrong with chances that
 * climb evenly from 0 to 1/2 over the list, and their style is drawn apart from that, so that neither length nor
 * punctuation tells which is right. In random order.
 */
export function drawCandidates(instruction: Instruction, count: number, random: Random): readonly string[] {
  const candidates = new Set<string>();
  while (candidates.size < count) {
    const wrongLetter = count > 1 ? candidates.size / (2 * (count - 1)) : 0;
    candidates.add(drawResponse(instruction, { ...demonstrationStyle, wrongLetter }, random));
  }
  return shuffle([...candidates], random);
}

/** A response whose answer is right up to its style. */
export function isCorrect({ answer }: Instruction, response: string): boolean {
  return correctness(answer, response) === 1;
}

function otherLetter(letter: string, random: Random): string {
  const others = [...ANSWER_LETTERS].filter((other) => other !== letter);
  return others[random.integer(others.length)];
}
