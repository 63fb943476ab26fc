import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import {
  countPairs,
  goodmanKruskalGamma,
  kendallTau,
  kendallTauA,
  midranks,
  pairwiseAccuracy,
  pearsonCorrelation,
  spearman,
} from "./rank-correlation.ts";

const fewLevels = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })), {
  maxLength: 30,
});
const distinct = fc
  .uniqueArray(fc.tuple(fc.integer(), fc.integer()), { minLength: 3, maxLength: 30, selector: ([x]) => x })
  .filter((pairs) => new Set(pairs.map(([, y]) => y)).size === pairs.length);
const columns = (pairs: readonly (readonly [number, number])[]) => ({
  x: pairs.map(([x]) => x),
  y: pairs.map(([, y]) => y),
});

test("counts every pair as the quadratic definition does", () => {
  fc.assert(
    fc.property(fewLevels, (pairs) => {
      const counts = { concordant: 0, discordant: 0, tiedOnlyX: 0, tiedOnlyY: 0, tiedBoth: 0 };
      for (let i = 0; i < pairs.length; i++) {
        for (let j = 0; j < i; j++) {
          const dx = Math.sign(pairs[i][0] - pairs[j][0]);
          const dy = Math.sign(pairs[i][1] - pairs[j][1]);
          if (dx === 0 && dy === 0) counts.tiedBoth++;
          else if (dx === 0) counts.tiedOnlyX++;
          else if (dy === 0) counts.tiedOnlyY++;
          else if (dx === dy) counts.concordant++;
          else counts.discordant++;
        }
      }
      const { x, y } = columns(pairs);
      expect(countPairs(x, y)).toEqual(counts);
    }),
  );
});

test("without ties tau-b, tau-a and gamma agree, and pairwise accuracy is (tau-a + 1) / 2", () => {
  fc.assert(
    fc.property(distinct, (pairs) => {
      const { x, y } = columns(pairs);
      const tau = kendallTauA(x, y)!;
      expect(kendallTau(x, y)).toBeCloseTo(tau, 12);
      expect(goodmanKruskalGamma(x, y)).toBeCloseTo(tau, 12);
      expect(pairwiseAccuracy(x, y)).toBeCloseTo((tau + 1) / 2, 12);
    }),
  );
});

test("without ties tau and rho keep Daniels' inequality", () => {
  fc.assert(
    fc.property(distinct, (pairs) => {
      const { x, y } = columns(pairs);
      const n = x.length;
      const daniels = ((3 * n) / (n - 2)) * kendallTauA(x, y)! - ((2 * (n + 1)) / (n - 2)) * spearman(x, y)!;
      expect(Math.abs(daniels)).toBeLessThanOrEqual(1 + 1e-9);
    }),
  );
});

test("reversing one side flips the sign; an increasing transform changes nothing", () => {
  fc.assert(
    fc.property(fewLevels, (pairs) => {
      const { x, y } = columns(pairs);
      for (const metric of [kendallTau, kendallTauA, goodmanKruskalGamma, spearman]) {
        const value = metric(x, y);
        const reversed = metric(
          x,
          y.map((score) => -score),
        );
        const transformed = metric(
          x.map((score) => Math.exp(score)),
          y,
        );
        if (value === null) expect([reversed, transformed]).toEqual([null, null]);
        else {
          expect(reversed).toBeCloseTo(-value, 12);
          expect(transformed).toBeCloseTo(value, 12);
          expect(Math.abs(value)).toBeLessThanOrEqual(1);
        }
      }
    }),
  );
});

test("a constant side leaves tau-b, rho and the correlation missing, not 0", () => {
  const constant = [2, 2, 2];
  const other = [1, 2, 3];
  expect(kendallTau(constant, other)).toBeNull();
  expect(spearman(constant, other)).toBeNull();
  expect(pearsonCorrelation([0.1, 0.1, 0.1], other)).toBeNull();
  expect(goodmanKruskalGamma(constant, other)).toBeNull();
  expect(kendallTauA(constant, other)).toBe(0);
  expect(kendallTauA([], [])).toBeNull();
});

test("tied values share the mean of their positions", () => {
  expect(Array.from(midranks([10, 20, 10, 5]))).toEqual([2.5, 4, 2.5, 1]);
});

test("rounding scores to three levels biases tau-a towards 0 but not gamma, with tau-b between", () => {
  const random = createRandom(7);
  const truth = Array.from({ length: 2000 }, () => random.normal());
  const seen = truth.map((value) => value + 0.5 * random.normal());
  const coarse = (values: number[]) => values.map((value) => (value < -0.5 ? 0 : value < 0.5 ? 1 : 2));
  const tauA = kendallTauA(coarse(truth), coarse(seen))!;
  const tauB = kendallTau(coarse(truth), coarse(seen))!;
  const gamma = goodmanKruskalGamma(coarse(truth), coarse(seen))!;
  const exact = kendallTau(truth, seen)!;
  expect(tauA).toBeLessThan(exact - 0.1);
  expect(tauB).toBeGreaterThan(tauA);
  expect(gamma).toBeGreaterThan(tauB);
});

test("scores of different items, or that are not numbers, are errors that say where", () => {
  expect(() => kendallTau([1, 2], [1])).toThrow("x has 2 scores and y has 1");
  expect(() => spearman([1, Number.NaN], [1, 2])).not.toThrow();
  expect(() => kendallTau([1, Number.NaN], [1, 2])).toThrow("not a number");
});
