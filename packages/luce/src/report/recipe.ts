import type { Report } from "./report.ts";

/** What became of a paper's claim. */
export type Verdict = "reproduced" | "not reproduced" | "cannot be shown at this scale";

export type RecipeOptions = {
  /** How many runs, each on a seed of its own. At least 2, so that there is an interval. */
  readonly seeds: number;
  /** The first of these seeds; the others follow it. */
  readonly firstSeed?: number;
  /** Called after each part of the work. */
  readonly onProgress?: (done: number, total: number) => void;
};

/**
 * What a recipe says: a report but for its provenance, which only the caller knows. Plain data, so that it can
 * be written as JSON. The first finding states the verdict in words.
 */
export type RecipeResult = Omit<Report, "provenance"> & { readonly verdict: Verdict };

/** A published claim, re-run in miniature. */
export type Recipe = {
  /** The method's slug. */
  readonly id: string;
  readonly title: string;
  /** What the paper says, with its numbers. */
  readonly claim: string;
  run(options: RecipeOptions): Promise<RecipeResult>;
};
