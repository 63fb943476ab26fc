/**
 * Elo: an online rating, one update a comparison.
 *
 *   p       = 1 / (1 + base^((R_right - R_left) / scale))
 *   R_left  += k w (y - p)
 *   R_right -= k w (y - p)
 *
 * y is the left system's share of the preference, w the comparison's weight. The ratings depend on the
 * order of the comparisons, so `fit` plays them in `orders` shuffled orders and reports the median over
 * orders, with the spread over orders as a finding. It has no use for the order they came in.
 *
 * @see arXiv 2403.04132, section 4
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { type Random, shuffle } from "../random.ts";
import { systemQuantiles } from "./bootstrap-quantiles.ts";
import { connectedComponents } from "./components.ts";
import { comparisonInputs } from "./contract.ts";
import { defineRating } from "./rating.ts";

const parameters = z.object({
  /** Points moved by a complete surprise. 4 suits a leaderboard, 32 a game ladder. */
  k: z.number().positive().default(4),
  scale: z.number().positive().default(400),
  base: z.number().gt(1).default(10),
  /** The rating before the first vote. */
  initRating: z.number().default(1000),
  /** Shuffled replays behind the median and the spread. */
  orders: z.number().int().min(1).default(100),
});

type EloParameters = z.output<typeof parameters>;

export const elo = defineRating({
  id: "elo",
  name: "Elo",
  paper: "Chatbot Arena: An Open Platform for Evaluating LLMs by Human Preference",
  arxiv: "2403.04132",
  reads: "comparisons",
  params: parameters,
  inputs: comparisonInputs.extend({
    startRatings: z.array(z.number()).optional(),
    bootstrapIndices: z.array(z.array(z.number().int().nonnegative())).optional(),
  }),

  evaluate({ nItems, comparisons, startRatings, bootstrapIndices }, params) {
    const start = () => startRatings?.slice() ?? Array<number>(nItems).fill(params.initRating);
    const ratings = start();
    const expectedScores: number[] = [];
    const trajectory: number[][] = [];
    for (const comparison of comparisons) {
      expectedScores.push(updateElo(ratings, comparison, params));
      trajectory.push(ratings.slice());
    }
    const bootstrapRatings = bootstrapIndices?.map((order) => {
      const replayed = start();
      for (const row of order) updateElo(replayed, comparisons[row], params);
      return replayed;
    });
    return {
      ratings,
      expectedScores,
      trajectory,
      bootstrapRatings,
      bootstrapMedian: bootstrapRatings && systemQuantiles(bootstrapRatings, 0.5),
    };
  },

  fit(comparisons: Comparisons, { orders, random, ...params }) {
    const play = shuffledPlay(comparisons, { ...params, orders }, random);
    const replays = Array.from({ length: orders }, () => play(comparisons.count));
    const naturalUnits = Math.log(params.base) / params.scale;
    const logStrengths = systemQuantiles(replays, 0.5).map((rating) => (rating - params.initRating) * naturalUnits);
    const spread = Math.max(...standardDeviations(replays));
    return {
      systems: comparisons.systems,
      logStrengths,
      standardErrors: null,
      covariance: null,
      components: connectedComponents(comparisons),
      coefficients: [],
      winProbability: (i, j) => 1 / (1 + Math.exp(logStrengths[j] - logStrengths[i])),
      display: "elo",
      findings: [
        {
          severity: "note",
          text: `Elo depends on the order of the votes: over ${orders} shuffles of the same votes a rating moves by up to ${spread.toFixed(1)} points (standard deviation); the median is shown.`,
          advice: "Use bradley-terry for a rating that does not depend on order.",
        },
      ],
    };
  },

  refit(comparisons: Comparisons, _fit, { random, ...params }) {
    // One shuffled order a resample, so that the spread holds the order's share as well.
    const play = shuffledPlay(comparisons, params, random);
    const naturalUnits = Math.log(params.base) / params.scale;
    return (count) => play(count).map((rating) => (rating - params.initRating) * naturalUnits);
  },
});

/**
 * Moves the ratings of two systems that were compared.
 *
 * @returns the probability that their ratings gave the left one
 */
export function updateElo(
  ratings: number[] | Float64Array,
  { left, right, outcome, weight = 1 }: { left: number; right: number; outcome: number; weight?: number },
  { k, scale, base }: Pick<EloParameters, "k" | "scale" | "base">,
): number {
  const expected = 1 / (1 + base ** ((ratings[right] - ratings[left]) / scale));
  const points = k * weight * (outcome - expected);
  ratings[left] += points;
  ratings[right] -= points;
  return expected;
}

/**
 * Plays every judgment once, in a new random order each time it is called: returns a function from how many
 * judgments each row stands for [N] to ratings [M]. O(judgments) a play, 2 bytes a judgment (4 above 65536 rows).
 */
function shuffledPlay(
  { systems, left, right, outcome, weight }: Comparisons,
  { k, scale, base, initRating }: EloParameters,
  random: Random,
): (count: Float64Array) => Float64Array {
  const slope = Math.log(base) / scale;
  // Shuffling waits for memory: the smaller the row numbers, the faster.
  const RowNumbers = left.length <= 2 ** 16 ? Uint16Array : Int32Array;
  let rows = new RowNumbers(0);
  return (count) => {
    const judgments = count.reduce((sum, times) => sum + Math.round(times), 0);
    if (judgments > rows.length) rows = new RowNumbers(judgments);
    const order = rows.subarray(0, judgments);
    for (let row = 0, at = 0; row < count.length; row++) {
      const end = at + Math.round(count[row]);
      order.fill(row, at, end);
      at = end;
    }
    shuffle(order, random);
    // `updateElo`, with what does not change from judgment to judgment taken out of the loop.
    const ratings = new Float64Array(systems.length).fill(initRating);
    for (let n = 0; n < judgments; n++) {
      const row = order[n];
      const i = left[row];
      const j = right[row];
      const expected = 1 / (1 + Math.exp((ratings[j] - ratings[i]) * slope));
      const points = k * (weight ? weight[row] : 1) * (outcome[row] - expected);
      ratings[i] += points;
      ratings[j] -= points;
    }
    return ratings;
  };
}

function standardDeviations(replays: readonly ArrayLike<number>[]): number[] {
  return Array.from(replays[0], (_, system) => {
    const ratings = replays.map((replay) => replay[system]);
    const mean = ratings.reduce((sum, rating) => sum + rating, 0) / ratings.length;
    return Math.sqrt(ratings.reduce((sum, rating) => sum + (rating - mean) ** 2, 0) / ratings.length);
  });
}
