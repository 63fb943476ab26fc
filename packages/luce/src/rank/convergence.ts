import type { Comparisons, Rankings } from "../data/comparisons.ts";
import type { Random } from "../random.ts";
import type { Plot } from "../report/report.ts";
import { drawBinomial } from "./binomial.ts";
import { displayRating, type FitOptions, type RatingFit, type RatingMethod } from "./rating.ts";
import { NORMAL_95 } from "./uncertainty.ts";

/** A fit to a part of the judgments. */
export type PartialFit = { readonly judgments: number; readonly fit: RatingFit };

/**
 * How ratings settle as judgments accumulate: fits to growing shares of the judgments, each containing the one
 * before, drawn at random without replacement. The last is the fit to all. `parts` fits.
 *
 * Rows are not expanded: how many of a row's judgments fall into the next share is binomial.
 */
export function fitGrowingShares<P>(
  method: RatingMethod<P>,
  votes: Comparisons | Rankings,
  options: FitOptions<P>,
  { parts = 10, random }: { parts?: number; random: Random },
): PartialFit[] {
  const left = Float64Array.from(votes.count);
  const taken = new Float64Array(left.length);
  return Array.from({ length: parts }, (_, part) => {
    let judgments = 0;
    for (let row = 0; row < left.length; row++) {
      const drawn = drawBinomial(random, left[row], 1 / (parts - part));
      left[row] -= drawn;
      taken[row] += drawn;
      judgments += taken[row];
    }
    return { judgments, fit: method.fit({ ...votes, count: taken.slice() }, options) };
  });
}

/** Systems drawn; more lines than this cannot be told apart. */
const LINES = 8;

/** The ratings of the best systems over growing shares, with 95 % intervals where the method has them. */
export function convergencePlot(parts: readonly PartialFit[]): Plot[] {
  const last = parts.at(-1)?.fit;
  if (last?.display !== "elo") return [];
  const best = Array.from(last.systems, (_, i) => i)
    .filter((i) => Number.isFinite(last.logStrengths[i]))
    .sort((a, b) => last.logStrengths[b] - last.logStrengths[a])
    .slice(0, LINES);
  return [
    {
      id: "convergence",
      kind: "lines",
      title: "How the ratings settle",
      caption: `Ratings of the first ${best.length} systems from growing shares of the judgments, drawn at random; bands are 95% intervals.`,
      x: "Judgments",
      y: "Rating",
      series: best.map((i) => ({
        name: last.systems[i],
        points: parts.flatMap(({ judgments, fit: { logStrengths, standardErrors } }) => {
          if (!Number.isFinite(logStrengths[i])) return [];
          const error = NORMAL_95 * (standardErrors?.[i] ?? Number.NaN);
          const band = Number.isFinite(error)
            ? { lower: displayRating(logStrengths[i] - error), upper: displayRating(logStrengths[i] + error) }
            : {};
          return [{ x: judgments, y: displayRating(logStrengths[i]), ...band }];
        }),
      })),
    },
  ];
}
