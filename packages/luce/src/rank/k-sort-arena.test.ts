import fc from "fast-check";
import { expect, test } from "vitest";
import type { Rankings } from "../data/comparisons.ts";
import { createRandom, shuffle } from "../random.ts";
import { countMeetings, kSortArena, selectGroup, updateKSort } from "./k-sort-arena.ts";

const params = kSortArena.params.parse({}) as Parameters<typeof selectGroup>[3] & {
  beta: number;
  kappa: number;
  mu0: number;
  sigma0: number;
};
const skill = fc.double({ min: 10, max: 40, noNaN: true });
const spread = fc.double({ min: 0.5, max: 8, noNaN: true });
const group = fc.array(fc.tuple(skill, spread, fc.integer({ min: 1, max: 4 })), { minLength: 2, maxLength: 6 });
const beliefsOf = (members: readonly (readonly [number, number, number])[]) => ({
  mu: Float64Array.from(members, ([mu]) => mu),
  sigma: Float64Array.from(members, ([, sigma]) => sigma),
});
const everyone = (members: readonly unknown[]) => members.map((_, item) => item);
const ranksOf = (members: readonly (readonly [number, number, number])[]) => members.map(([, , rank]) => rank);

test("the order of the items inside a vote is irrelevant", () => {
  fc.assert(
    fc.property(group, fc.integer(), (members, seed) => {
      const one = beliefsOf(members);
      const other = beliefsOf(members);
      const order = shuffle(everyone(members), createRandom(seed));
      updateKSort(one, everyone(members), ranksOf(members), params);
      updateKSort(
        other,
        order,
        order.map((item) => members[item][2]),
        params,
      );
      for (const item of everyone(members)) {
        expect(other.mu[item]).toBeCloseTo(one.mu[item], 9);
        expect(other.sigma[item]).toBeCloseTo(one.sigma[item], 9);
      }
    }),
  );
});

test("a K-wise vote is the sum of its pair updates computed from the same old beliefs", () => {
  fc.assert(
    fc.property(group, (members) => {
      const whole = beliefsOf(members);
      const factors = updateKSort(whole, everyone(members), ranksOf(members), params);
      const mu = members.map(([value]) => value);
      const factor = members.map(() => 1);
      for (let a = 0; a < members.length; a++) {
        for (let b = a + 1; b < members.length; b++) {
          const pair = beliefsOf(members);
          const pairFactors = updateKSort(pair, [a, b], [members[a][2], members[b][2]], params);
          for (const [position, item] of [a, b].entries()) {
            mu[item] += pair.mu[item] - members[item][0];
            factor[item] += pairFactors[position] - 1;
          }
        }
      }
      for (const item of everyone(members)) {
        expect(whole.mu[item]).toBeCloseTo(mu[item], 9);
        expect(factors[item]).toBeCloseTo(factor[item], 9);
      }
    }),
  );
});

test("with equal sigmas the sum of mu is conserved, and a shift of all mu shifts the result only", () => {
  fc.assert(
    fc.property(group, spread, skill, (members, sigma, shift) => {
      const equal = members.map(([mu, , rank]) => [mu, sigma, rank] as const);
      const shifted = equal.map(([mu, , rank]) => [mu + shift, sigma, rank] as const);
      const one = beliefsOf(equal);
      const other = beliefsOf(shifted);
      updateKSort(one, everyone(equal), ranksOf(equal), params);
      updateKSort(other, everyone(equal), ranksOf(equal), params);
      const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
      expect(sum(one.mu)).toBeCloseTo(sum(equal.map(([mu]) => mu)), 8);
      for (const item of everyone(equal)) expect(other.mu[item] - shift).toBeCloseTo(one.mu[item], 8);
    }),
  );
});

