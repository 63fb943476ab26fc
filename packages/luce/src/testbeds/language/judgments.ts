import type { Judgment } from "../../data/judgment.ts";
import { createRandom, type Random } from "../../random.ts";
import { type Annotator, drawImpressions, preferenceProbability } from "./annotators.ts";
import { byteLength, type Instruction } from "./instructions.ts";

/** K responses to one instruction, whoever wrote them. */
export type ResponseList = { readonly instruction: Instruction; readonly responses: readonly string[] };

/**
 * One ranking a list by an annotator drawn from `annotators`: by what they see in the responses, and upside down with
 * the chance `flips`. `withShares` adds to two responses the annotator's chance of preferring the first.
 */
export function rankResponses(
  lists: readonly ResponseList[],
  annotators: readonly Annotator[],
  random: Random,
  { withShares = false }: { withShares?: boolean } = {},
): Judgment[] {
  return lists.map((list, n) => {
    const annotator = annotators[random.integer(annotators.length)];
    const impressions = drawImpressions(annotator, list.instruction, list.responses, random);
    const upsideDown = random.uniform() < annotator.flips;
    const ranks = impressions.map(
      (own) => 1 + impressions.filter((other) => (upsideDown ? other < own : other > own)).length,
    );
    const [left, right] = list.responses;
    const share =
      withShares && list.responses.length === 2
        ? preferenceProbability(annotator, list.instruction, left, right)
        : undefined;
    return {
      ...judged(list, annotator, n),
      verdict: { kind: "ranking", ranks, ...(share === undefined ? {} : { share }) },
    };
  });
}

/**
 * One set of scores a list, `quality`: what an annotator sees in the responses, squashed to (0, 1) around a reward
 * of 2, which is half an answer. With the chance `flips` they are upside down, 1 - score.
 */
export function scoreResponses(
  lists: readonly ResponseList[],
  annotators: readonly Annotator[],
  random: Random,
): Judgment[] {
  return lists.map((list, n) => {
    const annotator = annotators[random.integer(annotators.length)];
    const impressions = drawImpressions(annotator, list.instruction, list.responses, random);
    const sign = random.uniform() < annotator.flips ? -1 : 1;
    const scores = impressions.map((impression) => 1 / (1 + Math.exp(-sign * (impression - 2))));
    return { ...judged(list, annotator, n), verdict: { kind: "scores", scores: { quality: scores } } };
  });
}

/** Labels a response apart from the others: desirable where its score is at least 0.5 (see {@link scoreResponses}). */
export function labelResponses(
  lists: readonly ResponseList[],
  annotators: readonly Annotator[],
  random: Random,
): Judgment[] {
  return scoreResponses(lists, annotators, random).map((judgment) => ({
    ...judgment,
    verdict: {
      kind: "labels",
      labels: scoresOf(judgment).map((score) => (score >= 0.5 ? "desirable" : "undesirable")),
    },
  }));
}

/** Turns a share of the verdicts upside down: the label noise that no model of the annotator explains. */
export function flipVerdicts(judgments: readonly Judgment[], share: number, seed: number): Judgment[] {
  const random = createRandom(seed);
  return judgments.map((judgment) =>
    random.uniform() < share ? { ...judgment, verdict: flipped(judgment) } : judgment,
  );
}

function flipped({ verdict, items }: Judgment): Judgment["verdict"] {
  switch (verdict.kind) {
    case "ranking": {
      const ranks = verdict.ranks.map((rank) => items.length + 1 - rank);
      return { ...verdict, ranks, ...(verdict.share === undefined ? {} : { share: 1 - verdict.share }) };
    }
    case "scores": {
      const scores = Object.entries(verdict.scores).map(([dimension, values]) => [
        dimension,
        values.map((score) => (score === null ? null : 1 - score)),
      ]);
      return { ...verdict, scores: Object.fromEntries(scores) };
    }
    case "labels":
      return {
        ...verdict,
        labels: verdict.labels.map((label) => (label === "desirable" ? "undesirable" : "desirable")),
      };
    case "corrections":
      return verdict;
  }
}

function judged({ instruction, responses }: ResponseList, annotator: Annotator, n: number) {
  return {
    id: `${annotator.id}-${n}`,
    annotator: annotator.id,
    prompt: { id: instruction.prompt, content: instruction.prompt },
    items: responses.map((content) => ({ content, metadata: { length: byteLength(content) } })),
  };
}

function scoresOf({ verdict }: Judgment): readonly number[] {
  return verdict.kind === "scores" ? verdict.scores.quality.map((score) => score ?? 0) : [];
}
