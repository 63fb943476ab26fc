import type { Random } from "../../random.ts";
import { byteLength, type Instruction, trueReward } from "./instructions.ts";

/** Someone who prefers responses by the true reward, through known faults. */
export type Annotator = {
  readonly id: string;
  /** How sharply reward decides: the log-odds of preferring a response are `strength` times its lead. 1 is ordinary. */
  readonly strength: number;
  /** Reward they see in ten more bytes. */
  readonly lengthBias: number;
  /** Reward they see in an exclamation mark. */
  readonly exclamationBias: number;
  /** Chance that a verdict is written down upside down, in [0, 1]. */
  readonly flips: number;
};

export const faithfulAnnotator: Annotator = {
  id: "faithful",
  strength: 1.5,
  lengthBias: 0,
  exclamationBias: 0,
  flips: 0,
};

/** What an annotator sees in a response: the true reward and their biases. */
export function perceivedReward(
  { lengthBias, exclamationBias }: Annotator,
  instruction: Instruction,
  response: string,
): number {
  return (
    trueReward(instruction, response) +
    (lengthBias * byteLength(response)) / 10 +
    (response.endsWith("!") ? exclamationBias : 0)
  );
}

/**
 * What an annotator sees in each response this time: {@link perceivedReward} with Gumbel noise over `strength`, so
 * that any two are ordered by Bradley-Terry and all of them by Plackett-Luce.
 */
export function drawImpressions(
  annotator: Annotator,
  instruction: Instruction,
  responses: readonly string[],
  random: Random,
): number[] {
  return responses.map(
    (response) =>
      perceivedReward(annotator, instruction, response) -
      Math.log(-Math.log(1 - random.uniform())) / annotator.strength,
  );
}
