import { distance } from "fastest-levenshtein";
import { LuceError } from "../../errors.ts";
import type { Random } from "../../random.ts";

/** One task of the world: what is asked, and the one right answer (without the closing period). */
export type Instruction = { readonly prompt: string; readonly answer: string };

/** The longest prompt and response of the world, bytes; a policy for it needs a context of their sum and two marks. */
export const LONGEST_PROMPT = 9;
export const LONGEST_RESPONSE = 9;

const LETTERS = "abcde";

const operations = [
  { name: "copy", solve: (word: string) => word },
  { name: "flip", solve: (word: string) => [...word].reverse().join("") },
  {
    name: "next",
    solve: (word: string) => String.fromCharCode(...[...word].map((letter) => letter.charCodeAt(0) + 1)),
  },
];

/**
 * Draws an instruction: `copy`, `flip` (reverse) or `next` (each letter's successor) of 3 letters,
 * written `flip bca:`. There are 375 of them.
 */
function drawInstruction(random: Random): Instruction {
  const { name, solve } = operations[random.integer(operations.length)];
  const word = Array.from({ length: 3 }, () => LETTERS[random.integer(LETTERS.length)]).join("");
  return { prompt: `${name} ${word}:`, answer: solve(word) };
}

/** The instruction a prompt states. @throws LuceError `invalid-input` for a prompt that is none of this world */
export function readInstruction(prompt: string): Instruction {
  const [, name, word] = /^(\w+) (\w+):$/.exec(prompt) ?? [];
  const operation = operations.find((known) => known.name === name);
  if (!operation) {
    throw new LuceError("invalid-input", `"${prompt}" is no instruction of the world`, {
      hint: "its prompts look like: flip bca:",
    });
  }
  return { prompt, answer: operation.solve(word) };
}

/** Draws `count` instructions with distinct prompts, none of which is in `except`; together at most 375. */
export function drawInstructions(
  count: number,
  random: Random,
  except: readonly Instruction[] = [],
): readonly Instruction[] {
  const taken = new Set(except.map(({ prompt }) => prompt));
  const instructions: Instruction[] = [];
  while (instructions.length < count) {
    const instruction = drawInstruction(random);
    if (taken.has(instruction.prompt)) continue;
    taken.add(instruction.prompt);
    instructions.push(instruction);
  }
  return instructions;
}

/**
 * The true reward of a response, at most 4:
 *
 *   4 correctness - 0.1 (bytes beyond the shortest right response) - 0.5 [no closing period]
 *
 * Correctness is 1 - edit distance / length between the answer and the first word of the response without its
 * punctuation. So padding the answer costs, and sounding sure of it earns nothing: annotators may disagree.
 */
export function trueReward({ answer }: Instruction, response: string): number {
  const padding = Math.max(0, byteLength(response) - answer.length - 1);
  return 4 * correctness(answer, response) - 0.1 * padding - (response.endsWith(".") ? 0 : 0.5);
}

/** How right a response is, in [0, 1], whatever its style. */
export function correctness(answer: string, response: string): number {
  const [firstWord] = response.split(" ");
  const given = firstWord.replace(/[.!]+$/, "");
  return 1 - distance(given, answer) / Math.max(given.length, answer.length);
}

const encoder = new TextEncoder();

export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
