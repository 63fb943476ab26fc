import type * as z from "zod";
import type { Comparisons, Rankings } from "../data/comparisons.ts";
import { defineMethod, type Method, type Outputs } from "../method.ts";
import type { Random } from "../random.ts";
import type { Finding } from "../report/report.ts";

/** What a rating method makes of judgments. */
export type RatingFit = {
  readonly systems: readonly string[];
  /**
   * [M] strengths in natural-log units: under the method's model the log-odds that i is preferred to j is
   * `logStrengths[i] - logStrengths[j]`. Mean 0 within each component. Infinite where no finite estimate
   * exists (a system that never loses), NaN where nothing identifies it; neither is ever shown as a number:
   * the edge writes null and `findings` says why.
   */
  readonly logStrengths: Float64Array;
  /** [M] standard errors of `logStrengths`; null where the method has none of its own (use the bootstrap). */
  readonly standardErrors: Float64Array | null;
  /** Covariance of `logStrengths`, row-major [M, M]; null where there is none, or M is too large to hold it. */
  readonly covariance: Float64Array | null;
  /**
   * [M] the component of the comparison graph a system belongs to. Strengths are comparable within one
   * component only, unless a prior joins them; then all are 0.
   */
  readonly components: Int32Array;
  /** Parameters besides the strengths: a tie threshold, style coefficients. */
  readonly coefficients: readonly {
    readonly name: string;
    readonly value: number;
    readonly standardError: number | null;
  }[];
  /** The probability that system i is preferred to system j, ties counted half. */
  winProbability(i: number, j: number): number;
  /** How the strengths are shown to people; see `displayRating`. */
  readonly display: "elo" | "percentage" | "score";
  /** [M] what is shown where `display` is not "elo": the percentage (0 to 100) or the method's own score. */
  readonly displayed?: Float64Array;
  /** [M] standard errors of `displayed`. */
  readonly displayedErrors?: Float64Array;
  /** What is not identified, what did not converge, what the reader should know. */
  readonly findings: readonly Finding[];
};

export type FitOptions<P> = P & {
  /** For methods that draw (random starts, shuffled orders). */
  random: Random;
};

/** A rating method: judgments to strengths with uncertainty. What it reads, it declares. */
export type RatingMethod<P = unknown> = Method & {
  readonly kind: "rating";
  /** Rows of a file are counted (`comparisons`), kept in order of time (`ordered`), or kept as K-wise rankings. */
  readonly reads: "comparisons" | "ordered-comparisons" | "rankings" | "ordered-rankings";
  /** Whether it uses `Comparisons.covariates`. */
  readonly usesCovariates: boolean;
  /** What the columns must hold for `fit` to run, where the method has no use for less. */
  readonly needs?: RatingNeeds;
  fit(votes: Comparisons | Rankings, options: FitOptions<P>): RatingFit;
  /**
   * For a method that refits faster from its own estimate than from nothing: returns a function from
   * resampled row counts [N] to log strengths [M]. The bootstrap uses it; without it, it calls `fit`.
   */
  refit?(votes: Comparisons | Rankings, fit: RatingFit, options: FitOptions<P>): (count: Float64Array) => Float64Array;
};

export type RatingNeeds = {
  /** Names of covariates. */
  readonly covariates?: readonly string[];
  /** `Comparisons.cluster` must be this. */
  readonly cluster?: "annotator" | "prompt";
};

type RatingDefinition<P extends z.ZodObject, I extends z.ZodType, V extends Comparisons | Rankings> = {
  id: string;
  name: string;
  paper: string;
  arxiv: string | null;
  reads: RatingMethod["reads"];
  usesCovariates?: boolean;
  needs?: RatingNeeds;
  params: P;
  inputs: I;
  evaluate(inputs: z.output<I>, params: z.output<P>): Outputs;
  fit(votes: V, options: FitOptions<z.output<P>>): RatingFit;
  refit?(votes: V, fit: RatingFit, options: FitOptions<z.output<P>>): (count: Float64Array) => Float64Array;
};

export function defineRating<P extends z.ZodObject, I extends z.ZodType, V extends Comparisons | Rankings>(
  definition: RatingDefinition<P, I, V>,
): RatingMethod<z.output<P>> {
  const { fit, refit, reads, needs, usesCovariates = false, ...method } = definition;
  return {
    ...defineMethod({ ...method, kind: "rating" }),
    kind: "rating",
    reads,
    usesCovariates,
    needs,
    fit: (votes, options) => fit(votes as V, options),
    refit: refit && ((votes, fitted, options) => refit(votes as V, fitted, options)),
  };
}

/** Points on the scale people know, where 400 are odds of ten to one, for one natural-log unit of strength. */
export const ELO_POINTS = 400 / Math.LN10;

/** A strength on that scale; the mean is 1000. */
export function displayRating(logStrength: number): number {
  return 1000 + ELO_POINTS * logStrength;
}
