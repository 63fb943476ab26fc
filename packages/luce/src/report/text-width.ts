import stringWidth from "string-width";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Cuts text to `columns` (wide characters take two), with an ellipsis where something is lost. */
export function truncate(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  if (columns < 1) return "";
  let cut = "";
  let used = 0;
  for (const grapheme of splitGraphemes(text)) {
    used += stringWidth(grapheme);
    if (used > columns - 1) break;
    cut += grapheme;
  }
  return `${cut}…`;
}

export function splitGraphemes(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}
