import fc from "fast-check";
import { expect, test } from "vitest";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import { trueskill, updateTrueSkill } from "./trueskill.ts";

const defaults = trueskill.params.parse({}) as {
  mu: number;
  sigma: number;
  beta: number;
  tau: number;
  drawProbability: number;
};
const belief = fc.record({
  mu: fc.tuple(fc.double({ min: 0, max: 50, noNaN: true }), fc.double({ min: 0, max: 50, noNaN: true })),
  sigma: fc.tuple(fc.double({ min: 0.5, max: 9, noNaN: true }), fc.double({ min: 0.5, max: 9, noNaN: true })),
  outcome: fc.constantFrom(0, 0.5, 1),
});
const beliefs = (mu: readonly number[], sigma: readonly number[]) => ({
  mu: Float64Array.from(mu),
  sigma: Float64Array.from(sigma),
});

test("exchanging the players and the outcome changes nothing", () => {
  fc.assert(
    fc.property(belief, ({ mu, sigma, outcome }) => {
      const forward = beliefs(mu, sigma);
      const backward = beliefs(mu, sigma);
      updateTrueSkill(forward, 0, 1, outcome, defaults);
      updateTrueSkill(backward, 1, 0, 1 - outcome, defaults);
      for (const player of [0, 1]) {
        expect(backward.mu[player]).toBeCloseTo(forward.mu[player], 10);
        expect(backward.sigma[player]).toBeCloseTo(forward.sigma[player], 10);
      }
    }),
  );
});

test("sigma never grows where skills do not drift", () => {
  fc.assert(
    fc.property(belief, ({ mu, sigma, outcome }) => {
      const after = beliefs(mu, sigma);
      updateTrueSkill(after, 0, 1, outcome, { ...defaults, tau: 0 });
      expect(after.sigma[0]).toBeLessThanOrEqual(sigma[0]);
      expect(after.sigma[1]).toBeLessThanOrEqual(sigma[1]);
    }),
  );
});

test("a win without draws gives the exact posterior moments of the winner", () => {
  const after = beliefs([24, 27], [6, 4]);
  updateTrueSkill(after, 0, 1, 1, { beta: 25 / 6, tau: 0, drawProbability: 0 });
  // The posterior of theta_0 is proportional to its prior times Phi((theta_0 - 27) / sqrt(2 beta^2 + 16)).
  const spread = Math.sqrt(2 * (25 / 6) ** 2 + 16);
  let mass = 0;
  let first = 0;
  let second = 0;
  for (let k = -4000; k <= 4000; k++) {
    const theta = 24 + (6 * 9 * k) / 4000;
    const prior = Math.exp(-0.5 * ((theta - 24) / 6) ** 2);
    const likelihood = 0.5 * (1 + erf((theta - 27) / spread / Math.SQRT2));
    mass += prior * likelihood;
    first += prior * likelihood * theta;
    second += prior * likelihood * theta * theta;
  }
  const mean = first / mass;
  expect(after.mu[0]).toBeCloseTo(mean, 6);
  expect(after.sigma[0] ** 2).toBeCloseTo(second / mass - mean ** 2, 5);
});

/** The error function by its Maclaurin series, and 1 beyond 5 where it no longer differs. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let k = 1; k < 200; k++) {
    term *= (-x * x) / k;
    sum += term / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

test("an expected win moves the means little, an upset much", () => {
  const expected = beliefs([45, 5], [2, 2]);
  const upset = beliefs([5, 45], [2, 2]);
  updateTrueSkill(expected, 0, 1, 1, defaults);
  updateTrueSkill(upset, 0, 1, 1, defaults);
  expect(expected.mu[0] - 45).toBeLessThan(1e-6);
  expect(upset.mu[0] - 5).toBeGreaterThan(1);
});

test("fit replays the votes in their order and says what it could not use", () => {
  const votes: Comparisons = {
    systems: ["a", "b", "never judged"],
    left: Int32Array.of(0, 1, 0),
    right: Int32Array.of(1, 0, 1),
    outcome: Float64Array.of(1, 0.5, 0.8),
    count: Float64Array.of(1, 1, 1),
    weight: Float64Array.of(1, 2, 1),
  };
  const fit = trueskill.fit(votes, { ...defaults, random: createRandom(1) });
  expect(fit.logStrengths[0]).toBeGreaterThan(fit.logStrengths[1]);
  expect(fit.displayed?.[2]).toBeCloseTo(0, 10);
  expect(fit.winProbability(0, 1) + fit.winProbability(1, 0)).toBeCloseTo(1, 12);
  const text = fit.findings.map((finding) => finding.text).join("\n");
  expect(text).toContain("1 of 3 systems were never judged");
  expect(text).toContain("1 of 3 votes are shares");
  expect(text).toContain("weights");
});

test("says what is missing when there is no game to update on", () => {
  expect(() => trueskill.evaluate({ mu: [25, 25], sigma: [8, 8] }, {})).toThrow("nothing to update on");
  expect(() => trueskill.evaluate({ nItems: 2, mu: [25], outcome: 1 }, {})).toThrow("mu has length 1, expected 2");
});
