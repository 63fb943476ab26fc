import type { Content, Item, Judgment, Message } from "../../judgment.ts";

/** A format that judgments can be written in. Adding one is a file beside this and a line in `index.ts`. */
export type Writer = {
  readonly id: string;
  /** What it is, in words. */
  readonly name: string;
  /** A first line, without its end. */
  readonly header?: string;
  /** The lines that carry a judgment, without their ends; or why the format cannot carry it. */
  lines(judgment: Judgment): readonly string[] | LeftOut;
  /** How the database turns the lines, as a file of JSON objects, into the format. */
  readonly parquetColumns?: Readonly<Record<string, string>>;
};

export type LeftOut = { readonly leftOut: string };

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
