/**
 * Krippendorff's alpha: agreement of any number of annotators, with missing values, beyond chance.
 *
 *   alpha = 1 - D_o / D_e
 *   D_o = (1/n) sum_u sum_{c,k} o_u(c,k) delta(c,k),  o_u(c,k) = n_uc (n_uk - [c = k]) / (m_u - 1)
 *   D_e = sum_{c,k} n_c (n_k - [c = k]) delta(c,k) / (n (n - 1))
 *
 * over the units u that m_u >= 2 annotators rated, n_uc of them with value c. delta is 1 for different
 * nominal values; (c - k)^2 for interval ones; ((c - k) / (c + k))^2 for ratios; and for ordinal ones the
 * square of the number of values ranked between, half of both ends' counts included.
 * Time is units times the square of the number of distinct values.
 *
 * @see Krippendorff, Computing Krippendorff's Alpha-Reliability (2011); Hayes and Krippendorff 2007
 */
import * as z from "zod";
import { LuceError } from "../errors.ts";
import { defineMethod } from "../method.ts";

export const levels = ["nominal", "ordinal", "interval", "ratio"] as const;
export type Level = (typeof levels)[number];

export type Agreement = {
  /** 1 is perfect, 0 chance; null where nothing could differ (one value only, or no unit rated twice). */
  alpha: number | null;
  observedDisagreement: number | null;
  expectedDisagreement: number | null;
  /** Share of pairs of ratings of one unit that are equal, each unit weighing as its ratings do. */
  percentAgreement: number | null;
};

export const krippendorffAlphaMethod = defineMethod({
  id: "krippendorff-alpha",
  name: "Krippendorff's alpha",
  paper: "Computing Krippendorff's Alpha-Reliability",
  arxiv: null,
  kind: "audit",
  params: z.object({ level: z.enum(levels).default("nominal") }),
  inputs: z.object({
    /** [annotators][units]; null where an annotator did not rate the unit. */
    ratings: z.array(z.array(z.number().nullable())).min(1),
    /** [replicates][units]: indices of units, drawn with replacement. */
    bootstrapUnits: z.array(z.array(z.number().int().nonnegative())).optional(),
  }),
  evaluate({ ratings, bootstrapUnits }, { level }) {
    const { values, units } = tabulate(ratings);
    const { alpha, ...rest } = krippendorffAlpha(values, units, level);
    return {
      alpha,
      ...rest,
      bootstrapAlphas: bootstrapUnits?.map(
        (draw) =>
          krippendorffAlpha(
            values,
            draw.map((unit) => units[unit]),
            level,
          ).alpha,
      ),
    };
  },
});

/**
 * @param values the distinct values, ascending
 * @param units how often each value was given to a unit, [units][values]
 * @param weights [units] how often each unit counts; 1 where absent
 */
export function krippendorffAlpha(
  values: readonly number[],
  units: readonly ArrayLike<number>[],
  level: Level,
  weights?: ArrayLike<number>,
): Agreement {
  const V = values.length;
  const coincidences = new Float64Array(V * V);
  units.forEach((counts, unit) => {
    const weight = weights ? weights[unit] : 1;
    let ratings = 0;
    for (let c = 0; c < V; c++) ratings += counts[c];
    if (ratings < 2 || weight === 0) return;
    for (let c = 0; c < V; c++) {
      if (counts[c] === 0) continue;
      for (let k = 0; k < V; k++) {
        coincidences[c * V + k] += (weight * counts[c] * (counts[k] - (c === k ? 1 : 0))) / (ratings - 1);
      }
    }
  });
  const margins = values.map((_, c) => coincidences.slice(c * V, (c + 1) * V).reduce((sum, n) => sum + n, 0));
  const total = margins.reduce((sum, n) => sum + n, 0);
  if (total === 0) {
    return { alpha: null, observedDisagreement: null, expectedDisagreement: null, percentAgreement: null };
  }
  const distance = distanceOf(level, values, margins);
  let observed = 0;
  let expected = 0;
  let equal = 0;
  for (let c = 0; c < V; c++) {
    equal += coincidences[c * V + c];
    for (let k = 0; k < V; k++) {
      const delta = distance(c, k);
      observed += coincidences[c * V + k] * delta;
      expected += margins[c] * (margins[k] - (c === k ? 1 : 0)) * delta;
    }
  }
  observed /= total;
  expected /= total * (total - 1);
  return {
    alpha: expected > 0 ? 1 - observed / expected : null,
    observedDisagreement: observed,
    expectedDisagreement: expected,
    percentAgreement: equal / total,
  };
}

function distanceOf(
  level: Level,
  values: readonly number[],
  margins: readonly number[],
): (c: number, k: number) => number {
  if (level === "nominal") return (c, k) => (c === k ? 0 : 1);
  if (level === "interval") return (c, k) => (values[c] - values[k]) ** 2;
  if (level === "ratio") {
    return (c, k) => (c === k ? 0 : ((values[c] - values[k]) / (values[c] + values[k])) ** 2);
  }
  const upTo = new Float64Array(margins.length + 1);
  margins.forEach((count, c) => {
    upTo[c + 1] = upTo[c] + count;
  });
  return (c, k) => {
    const [low, high] = c < k ? [c, k] : [k, c];
    return c === k ? 0 : (upTo[high + 1] - upTo[low] - (margins[low] + margins[high]) / 2) ** 2;
  };
}

function tabulate(ratings: readonly (readonly (number | null)[])[]): { values: number[]; units: Float64Array[] } {
  const unitCount = ratings[0].length;
  const uneven = ratings.findIndex((row) => row.length !== unitCount);
  if (uneven >= 0) {
    throw new LuceError(
      "shape-mismatch",
      `annotator ${uneven} has ${ratings[uneven].length} units, others ${unitCount}`,
      {
        where: "krippendorff-alpha: ratings",
        hint: "write null where an annotator did not rate a unit",
      },
    );
  }
  const values = [...new Set(ratings.flat().filter((value) => value !== null))].sort((a, b) => a - b);
  const index = new Map(values.map((value, place) => [value, place]));
  const units = Array.from({ length: unitCount }, () => new Float64Array(values.length));
  for (const row of ratings) {
    row.forEach((value, unit) => {
      if (value !== null) units[unit][index.get(value) as number]++;
    });
  }
  return { values, units };
}
