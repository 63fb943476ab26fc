import fc from "fast-check";
import { expect, test } from "vitest";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import { elo } from "./elo.ts";

const comparison = fc.record({
  left: fc.constantFrom(0, 1),
  right: fc.constantFrom(2, 3),
  outcome: fc.constantFrom(0, 0.5, 1),
});

test("conserves the sum of the ratings", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(comparison, { maxLength: 30 }), async (comparisons) => {
      const { ratings } = await elo.evaluate({ nItems: 4, comparisons }, { k: 32 });
      expect((ratings as number[]).reduce((sum, rating) => sum + rating, 0)).toBeCloseTo(4000, 8);
    }),
  );
});

test("does not change when the sides of every comparison are swapped", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(comparison, { maxLength: 30 }), async (comparisons) => {
      const swapped = comparisons.map(({ left, right, outcome }) => ({
        left: right,
        right: left,
        outcome: 1 - outcome,
      }));
      const { ratings } = await elo.evaluate({ nItems: 4, comparisons }, {});
      const { ratings: ratingsSwapped } = await elo.evaluate({ nItems: 4, comparisons: swapped }, {});
      (ratings as number[]).forEach((rating, i) => {
        expect((ratingsSwapped as number[])[i]).toBeCloseTo(rating, 9);
      });
    }),
  );
});

test("an even match moves both ratings by half of k", async () => {
  const inputs = { nItems: 2, comparisons: [{ left: 0, right: 1, outcome: 1 }] };
  expect((await elo.evaluate(inputs, { k: 32 })).ratings).toEqual([1016, 984]);
});

test("reports the median over shuffled orders and says how much order matters", () => {
  const votes: Comparisons = {
    systems: ["a", "b"],
    left: Int32Array.from({ length: 60 }, () => 0),
    right: Int32Array.from({ length: 60 }, () => 1),
    outcome: Float64Array.from({ length: 60 }, (_, n) => (n < 40 ? 1 : 0)),
    count: new Float64Array(60).fill(1),
  };
  const fit = elo.fit(votes, { k: 32, scale: 400, base: 10, initRating: 1000, orders: 51, random: createRandom(1) });
  expect(fit.logStrengths[0]).toBeGreaterThan(0.2);
  expect(fit.logStrengths[0]).toBeLessThan(1.2);
  expect(fit.findings[0].text).toMatch(/depends on the order/);
});
