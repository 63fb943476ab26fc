import stringWidth from "string-width";
import { splitGraphemes } from "./text-width.ts";

/** Names come from strangers: control characters and direction overrides would move the cursor or hide text. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069\uFEFF]/gu, (character) =>
    /\s/.test(character) ? " " : "\uFFFD",
  );
}

/** Pads printable text (colour codes do not count) to `width` terminal columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const blank = " ".repeat(Math.max(0, width - stringWidth(text)));
  return align === "left" ? text + blank : blank + text;
}

/** Breaks text into lines of at most `width` columns, at spaces, and inside a word only where it is longer than a line. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    for (const piece of stringWidth(word) > width ? pieces(word, width) : [word]) {
      const longer = line === "" ? piece : `${line} ${piece}`;
      if (stringWidth(longer) <= width || line === "") line = longer;
      else {
        lines.push(line);
        line = piece;
      }
    }
  }
  return line === "" ? lines : [...lines, line];
}

function pieces(word: string, width: number): string[] {
  const result = [""];
  for (const segment of splitGraphemes(word)) {
    const last = result.length - 1;
    if (stringWidth(result[last] + segment) > width && result[last] !== "") result.push(segment);
    else result[last] += segment;
  }
  return result;
}
