import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { meanInterval } from "./mean-interval.ts";

test("the interval of two runs is that of Student's t with one degree of freedom", () => {
  const { mean, lower, upper } = meanInterval([1, 3]);
  expect(mean).toBe(2);
  expect(upper - mean).toBeCloseTo(12.7062047, 6);
  expect(mean - lower).toBeCloseTo(12.7062047, 6);
});

test("holds the truth in about 95 of 100 cases, with few runs", () => {
  const random = createRandom(4);
  const held = Array.from({ length: 2000 }, () => meanInterval(Array.from({ length: 5 }, () => random.normal())));
  const share = held.filter(({ lower, upper }) => lower <= 0 && upper >= 0).length / held.length;
  expect(share).toBeGreaterThan(0.93);
  expect(share).toBeLessThan(0.97);
});

test("one run has no interval", () => {
  expect(() => meanInterval([1])).toThrow("at least 2 runs, there is 1");
});
