import type { Item, Judgment, JudgmentDraft } from "./judgment.ts";

/** Two items of one judgment, in the order shown. */
export type Pair = {
  readonly left: Item;
  readonly right: Item;
  /** The left item's share of the preference: 1, 0.5 for a tie, 0, or a soft label in between. */
  readonly outcome: number;
};

/**
 * The pairs that a verdict orders: K(K-1)/2 of them for a ranking of K items, or for their scores.
 *
 * Labels order a pair when exactly one of the two is desirable. Pairs from one K-wise verdict are not independent:
 * cluster them where uncertainty matters.
 *
 * @param dimension the dimension whose scores are compared; all dimensions' mean where absent.
 */
export function pairs(judgment: Pick<JudgmentDraft, "items" | "verdict">, dimension?: string): Pair[] {
  const { items, verdict } = judgment;
  if (verdict.kind === "ranking" && verdict.share !== undefined) {
    return [{ left: items[0], right: items[1], outcome: verdict.share }];
  }
  const ranks = rankings(judgment, dimension);
  if (!ranks) return [];
  const found: Pair[] = [];
  for (let i = 0; i < items.length; i++) {
    for (let j = i + 1; j < items.length; j++) {
      if (ranks[i] === null || ranks[j] === null) continue;
      if (verdict.kind === "labels" && ranks[i] === ranks[j]) continue;
      found.push({
        left: items[i],
        right: items[j],
        outcome: ranks[i]! < ranks[j]! ? 1 : ranks[i]! > ranks[j]! ? 0 : 0.5,
      });
    }
  }
  return found;
}

/**
 * A verdict as a ranking with ties: a rank an item, 1 is best; null where the verdict leaves the item out.
 *
 * @returns undefined for a verdict that orders nothing (a correction).
 */
export function rankings(
  { items, verdict }: Pick<JudgmentDraft, "items" | "verdict">,
  dimension?: string,
): (number | null)[] | undefined {
  if (verdict.kind === "ranking") return verdict.ranks;
  if (verdict.kind === "corrections") return undefined;
  const values =
    verdict.kind === "labels"
      ? verdict.labels.map((label) => (label === "desirable" ? 1 : 0))
      : items.map((_, item) => scoreOf(verdict.scores, item, dimension));
  const distinct = [...new Set(values.filter((value) => value !== null))].sort((a, b) => b - a);
  return values.map((value) => (value === null ? null : distinct.indexOf(value) + 1));
}

/** Every score that a verdict gives: one an item and dimension. */
export function scores({
  items,
  verdict,
}: Pick<JudgmentDraft, "items" | "verdict">): { item: Item; dimension: string; score: number }[] {
  if (verdict.kind !== "scores") return [];
  return Object.entries(verdict.scores).flatMap(([dimension, values]) =>
    values.flatMap((score, i) => (score === null ? [] : [{ item: items[i], dimension, score }])),
  );
}

/** Every label that a verdict gives. A strict ranking labels nothing: that a thing was preferred does not make it good. */
export function labels({
  items,
  verdict,
}: Pick<JudgmentDraft, "items" | "verdict">): { item: Item; desirable: boolean }[] {
  if (verdict.kind !== "labels") return [];
  return verdict.labels.map((label, i) => ({ item: items[i], desirable: label === "desirable" }));
}

/** The number that a covariate has for an item of a judgment; NaN where it has none. */
export function covariateOf(
  judgment: Pick<Judgment, "metadata" | "time">,
  item: Item,
  position: number,
  name: string,
): number {
  const stated = item.metadata?.[name];
  if (typeof stated === "number" || typeof stated === "boolean") return Number(stated);
  if (name === "position") return position === 0 ? 1 : 0;
  const text = contentText(item);
  const measure = Object.hasOwn(textMeasures, name) ? textMeasures[name] : undefined;
  if (measure && text !== undefined) return measure(text);
  const shared = name === "time" ? (judgment.time ?? judgment.metadata?.time) : judgment.metadata?.[name];
  if (typeof shared !== "number" && typeof shared !== "boolean") return Number.NaN;
  return position === 0 ? Number(shared) : 0;
}

/** What can be measured on a text itself: characters, and the markdown that style control counts. */
const textMeasures: Readonly<Record<string, (text: string) => number>> = {
  length: (text) => text.length,
  headers: (text) => count(text, /^#{1,6}\s/gm),
  lists: (text) => count(text, /^\s*(?:[-*+]|\d+[.)])\s/gm),
  bold: (text) => count(text, /\*\*[^*\n]+\*\*|__[^_\n]+__/g),
};

export const measuredCovariates = Object.keys(textMeasures);

function contentText({ content }: Item): string | undefined {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  return content.flatMap((message) => (message.role === "assistant" ? [message.content] : [])).join("\n");
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function scoreOf(
  scores: Readonly<Record<string, readonly (number | null)[]>>,
  item: number,
  dimension?: string,
): number | null {
  const values = (dimension === undefined ? Object.values(scores) : [scores[dimension] ?? []])
    .map((list) => list[item] ?? null)
    .filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What tells a judgment's prompt from others: its id, or its content where it has none. */
export function promptNameOf({ prompt }: Pick<JudgmentDraft, "prompt">): string | undefined {
  if (prompt?.id !== undefined) return prompt.id;
  return typeof prompt?.content === "string" ? prompt.content : prompt?.content && JSON.stringify(prompt.content);
}
