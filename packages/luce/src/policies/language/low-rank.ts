/** Low-rank adapters on some matrices: W becomes W + scale B A, with A [rank, in] and B [out, rank]. */
export type LowRank = {
  readonly rank: number;
  /** alpha / rank. */
  readonly scale: number;
  /** The last parts of the adapted matrices' names, such as `q_proj`. */
  readonly targets: readonly string[];
  nameOf(matrix: string, part: "A" | "B"): string;
};
