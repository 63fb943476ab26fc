import type { Content, Item, Judgment, Message } from "../../judgment.ts";
import { pairs } from "../../views.ts";

/** A format that judgments can be written in. Adding one is a file beside this and a line in `index.ts`. */
export type Writer = {
  readonly id: string;
  /** What it is, in words. */
  readonly name: string;
  /** A first line, without its end. */
  readonly header?: string;
  /** The lines that carry a judgment, without their ends; or why the format cannot carry it. */
  lines(judgment: Judgment): readonly string[] | LeftOut;
  /** What a judgment that is written says and the format does not, in words; undefined where it carries all of it. */
  simplification?(judgment: Judgment): string | undefined;
  /** How the database turns the lines, as a file of JSON objects, into the format. */
  readonly parquetColumns?: Readonly<Record<string, string>>;
};

export type LeftOut = { readonly leftOut: string };

/** What pairs of a preferred and another item do not say of a judgment. */
export function lostInPairs(judgment: Judgment): string | undefined {
  const { verdict } = judgment;
  if (verdict.kind === "ranking" && verdict.share !== undefined && ![0, 0.5, 1].includes(verdict.share)) {
    return "a soft label is written as a plain preference for the side it leans to";
  }
  const outcomes = pairs(judgment).map(({ outcome }) => outcome);
  return outcomes.includes(0.5) && outcomes.some((outcome) => outcome !== 0.5)
    ? "pairs of items that are tied are left out"
    : undefined;
}

/** A prompt or an answer as messages. @returns undefined for content that is no text. */
export function toMessages(content: Content | undefined, role: "user" | "assistant"): Message[] | undefined {
  if (typeof content === "string") return [{ role, content }];
  return Array.isArray(content) ? content : undefined;
}

/** Two items and which of them was preferred, for formats of chosen and rejected answers. */
export function orderedContents(
  left: Item,
  right: Item,
  outcome: number,
): [chosen: Content, rejected: Content] | undefined {
  if (left.content === undefined || right.content === undefined) return undefined;
  return outcome > 0.5 ? [left.content, right.content] : [right.content, left.content];
}
