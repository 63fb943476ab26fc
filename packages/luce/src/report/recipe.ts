import type { Report } from "./report.ts";

/** What became of a paper's claim. */
export type Verdict = "reproduced" | "not reproduced" | "cannot be shown at this scale";

/** What one run of an arm came to: plain data. */
export type RecipeRun = {
  /** By the name of the measure; null where it could not be measured. */
  readonly measures: Readonly<Record<string, number | null>>;
  /** A path on the way to it, for a plot. */
  readonly curve?: readonly { readonly x: number; readonly y: number }[];
};

/** Runs that outlive the process, so that a recipe that was stopped does not repeat them. */
export type FinishedRuns = {
  find(arm: string, seed: number): RecipeRun | undefined;
  keep(arm: string, seed: number, run: RecipeRun): Promise<void>;
};

export type RecipeOptions = {
  /** How many runs, each on a seed of its own. At least 2, so that there is an interval. */
  readonly seeds: number;
  /** The first of these seeds; the others follow it. */
  readonly firstSeed?: number;
  /** Called after each part of the work. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Asked before each run and told of it after; a recipe of seconds may ignore it. */
  readonly finished?: FinishedRuns;
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
