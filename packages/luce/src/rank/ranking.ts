import * as z from "zod";
import type { Comparisons, Rankings } from "../data/comparisons.ts";
import type { Random } from "../random.ts";
import type { Finding, Provenance } from "../report/report.ts";
import { decide, probabilityBest } from "./decision.ts";
import { rankIntervals } from "./rank-intervals.ts";
import { displayRating, ELO_POINTS, type RatingFit } from "./rating.ts";
import { bootstrapUncertainty, NORMAL_95, normalUncertainty, type Uncertainty } from "./uncertainty.ts";

const finite = z.number().nullable();

/**
 * The JSON of a leaderboard, version 1. Every number is finite or null; null means that the judgments do not
 * identify it, and `findings` says why.
 */
export const rankingSchema = z.object({
  schema: z.literal("luce.ranking/1"),
  /** Id of the rating method. */
  method: z.string(),
  /** How many judgments it rests on. */
  judgments: z.number(),
  /** Best first. */
  ratings: z.array(
    z.object({
      system: z.string(),
      /** On the scale that people know: Elo's (400 points are odds of ten to one, mean 1000), or a percentage. */
      rating: finite,
      /** The same in natural log-odds, mean 0. */
      logit: finite,
      /** Of `rating`, in its units. */
      standardError: finite,
      /** 95 % interval of `rating`. */
      lower: finite,
      upper: finite,
      /** 1 is best; equal ratings share a rank. Within the group, where systems fall into several. */
      rank: z.number().int().nullable(),
      /** 95 % interval of the rank, which allows for every system being compared with every other. */
      rankLower: z.number().int().nullable(),
      rankUpper: z.number().int().nullable(),
      /** How many judgments the system took part in. */
      judgments: z.number(),
      /** The probability that it is the best of all, given the judgments. */
      probabilityBest: finite,
      /** Number of the group of systems that were compared with one another; 1 where there is only one. */
      group: z.number().int(),
    }),
  ),
  /** [i][j]: the probability that `ratings[i]` is preferred to `ratings[j]`, ties counted half. Null above 256 systems. */
  winProbability: z.array(z.array(finite)).nullable(),
  /** Each system against the next in rank. */
  decisions: z.array(
    z.object({
      system: z.string(),
      against: z.string(),
      decision: z.enum(["better", "worse", "no difference that matters", "not enough data"]),
      /** In log-odds, with its 95 % interval. */
      difference: finite,
      lower: finite,
      upper: finite,
      probabilityBetter: finite,
      /** About how many more judgments of these two would decide it; 0 where it is decided. */
      moreJudgments: finite,
    }),
  ),
  /** Differences below this many log-odds do not matter. */
  margin: z.number(),
  /** Parameters besides the strengths, such as a tie threshold or style coefficients. */
  coefficients: z.array(z.object({ name: z.string(), value: finite, standardError: finite })),
  findings: z.array(
    z.object({
      severity: z.enum(["problem", "caution", "note"]),
      text: z.string(),
      advice: z.string().optional(),
    }),
  ),
  provenance: z.record(z.string(), z.unknown()),
});

export type Ranking = Omit<z.output<typeof rankingSchema>, "findings" | "provenance"> & {
  readonly findings: readonly Finding[];
  readonly provenance: Provenance;
};

/** Above this many systems the matrix of win probabilities is left out. */
const MATRIX_LIMIT = 256;

export type RankingInput = {
  readonly method: string;
  readonly fit: RatingFit;
  readonly votes: Comparisons | Rankings;
  /** Bootstrap replicates [R][M]; the method's own covariance is used where there are none. */
  readonly replicates?: readonly Float64Array[];
  /** Log-odds below which a difference does not matter. */
  readonly margin: number;
  readonly random: Random;
  readonly provenance: Provenance;
  readonly findings?: readonly Finding[];
};

