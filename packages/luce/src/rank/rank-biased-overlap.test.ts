import fc from "fast-check";
import { expect, test } from "vitest";
import { rankBiasedOverlap } from "./rank-biased-overlap.ts";

const list = fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { minLength: 1, maxLength: 12 });
const persistence = fc.double({ min: 0.05, max: 0.98, noNaN: true });

test("identical lists overlap fully, disjoint ones not at all", () => {
  fc.assert(
    fc.property(list, persistence, (items, p) => {
      expect(rankBiasedOverlap(items, items, p).rboExt).toBeCloseTo(1, 10);
      const disjoint = rankBiasedOverlap(
        items,
        items.map((item) => item + 100),
        p,
      );
      expect(disjoint).toMatchObject({ averageOverlap: 0, rboTruncated: 0, rboMin: 0, rboExt: 0 });
    }),
  );
});

test("is symmetric, and truncated <= least <= extrapolated <= 1", () => {
  fc.assert(
    fc.property(list, list, persistence, (a, b, p) => {
      const forward = rankBiasedOverlap(a, b, p);
      const backward = rankBiasedOverlap(b, a, p);
      expect(backward.overlap).toEqual(forward.overlap);
      expect(backward.rboExt).toBeCloseTo(forward.rboExt!, 12);
      expect(backward.rboMin).toBeCloseTo(forward.rboMin, 12);
      expect(forward.rboTruncated).toBeLessThanOrEqual(forward.rboMin + 1e-12);
      expect(forward.rboMin).toBeLessThanOrEqual(forward.rboExt! + 1e-12);
      expect(forward.rboExt).toBeLessThanOrEqual(1 + 1e-12);
    }),
  );
});

test("a small persistence looks only at the first place", () => {
  expect(rankBiasedOverlap(["a", "b", "c"], ["a", "c", "b"], 1e-6).rboExt).toBeCloseTo(1, 5);
  expect(rankBiasedOverlap(["a", "b", "c"], ["b", "a", "c"], 1e-6).rboExt).toBeCloseTo(0, 5);
});

test("an empty list leaves what needs a depth missing", () => {
  expect(rankBiasedOverlap([], ["a"])).toEqual({
    overlap: [0],
    averageOverlap: null,
    rboTruncated: 0,
    rboMin: 0,
    rboExt: null,
  });
});

test("an id that stands twice in a list, or a persistence of 1, is an error", () => {
  expect(() => rankBiasedOverlap(["a", "a"], ["b"])).toThrow('"a" stands in the list twice');
  expect(() => rankBiasedOverlap(["a"], ["b"], 1)).toThrow("p is 1");
});
