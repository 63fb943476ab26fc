import fc from "fast-check";
import { expect, test } from "vitest";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import { rankCentrality } from "./rank-centrality.ts";

const strengths = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 2, maxLength: 6 });

/** Every pair once, with the share of wins that the strengths imply. */
function expectedOutcomes(theta: readonly number[]): Comparisons {
  const pairs = theta.flatMap((_, i) => theta.slice(0, i).map((__, j) => [i, j] as const));
  return {
    systems: theta.map(String),
    left: Int32Array.from(pairs, ([i]) => i),
    right: Int32Array.from(pairs, ([, j]) => j),
    outcome: Float64Array.from(pairs, ([i, j]) => 1 / (1 + Math.exp(theta[j] - theta[i]))),
    count: new Float64Array(pairs.length).fill(1),
  };
}
const fit = (votes: Comparisons, regularization = 0) =>
  rankCentrality.fit(votes, { regularization, random: createRandom(1) } as Parameters<typeof rankCentrality.fit>[1]);

test("on Bradley-Terry's own probabilities it returns the strengths exactly", () => {
  fc.assert(
    fc.property(strengths, (theta) => {
      const votes = expectedOutcomes(theta.map((value, i) => value + i * 1e-9));
      const mean = theta.reduce((sum, value) => sum + value, 0) / theta.length;
      const { logStrengths } = fit(votes);
      theta.forEach((value, i) => {
        expect(logStrengths[i]).toBeCloseTo(value - mean, 6);
      });
    }),
  );
});

test("two systems differ by the logarithm of wins over losses, and the transition matrix keeps the weights", async () => {
  const rows = [1, 1, 1, 0].map((outcome) => ({ left: 0, right: 1, outcome }));
  const { logStrengths, transitions, stationary } = await rankCentrality.evaluate({ nItems: 2, comparisons: rows }, {});
  const [first, second] = logStrengths as number[];
  expect(first - second).toBeCloseTo(Math.log(3), 12);
  const pi = stationary as number[];
  const P = transitions as number[][];
  expect(pi[0] * P[0][0] + pi[1] * P[1][0]).toBeCloseTo(pi[0], 12);
});

test("above 600 systems the sparse walk agrees with Bradley-Terry's probabilities too", () => {
  const M = 700;
  const theta = Array.from({ length: M }, (_, i) => Math.sin(i));
  const left: number[] = [];
  const right: number[] = [];
  for (let i = 0; i < M; i++) {
    for (const step of [1, 17, 101, 211]) {
      left.push(i);
      right.push((i + step) % M);
    }
  }
  const votes: Comparisons = {
    systems: theta.map(String),
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    outcome: Float64Array.from(left, (i, n) => 1 / (1 + Math.exp(theta[right[n]] - theta[i]))),
    count: new Float64Array(left.length).fill(1),
  };
  const { logStrengths } = fit(votes);
  expect(logStrengths[3] - logStrengths[400]).toBeCloseTo(theta[3] - theta[400], 6);
});

test("a system that never loses has no finite rating until pseudo-wins join it", () => {
  const votes: Comparisons = {
    systems: ["a", "b", "c", "apart"],
    left: Int32Array.of(0, 1, 2, 0),
    right: Int32Array.of(1, 2, 1, 2),
    outcome: Float64Array.of(1, 1, 1, 1),
    count: Float64Array.of(1, 2, 1, 1),
  };
  const bare = fit(votes);
  expect(bare.logStrengths[0]).toBe(Number.POSITIVE_INFINITY);
  expect(bare.logStrengths[1] - bare.logStrengths[2]).toBeCloseTo(Math.log(2), 10);
  expect(bare.logStrengths[3]).toBeNaN();
  expect(bare.findings.map(({ text }) => text).join()).toContain("a never lost");
  const joined = fit(votes, 0.5);
  expect(Number.isFinite(joined.logStrengths[0])).toBe(true);
  expect(joined.logStrengths[0]).toBeGreaterThan(joined.logStrengths[1]);
  expect(joined.logStrengths[3]).toBeNaN();
});
