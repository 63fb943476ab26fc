import stringWidth from "string-width";
import { truncate } from "./text-width.ts";

/** Every plot is drawn twice: for a page of more than 860 pixels, and for a phone. */
export type PlotWidth = "wide" | "narrow";

export const plotPixels = { wide: 1040, narrow: 358 };

/** Half an em and a bit; wide characters, such as Chinese ones, take two. */
const PIXELS_PER_COLUMN = 6.6;
const LABEL_PADDING = 16;

/** Room for the longest of the labels, at most `most` pixels. */
export function labelPixels(labels: readonly string[], most: number): number {
  const longest = labels.reduce((columns, label) => Math.max(columns, stringWidth(label)), 0);
  return Math.ceil(Math.min(most, longest * PIXELS_PER_COLUMN + LABEL_PADDING));
}

/** Cuts a label to what about fits in `pixels`. */
export function shorten(label: string, pixels: number): string {
  return truncate(label, Math.max(3, Math.floor((pixels - LABEL_PADDING) / PIXELS_PER_COLUMN)));
}
