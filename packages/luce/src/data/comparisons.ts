/**
 * Pairwise judgments as columns: the compact form on which ratings work.
 *
 * A row stands for `count` judgments that agree in everything the row holds. Where order matters
 * (online ratings), rows are in order of time and each has count 1.
 */
export type Comparisons = {
  /** Distinct system names; `left` and `right` index into it. */
  readonly systems: readonly string[];
  /** [N] */
  readonly left: Int32Array;
  /** [N] */
  readonly right: Int32Array;
  /** [N] left's share of the preference, in [0, 1]: 1 left is preferred, 0.5 a tie, 0 right is preferred. */
  readonly outcome: Float64Array;
  /** [N] how many judgments the row stands for. */
  readonly count: Float64Array;
  /** [N] importance weight of each of these judgments; 1 where absent. */
  readonly weight?: Float64Array;
  /** [N] index of the annotator or prompt the judgments came from, for clustered uncertainty. */
  readonly cluster?: Int32Array;
  /** Raw covariates of the two sides, row-major [N, names.length]. */
  readonly covariates?: {
    readonly names: readonly string[];
    readonly left: Float64Array;
    readonly right: Float64Array;
  };
};

/** Judgments that order K items, ragged: judgment n ranks items[offsets[n] .. offsets[n + 1]). */
export type Rankings = {
  readonly systems: readonly string[];
  /** [N + 1] */
  readonly offsets: Int32Array;
  /** Indices into `systems`. */
  readonly items: Int32Array;
  /** 1 is best; equal ranks are ties. */
  readonly ranks: Int32Array;
  /** [N] */
  readonly count: Float64Array;
  /** [N] 1 where absent. */
  readonly weight?: Float64Array;
  /** [N] */
  readonly cluster?: Int32Array;
};