/** A fit as a leaderboard with intervals, rank intervals and decisions. O(D M^2) with D joint draws. */
export function toRanking(input: RankingInput): Ranking {
  const { fit, votes, replicates, margin, random } = input;
  const uncertainty = replicates ? bootstrapUncertainty(fit.logStrengths, replicates) : normalUncertainty(fit, random);
  const { logStrengths, components } = fit;
  // Rounded so that systems which differ by rounding errors alone share a rank.
  const shown = (fit.display === "score" && fit.displayed ? fit.displayed : logStrengths).map(
    (value) => Math.round(value * 1e9) / 1e9,
  );
  const { rank, rankLower, rankUpper, critical } = rankIntervals(logStrengths, components, uncertainty, shown);
  const best = probabilityBest(logStrengths, uncertainty);
  const judgments = judgmentsOf(votes);
  const groups = groupNumbers(components, logStrengths);
  const displayed = displayScale(fit, uncertainty, replicates !== undefined);
  const order = Array.from(fit.systems, (_, i) => i).sort(
    (a, b) => groups[a] - groups[b] || byStrength(shown[a], shown[b]) || (fit.systems[a] < fit.systems[b] ? -1 : 1),
  );
  return {
    schema: "luce.ranking/1",
    method: input.method,
    judgments: votes.count.reduce((sum, count) => sum + count, 0),
    ratings: order.map((i) => ({
      system: fit.systems[i],
      rating: orNull(displayed.rating(i)),
      logit: orNull(logStrengths[i]),
      standardError: orNull(displayed.standardError(i)),
      lower: orNull(displayed.lower(i)),
      upper: orNull(displayed.upper(i)),
      rank: rank[i],
      rankLower: rankLower[i],
      rankUpper: rankUpper[i],
      judgments: judgments[i],
      probabilityBest: orNull(best[i]),
      group: groups[i],
    })),
    winProbability:
      order.length > MATRIX_LIMIT ? null : order.map((i) => order.map((j) => orNull(fit.winProbability(i, j)))),
    decisions: order.slice(0, -1).flatMap((i, at) => {
      const j = order[at + 1];
      if (components[i] !== components[j]) return [];
      const limit = Math.max(critical[i], critical[j]);
      const { decision, difference, lower, upper, probabilityBetter, dataNeeded } = decide(
        logStrengths,
        uncertainty,
        i,
        j,
        margin,
        limit,
      );
      return {
        system: fit.systems[i],
        against: fit.systems[j],
        decision,
        difference: orNull(difference),
        lower: orNull(lower),
        upper: orNull(upper),
        probabilityBetter: orNull(probabilityBetter),
        moreJudgments: orNull(Math.ceil((dataNeeded - 1) * (judgments[i] + judgments[j]))),
      };
    }),
    margin,
    coefficients: fit.coefficients.map(({ name, value, standardError }) => ({
      name,
      value: orNull(value),
      standardError: standardError === null ? null : orNull(standardError),
    })),
    findings: [...(input.findings ?? []), ...fit.findings],
    provenance: input.provenance,
  };
}

type DisplayScale = Record<"rating" | "standardError" | "lower" | "upper", (i: number) => number>;

function displayScale(fit: RatingFit, uncertainty: Uncertainty, bootstrapped: boolean): DisplayScale {
  const { logStrengths, display, displayed, displayedErrors } = fit;
  if (display === "elo" || !displayed) {
    return {
      rating: (i) => displayRating(logStrengths[i]),
      standardError: (i) => ELO_POINTS * uncertainty.standardErrors[i],
      lower: (i) => displayRating(uncertainty.lower[i]),
      upper: (i) => displayRating(uncertainty.upper[i]),
    };
  }
  if (display === "percentage") {
    const percent = (logit: number) => 100 / (1 + Math.exp(-logit));
    // The slope of the percentage in the logit carries a standard error from one scale to the other.
    const error = (i: number) =>
      displayedErrors && !bootstrapped
        ? displayedErrors[i]
        : (displayed[i] * (100 - displayed[i]) * uncertainty.standardErrors[i]) / 100;
    return {
      rating: (i) => displayed[i],
      standardError: error,
      lower: (i) => (bootstrapped ? percent(uncertainty.lower[i]) : Math.max(0, displayed[i] - NORMAL_95 * error(i))),
      upper: (i) => (bootstrapped ? percent(uncertainty.upper[i]) : Math.min(100, displayed[i] + NORMAL_95 * error(i))),
    };
  }
  const error = (i: number) => displayedErrors?.[i] ?? Number.NaN;
  return {
    rating: (i) => displayed[i],
    standardError: error,
    lower: (i) => displayed[i] - NORMAL_95 * error(i),
    upper: (i) => displayed[i] + NORMAL_95 * error(i),
  };
}

/** [M] judgments that each system took part in. */
function judgmentsOf(votes: Comparisons | Rankings): Float64Array {
  const judgments = new Float64Array(votes.systems.length);
  if ("left" in votes) {
    for (let row = 0; row < votes.left.length; row++) {
      judgments[votes.left[row]] += votes.count[row];
      if (votes.left[row] !== votes.right[row]) judgments[votes.right[row]] += votes.count[row];
    }
    return judgments;
  }
  const { offsets, items, count } = votes;
  const countedIn = new Int32Array(judgments.length).fill(-1);
  for (let n = 0; n < count.length; n++) {
    for (let k = offsets[n]; k < offsets[n + 1]; k++) {
      const system = items[k];
      if (countedIn[system] !== n) judgments[system] += count[n];
      countedIn[system] = n;
    }
  }
  return judgments;
}

/** [M] components numbered from 1, the largest first, those without any estimate last. */
function groupNumbers(components: Int32Array, logStrengths: Float64Array): Int32Array {
  const sizes = new Map<number, number>();
  components.forEach((component, i) => {
    sizes.set(component, (sizes.get(component) ?? 0) + (Number.isNaN(logStrengths[i]) ? 0 : 1));
  });
  const order = [...sizes].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([component]) => component);
  const number = new Map(order.map((component, at) => [component, at + 1]));
  return components.map((component) => number.get(component)!);
}

function byStrength(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a === b ? 0 : b > a ? 1 : -1;
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
