import { expect, test } from "vitest";
import {
  binomialPValue,
  clusteredVariance,
  estimateOf,
  numberKeys,
  rejectedAtFalseDiscoveryRate,
  wilsonInterval,
} from "./inference.ts";

const clustering = (...ways: number[][]) => ({
  ways: ways.map((way) => Int32Array.from(way)),
  degreesOfFreedom: 1,
  name: "",
});

test("the clustered variance sums influences within a cluster before squaring them", () => {
  const influence = Float64Array.of(1, 2, -3, 4);
  expect(clusteredVariance(influence, clustering())).toBe(30);
  // Clusters {1, 2} and {-3, 4}: (9 + 1) * 2 / 1.
  expect(clusteredVariance(influence, clustering([0, 0, 1, 1]))).toBe(20);
  // A row of no cluster stands alone: (9 + 9 + 16) * 3 / 2.
  expect(clusteredVariance(influence, clustering([0, 0, -1, -1]))).toBe(51);
});

test("two ways of clustering add up, less what they share, and never fall below either", () => {
  const influence = Float64Array.of(1, 2, -3, 4);
  // By rows: 10 * 2. By columns: (1 - 3)^2 + (2 + 4)^2 = 40, times 2. Both at once, single rows: 30 * 4 / 3.
  expect(clusteredVariance(influence, clustering([0, 0, 1, 1], [0, 1, 0, 1]))).toBeCloseTo(80, 12);
  const crossed = Float64Array.of(1, -1, 1, 1);
  // By rows: 0 + 4, times 2. By columns: 4 + 0, times 2. Less 4 * 4 / 3.
  expect(clusteredVariance(crossed, clustering([0, 0, 1, 1], [0, 1, 0, 1]))).toBeCloseTo(16 - 16 / 3, 12);
});

test("an estimate with two clusters has the wide interval of one degree of freedom", () => {
  const { lower, upper, pValue } = estimateOf(1, 1, 1);
  expect(upper - 1).toBeCloseTo(12.7062, 4);
  expect(1 - lower).toBeCloseTo(12.7062, 4);
  expect(pValue).toBeCloseTo(0.5, 9);
  expect(estimateOf(0, 0, 5).pValue).toBe(1);
});

test("the false discovery rate rejects up to the last p-value below its line", () => {
  expect(rejectedAtFalseDiscoveryRate([0.008, 0.0002, 0.004, 0.1])).toEqual([false, true, true, false]);
  expect(rejectedAtFalseDiscoveryRate([])).toEqual([]);
});

test("intervals and tests of a share match their tables", () => {
  expect(wilsonInterval(5, 10).lower).toBeCloseTo(0.2366, 4);
  expect(wilsonInterval(5, 10).upper).toBeCloseTo(0.7634, 4);
  expect(wilsonInterval(0, 0)).toEqual({ lower: 0, upper: 1 });
  expect(binomialPValue(0, 10, 0.5)).toBeCloseTo(2 / 1024, 12);
  expect(binomialPValue(5, 10, 0.5)).toBe(1);
});

test("keys are numbered in order of appearance, negative ones not", () => {
  expect([...numberKeys(5, (row) => [7, -1, 3, 7, 9][row])]).toEqual([0, -1, 1, 0, 2]);
});
