import { expect, test } from "vitest";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import { bradleyTerry, fitBradleyTerry } from "./bradley-terry.ts";
import { convergencePlot, fitGrowingShares } from "./convergence.ts";

const votes: Comparisons = {
  systems: ["a", "b", "c"],
  left: Int32Array.of(0, 0, 1, 1, 0, 0),
  right: Int32Array.of(1, 1, 2, 2, 2, 2),
  outcome: Float64Array.of(1, 0, 1, 0, 1, 0),
  count: Float64Array.of(700, 300, 600, 400, 800, 200),
};
const options = { regularization: 0, ratingScale: 400, ratingBase: 10, initRating: 1000, random: createRandom(1) };
const parts = fitGrowingShares(bradleyTerry, votes, options, { parts: 5, random: createRandom(2) });

test("the last share is all the judgments, and its fit is the fit", () => {
  expect(parts.at(-1)?.judgments).toBe(3000);
  expect(parts.at(-1)?.fit.logStrengths).toEqual(fitBradleyTerry(votes).logStrengths);
});

test("shares grow, about evenly, and intervals narrow", () => {
  parts.forEach(({ judgments }, part) => {
    expect(Math.abs(judgments - 600 * (part + 1))).toBeLessThan(100);
  });
  const errors = parts.map(({ fit }) => fit.standardErrors![0]);
  expect(errors[0] / errors[4]).toBeGreaterThan(1.9);
  expect(errors[0] / errors[4]).toBeLessThan(2.6);
});

test("the plot leaves out shares in which a system has no finite rating", () => {
  const [plot] = convergencePlot([
    { judgments: 1, fit: { ...parts[0].fit, logStrengths: Float64Array.of(Number.POSITIVE_INFINITY, 0, 0) } },
    ...parts,
  ]);
  if (plot.kind !== "lines") throw new Error("expected lines");
  expect(plot.series.map(({ name, points }) => [name, points.length])).toEqual([
    ["a", 5],
    ["b", 6],
    ["c", 6],
  ]);
  for (const { y, lower, upper } of plot.series[0].points) {
    expect(lower).toBeLessThan(y);
    expect(upper).toBeGreaterThan(y);
  }
});
