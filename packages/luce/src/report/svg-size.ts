/** Every plot is drawn twice: for a page of 700 pixels and more, and for a phone. */
export type PlotWidth = "wide" | "narrow";

export const plotPixels = { wide: 880, narrow: 358 };

const PIXELS_PER_CHARACTER = 6.6;
const LABEL_PADDING = 16;

/** Room for the longest of the labels, at most `most` pixels. */
export function labelPixels(labels: readonly string[], most: number): number {
  const longest = labels.reduce((length, label) => Math.max(length, [...label].length), 0);
  return Math.min(most, longest * PIXELS_PER_CHARACTER + LABEL_PADDING);
}

/** Cuts a label to what about fits in `pixels`. */
export function shorten(label: string, pixels: number): string {
  const characters = [...label];
  const most = Math.max(3, Math.floor((pixels - LABEL_PADDING) / PIXELS_PER_CHARACTER));
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : label;
}
