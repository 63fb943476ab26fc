import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { kendallTau } from "./rank-correlation.ts";
import {
  averagePrecision,
  dcg,
  macroAverage,
  ndcg,
  orderByScore,
  precisionAt,
  recallAt,
  reciprocalRank,
} from "./relevance-metrics.ts";

const graded = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 });
const binary = fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 12 });

test("with gains of 0 and 1, linear and exponential agree", () => {
  fc.assert(
    fc.property(binary, fc.integer({ min: 1, max: 15 }), (relevance, k) => {
      expect(ndcg(relevance, { k, gain: "linear" })).toBeCloseTo(ndcg(relevance, { k }), 12);
    }),
  );
});

test("NDCG is 1 exactly where the top k is sorted ideally", () => {
  fc.assert(
    fc.property(graded, fc.integer({ min: 1, max: 15 }), (relevance, k) => {
      const ideal = relevance.slice().sort((a, b) => b - a);
      if (ideal[0] === 0) expect(ndcg(relevance, { k })).toBe(0);
      else {
        expect(ndcg(ideal, { k })).toBeCloseTo(1, 12);
        const sorted = relevance.slice(0, k).every((value, place) => value === ideal[place]);
        if (!sorted) expect(ndcg(relevance, { k })).toBeLessThan(1 - 1e-9);
      }
    }),
  );
});

test("a cut-off beyond the list changes nothing where the pool is the list", () => {
  fc.assert(
    fc.property(graded, (relevance) => {
      expect(ndcg(relevance, { k: relevance.length + 5 })).toBeCloseTo(ndcg(relevance), 12);
    }),
  );
});

test("one relevant item at place i has NDCG 1 / log2(i + 1) and AP = RR = 1 / i", () => {
  for (let place = 1; place <= 8; place++) {
    const relevance = Array.from({ length: 8 }, (_, i) => (i === place - 1 ? 1 : 0));
    expect(ndcg(relevance)).toBeCloseTo(1 / Math.log2(place + 1), 12);
    expect(averagePrecision(relevance)).toBeCloseTo(1 / place, 12);
    expect(reciprocalRank(relevance)).toBeCloseTo(1 / place, 12);
  }
});

test("putting the more relevant of two neighbours first never lowers NDCG or AP", () => {
  fc.assert(
    fc.property(graded, fc.nat({ max: 10 }), (relevance, at) => {
      if (at + 1 >= relevance.length || relevance[at] >= relevance[at + 1]) return;
      const better = relevance.slice();
      [better[at], better[at + 1]] = [better[at + 1], better[at]];
      expect(ndcg(better)).toBeGreaterThanOrEqual(ndcg(relevance) - 1e-12);
      expect(averagePrecision(better)).toBeGreaterThanOrEqual(averagePrecision(relevance) - 1e-12);
    }),
  );
});

test("the ideal is made from the pool, and precision divides by k even where the list is shorter", () => {
  expect(ndcg([1], { k: 2, pool: [1, 3], gain: "linear" })).toBeCloseTo(1 / (3 + 1 / Math.log2(3)), 12);
  expect(precisionAt([1], 4)).toBe(0.25);
  expect(recallAt([1, 0], 2, [1, 0, 1, 1])).toBeCloseTo(1 / 3, 12);
  expect(recallAt([0], 1)).toBe(0);
  expect(dcg([])).toBe(0);
});

test("averages leave out what has no value and count it", () => {
  expect(macroAverage([0.5, null, 1])).toEqual({ mean: 0.75, missing: 1 });
  expect(macroAverage([null])).toEqual({ mean: null, missing: 1 });
});

test("equal scores keep the order of the items", () => {
  expect(orderByScore([1, 3, 1, 3])).toEqual([1, 3, 0, 2]);
});

test("all measures fall on average as noise on the scores grows", () => {
  const random = createRandom(11);
  const means = [0, 1, 3].map((noise) => {
    const values = Array.from({ length: 100 }, () => {
      const utility = Array.from({ length: 20 }, () => random.normal());
      const scores = utility.map((value) => value + noise * random.normal());
      const relevance = orderByScore(scores).map((item) => Math.max(0, Math.ceil(utility[item])));
      return [ndcg(relevance, { k: 10 }), averagePrecision(relevance), kendallTau(utility, scores)!];
    });
    return [0, 1, 2].map((metric) => values.reduce((sum, row) => sum + row[metric], 0) / values.length);
  });
  for (const metric of [0, 1, 2]) {
    expect(means[0][metric]).toBeGreaterThan(means[1][metric]);
    expect(means[1][metric]).toBeGreaterThan(means[2][metric]);
  }
});
