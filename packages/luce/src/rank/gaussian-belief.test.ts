import fc from "fast-check";
import { expect, test } from "vitest";
import { drawMoments, gaussianWinProbability, normalCumulative, winMoments } from "./gaussian-belief.ts";

/** Mean and variance of a standard normal kept in [from, to], by Simpson's rule on a window that holds it. */
function truncatedNormal(from: number, to: number): { mean: number; variance: number } {
  const steps = 20_000;
  const peak = Math.min(Math.max(0, from), to);
  const density = (x: number) => Math.exp(-0.5 * (x - peak) * (x + peak));
  let mass = 0;
  let first = 0;
  let second = 0;
  for (let k = 0; k <= steps; k++) {
    const x = from + ((to - from) * k) / steps;
    const weight = density(x) * (k === 0 || k === steps ? 1 : k % 2 === 1 ? 4 : 2);
    mass += weight;
    first += weight * (x - peak);
    second += weight * (x - peak) ** 2;
  }
  const mean = first / mass;
  return { mean: peak + mean, variance: second / mass - mean * mean };
}

test("a win shifts the mean and shrinks the variance as truncation of a normal does", () => {
  fc.assert(
    fc.property(fc.double({ min: -8, max: 6, noNaN: true }), (x) => {
      const { v, w } = winMoments(x);
      // A win of margin x keeps the part of a standard normal above -x.
      const { mean, variance } = truncatedNormal(-x, Math.max(-x, 0) + 9);
      expect(v).toBeCloseTo(mean, 7);
      expect(1 - w).toBeCloseTo(variance, 6);
    }),
  );
});

test("an upset of any size stays finite and removes less than all of the variance", () => {
  for (const x of [-1e-3, -1, -37, -49.999, -50.001, -1e3, -1e6, -1e12]) {
    const { v, w } = winMoments(x);
    expect(v).toBeGreaterThanOrEqual(-x);
    expect(w).toBeGreaterThan(0);
    expect(w).toBeLessThanOrEqual(1);
  }
  expect(winMoments(-49.999999).w).toBeCloseTo(winMoments(-50.000001).w, 10);
  expect(winMoments(60)).toEqual({ v: 0, w: 0 });
});

test("a draw shifts the mean and shrinks the variance as truncation to its window does", () => {
  fc.assert(
    fc.property(fc.double({ min: -8, max: 8, noNaN: true }), fc.double({ min: 1e-3, max: 3, noNaN: true }), (t, e) => {
      const { v, w } = drawMoments(t, e);
      const { mean, variance } = truncatedNormal(-t - e, -t + e);
      expect(v).toBeCloseTo(mean, 7);
      expect(1 - w).toBeCloseTo(variance, 6);
    }),
  );
});

test("a draw with no margin is an exact observation of the difference", () => {
  expect(drawMoments(1.25, 0)).toEqual({ v: -1.25, w: 1 });
  expect(drawMoments(1.25, 9e-5 / 2.25).v).toBeCloseTo(drawMoments(1.25, 1.2e-4 / 2.25).v, 8);
});

test("a draw far from expected stays finite", () => {
  for (const t of [30, 100, 1e4]) {
    const { v, w } = drawMoments(t, 0.1);
    expect(v).toBeLessThan(0);
    expect(v).toBeGreaterThan(-t - 0.1);
    expect(w).toBeGreaterThan(0.9);
    expect(w).toBeLessThanOrEqual(1);
  }
});

test("win probabilities of both sides sum to one, and uncertainty draws them together", () => {
  const sure = { mu: Float64Array.of(28, 25), sigma: Float64Array.of(0.1, 0.1) };
  const unsure = { mu: sure.mu, sigma: Float64Array.of(8, 8) };
  expect(gaussianWinProbability(sure, 4, 0, 1) + gaussianWinProbability(sure, 4, 1, 0)).toBeCloseTo(1, 14);
  expect(gaussianWinProbability(sure, 4, 0, 1)).toBeGreaterThan(gaussianWinProbability(unsure, 4, 0, 1));
  expect(normalCumulative(-38)).toBeGreaterThan(0);
});
