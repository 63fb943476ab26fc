import type { Comparisons } from "./comparisons.ts";

/**
 * Pairwise judgments one a row, with who judged what and when: the form that audits read.
 * Rows are in the order of the file. An index of -1, or NaN, means that the file does not say.
 */
export type VoteTable = Comparisons & {
  readonly annotators: readonly string[];
  /** [N] index into `annotators`. */
  readonly annotator: Int32Array;
  readonly prompts: readonly string[];
  /** [N] index into `prompts`. */
  readonly prompt: Int32Array;
  /** [N] when the judgment was made, milliseconds since 1970. */
  readonly time: Float64Array;
  /** [N] how long the annotator took, seconds. */
  readonly duration: Float64Array;
  /** [N] length of the two sides in characters (or tokens, where the file counts those). */
  readonly leftLength: Float64Array;
  readonly rightLength: Float64Array;
};