test("sigma never grows, the winner never falls, the last never rises, and a vote of ties changes nothing", () => {
  fc.assert(
    fc.property(group, (members) => {
      const after = beliefsOf(members);
      const ranks = ranksOf(members);
      updateKSort(after, everyone(members), ranks, params);
      for (const [item, [mu, sigma, rank]] of members.entries()) {
        expect(after.sigma[item]).toBeLessThanOrEqual(sigma);
        if (rank === Math.min(...ranks)) expect(after.mu[item]).toBeGreaterThanOrEqual(mu);
        if (rank === Math.max(...ranks)) expect(after.mu[item]).toBeLessThanOrEqual(mu);
      }
      const tied = beliefsOf(members);
      updateKSort(
        tied,
        everyone(members),
        members.map(() => 1),
        params,
      );
      expect(tied).toEqual(beliefsOf(members));
    }),
  );
});

test("an upset moves the winner by roughly sigma^2 / c^2 of the gap", () => {
  const after = { mu: Float64Array.of(0, 1000), sigma: Float64Array.of(2, 2) };
  updateKSort(after, [0, 1], [1, 2], params);
  const c2 = 2 * params.beta ** 2 + 8;
  expect(after.mu[0]).toBeCloseTo((4 / c2) * 1000, 1);
});

test("systems never met come first, by closeness then index, and the least met is the pivot", () => {
  const beliefs = { mu: Float64Array.of(25, 30, 26, 24, 90), sigma: new Float64Array(5).fill(1) };
  const pairCounts = Array.from({ length: 5 }, () => new Float64Array(5));
  countMeetings(pairCounts, [1, 2, 3, 4]);
  expect(selectGroup(beliefs, pairCounts, 1, params)).toEqual({
    pivot: 0,
    selected: [2, 3, 1],
    utilities: [null, "unseen", "unseen", "unseen", "unseen"],
  });
  countMeetings(pairCounts, [0, 1, 2, 4]);
  expect(selectGroup(beliefs, pairCounts, 2, params).selected[0]).toBe(3);
});

test("the sign of equation 11 as printed matches the most distant systems instead of the closest", () => {
  const beliefs = { mu: Float64Array.of(25, 26, 40, 60), sigma: new Float64Array(4).fill(1) };
  const met = [
    [0, 1, 1, 1],
    [1, 0, 2, 2],
    [1, 2, 0, 2],
    [1, 2, 2, 0],
  ];
  expect(selectGroup(beliefs, met, 9, { ...params, K: 2 }).selected).toEqual([1]);
  expect(selectGroup(beliefs, met, 9, { ...params, K: 2, exploitSign: 1 }).selected).toEqual([3]);
});

test("fit replays a log, reports the variance floor, and leaves the prior to systems nobody judged", () => {
  const votes: Rankings = {
    systems: ["a", "b", "c", "d", "e", "never judged"],
    offsets: Int32Array.of(0, 5, 7),
    items: Int32Array.of(0, 1, 2, 3, 4, 0, 4),
    ranks: Int32Array.of(1, 2, 3, 4, 5, 1, 2),
    count: Float64Array.of(1, 1),
  };
  const fit = kSortArena.fit(votes, { ...params, random: createRandom(1) });
  expect(fit.displayed?.[5]).toBeCloseTo(0, 10);
  expect(Array.from(fit.logStrengths.subarray(0, 5))).toEqual(
    Array.from(fit.logStrengths.subarray(0, 5)).sort((a, b) => b - a),
  );
  const text = fit.findings.map((finding) => finding.text).join("\n");
  expect(text).toContain("1 of 2 votes hit the variance floor");
  expect(text).toContain("1 of 6 systems were never judged");
});

test("an item ranked twice, or unknown, is an error that names it", () => {
  const beliefs = { mu: [25, 25], sigma: [8, 8] };
  expect(() => kSortArena.evaluate({ ...beliefs, items: [0, 0], ranks: [1, 2] }, {})).toThrow("ranked twice");
  expect(() => kSortArena.evaluate({ ...beliefs, items: [0, 2], ranks: [1, 2] }, {})).toThrow("no item 2");
  expect(() => kSortArena.evaluate({ ...beliefs, items: [0, 1] }, {})).toThrow("ranks has length 0, expected 2");
});
