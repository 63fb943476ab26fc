import type { Judgment } from "../../data/judgment.ts";
import { createRandom, type Random } from "../../random.ts";
import { type Annotator, drawImpressions } from "./annotators.ts";
import { byteLength, type Instruction } from "./instructions.ts";

/** K responses to one instruction, whoever wrote them. */
export type ResponseList = { readonly instruction: Instruction; readonly responses: readonly string[] };

type RankedResponses = Judgment & { readonly verdict: { readonly kind: "ranking"; readonly ranks: readonly number[] } };

/**
 * One ranking a list by an annotator drawn from `annotators`: by what they see in the responses, and upside down with
 * the chance `flips`.
 */
export function rankResponses(
  lists: readonly ResponseList[],
  annotators: readonly Annotator[],
  random: Random,
): RankedResponses[] {
  return lists.map(({ instruction, responses }, n) => {
    const annotator = annotators[random.integer(annotators.length)];
    const impressions = drawImpressions(annotator, instruction, responses, random);
    const upsideDown = random.uniform() < annotator.flips;
    const ranks = impressions.map(
      (own) => 1 + impressions.filter((other) => (upsideDown ? other < own : other > own)).length,
    );
    return {
      id: `${annotator.id}-${n}`,
      annotator: annotator.id,
      prompt: { id: instruction.prompt, content: instruction.prompt },
      items: responses.map((content) => ({ content, metadata: { length: byteLength(content) } })),
      verdict: { kind: "ranking", ranks },
    };
  });
}

/** Turns a share of the rankings upside down: the label noise that no model of the annotator explains. */
export function flipVerdicts(judgments: readonly RankedResponses[], share: number, seed: number): RankedResponses[] {
  const random = createRandom(seed);
  return judgments.map((judgment) => {
    if (random.uniform() >= share) return judgment;
    const ranks = judgment.verdict.ranks.map((rank) => judgment.items.length + 1 - rank);
    return { ...judgment, verdict: { ...judgment.verdict, ranks } };
  });
}
