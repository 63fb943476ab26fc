import type { Content, Judgment, Message } from "../data/judgment.ts";
import { LuceError } from "../errors.ts";

/** K responses to one prompt, and what was said of them: the form in which judgments reach a trainer. */
export type PreferenceList = {
  /** The judgment's. */
  readonly id: string;
  readonly prompt: string;
  readonly responses: readonly string[];
  /** [K] 1 is best, equal ranks are ties. */
  readonly ranks: readonly number[];
  /** [K] higher is better: the scores that were given, or where none were, the share of the list that a response is ranked above (ties half). */
  readonly scores: readonly number[];
  /** [K] as labelled, or where nothing was, whether the response is in the better half of its list. */
  readonly desirable: readonly boolean[];
  /** K = 2: the chance that the first is preferred, where a judge said so. */
  readonly share: number | null;
  readonly annotator: string | null;
  /** Responses of the reference policy to the same prompt, for objectives that compare with what it says. */
  readonly samples?: readonly string[];
  readonly rationale: string | null;
};

/**
 * Judgments as lists of texts. A dialogue becomes `Human: …`/`Assistant: …` paragraphs, as in HH-RLHF.
 *
 * @throws LuceError `invalid-input` for a judgment without a prompt or texts, with an empty response, or whose
 *   verdict orders nothing
 */
export function readPreferenceLists(judgments: Iterable<Judgment>): PreferenceList[] {
  return Array.from(judgments, toPreferenceList);
}

export function toPreferenceList({ id, prompt, items, verdict, annotator, rationale }: Judgment): PreferenceList {
  const fail = (message: string, hint?: string) => {
    throw new LuceError("invalid-input", message, { where: `judgment "${id}"`, hint });
  };
  if (prompt?.content === undefined) fail("it has no prompt text", "training needs the prompt that was answered");
  const responses = items.map(({ content }, n) => {
    const text = responseText(content);
    if (text === undefined) fail(`item ${n} has no text`, "training a language policy needs the responses themselves");
    if (text === "")
      fail(`the response of item ${n} is empty`, "drop the judgment: an empty response has no tokens to learn");
    return text as string;
  });
  const given = verdict.kind === "scores" ? meanScores(verdict.scores, responses.length) : null;
  if (given?.some(Number.isNaN)) fail("an item has no score", "drop the judgment or the item");
  const labels = verdict.kind === "labels" ? verdict.labels.map((label) => label === "desirable") : null;
  const worth = verdict.kind === "ranking" ? verdict.ranks.map((rank) => -rank) : (given ?? labels?.map(Number));
  if (worth === undefined) fail(`a verdict of kind "${verdict.kind}" does not order the responses`);
  const standing = shareRankedAbove(worth as number[]);
  return {
    id,
    prompt: promptText(prompt?.content as Content),
    responses,
    ranks: ranksOf(worth as number[]),
    scores: given ?? standing,
    desirable: labels ?? standing.map((share) => share >= 0.5),
    share: verdict.kind === "ranking" ? (verdict.share ?? null) : null,
    annotator: annotator ?? null,
    rationale: rationale ?? null,
  };
}

/** A list whose responses somebody scored: a response is desirable where it is in the better half. */
export function listOfScores(
  id: string,
  prompt: string,
  responses: readonly string[],
  scores: readonly number[],
): PreferenceList {
  const desirable = shareRankedAbove(scores).map((share) => share >= 0.5);
  return {
    id,
    prompt,
    responses,
    ranks: ranksOf(scores),
    scores,
    desirable,
    share: null,
    annotator: null,
    rationale: null,
  };
}

function ranksOf(worth: readonly number[]): number[] {
  return worth.map((own) => 1 + worth.filter((other) => other > own).length);
}

function shareRankedAbove(worth: readonly number[]): number[] {
  if (worth.length === 1) return [0.5];
  return worth.map(
    (own) =>
      (worth.filter((other) => other < own).length + (worth.filter((other) => other === own).length - 1) / 2) /
      (worth.length - 1),
  );
}

function meanScores(dimensions: Readonly<Record<string, readonly (number | null)[]>>, count: number): number[] {
  const lists = Object.values(dimensions);
  return Array.from({ length: count }, (_, item) => {
    const given = lists.map((scores) => scores[item]).filter((score) => score !== null);
    return given.reduce((sum, score) => sum + score, 0) / given.length;
  });
}

function promptText(content: Content): string {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? `${content.map(turn).join("")}\n\nAssistant:` : "";
}

/** A dialogue's own last turn. */
function responseText(content: Content | undefined): string | undefined {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.at(-1)?.content : undefined;
}

function turn({ role, content }: Message): string {
  const name = role === "user" ? "Human" : role === "assistant" ? "Assistant" : role;
  return `\n\n${name}: ${content}`;
}
