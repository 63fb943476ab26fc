import { closest, distance } from "fastest-levenshtein";

/** What went wrong, for programs; the message is for people. */
export type LuceErrorCode =
  | "not-found"
  | "unreadable"
  | "unknown-format"
  | "invalid-input"
  | "invalid-parameter"
  | "unknown-method"
  | "not-identified"
  | "not-finite"
  | "shape-mismatch"
  | "unsupported"
  | "interrupted";

/**
 * An error made for its reader: what was found, where, and what to do next.
 * The command line prints it on one line, the API as JSON; neither shows a stack.
 */
export class LuceError extends Error {
  override readonly name = "LuceError";
  readonly code: LuceErrorCode;
  /** A file, line, field or argument. */
  readonly where: string | undefined;
  /** What the reader can do about it. */
  readonly hint: string | undefined;

  constructor(code: LuceErrorCode, message: string, options: { where?: string; hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = options.where;
    this.hint = options.hint;
  }

  /** The whole error on one line: where, what, what to do. */
  get line(): string {
    const text = `${this.where ? `${this.where}: ` : ""}${this.message}${this.hint ? `; ${this.hint}` : ""}`;
    return text.replace(/\s*\n\s*/g, " ");
  }
}

/** `did you mean "x"?` where one of `known` is close enough to `given`, else the list of what is known. */
export function suggestNearest(given: string, known: readonly string[]): string {
  if (known.length > 0) {
    const nearest = closest(given.toLowerCase(), known);
    if (distance(given.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, given.length / 3)) {
      return `did you mean "${nearest}"?`;
    }
  }
  return `known: ${known.join(", ")}`;
}
