import fc from "fast-check";
import { expect, test } from "vitest";
import type { Rankings } from "../data/comparisons.ts";
import { createRandom, type Random } from "../random.ts";
import { fitBradleyTerry } from "./bradley-terry.ts";
import { fitPlackettLuce, plackettLuce } from "./plackett-luce.ts";
import {
  applyInformation,
  denseInformation,
  minorizeMaximize,
  orderItems,
  plackettLuceAt,
} from "./plackett-luce-likelihood.ts";

type Row = { items: number[]; ranks: number[]; count?: number; weight?: number };

function rankings(systems: number, rows: readonly Row[]): Rankings {
  const offsets = new Int32Array(rows.length + 1);
  rows.forEach((row, n) => {
    offsets[n + 1] = offsets[n] + row.items.length;
  });
  return {
    systems: Array.from({ length: systems }, (_, i) => String.fromCharCode(97 + i)),
    offsets,
    items: Int32Array.from(rows.flatMap((row) => row.items)),
    ranks: Int32Array.from(rows.flatMap((row) => row.ranks)),
    count: Float64Array.from(rows, (row) => row.count ?? 1),
    weight: Float64Array.from(rows, (row) => row.weight ?? 1),
  };
}

/** Rankings of `size` of the systems, drawn from the model; every other one keeps its first two places only. */
function simulate(strengths: readonly number[], votes: number, size: number, random: Random): Row[] {
  return Array.from({ length: votes }, (_, n) => {
    const arrivals = strengths.map((strength, item) => ({
      item,
      time: -Math.log(random.uniform()) / Math.exp(strength),
    }));
    for (let k = 0; k < size; k++) {
      const other = k + random.integer(strengths.length - k);
      [arrivals[k], arrivals[other]] = [arrivals[other], arrivals[k]];
    }
    const ranked = arrivals.slice(0, size).sort((a, b) => a.time - b.time);
    return {
      items: ranked.map(({ item }) => item),
      ranks: ranked.map((_, place) => (n % 2 === 0 ? place + 1 : Math.min(place + 1, 3))),
    };
  });
}

const row = fc
  .tuple(
    fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 2 }),
    fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 }),
  )
  .map(([items, ranks]): Row => ({ items, ranks: ranks.slice(0, items.length) }));
const rows = fc.array(row, { minLength: 1, maxLength: 8 });
const strengths = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 5, maxLength: 5 });

/** The definition: a tied group has any of its orders, each a sequence of choices. */
function probabilityByEnumeration({ items, ranks }: Row, theta: readonly number[]): number {
  const levels = [...new Set(ranks)].sort((a, b) => a - b);
  let remaining = items.slice();
  let product = 1;
  for (const level of levels) {
    const group = items.filter((_, k) => ranks[k] === level);
    product *= anyOrder(group, remaining, theta);
    remaining = remaining.filter((item) => !group.includes(item));
  }
  return product;
}

function anyOrder(group: readonly number[], remaining: readonly number[], theta: readonly number[]): number {
  if (group.length === 0) return 1;
  const total = remaining.reduce((sum, item) => sum + Math.exp(theta[item]), 0);
  return group.reduce(
    (sum, item) =>
      sum +
      (Math.exp(theta[item]) / total) *
        anyOrder(
          group.filter((other) => other !== item),
          remaining.filter((other) => other !== item),
          theta,
        ),
    0,
  );
}

test("a tied group is the sum over the orders it may have had, wherever it stands", () => {
  fc.assert(
    fc.property(rows, strengths, (votes, theta) => {
      const { logLikelihood } = plackettLuceAt(orderItems(rankings(5, votes)), Float64Array.from(theta));
      const expected = votes.reduce((sum, vote) => sum + Math.log(probabilityByEnumeration(vote, theta)), 0);
      expect(logLikelihood).toBeCloseTo(expected, 9);
    }),
  );
});

test("gradient and information are the derivatives of the log-likelihood, ties or not", () => {
  fc.assert(
    fc.property(rows, strengths, (votes, theta) => {
      const orders = orderItems(rankings(5, votes));
      const at = Float64Array.from(theta);
      const state = plackettLuceAt(orders, at);
      const information = denseInformation(orders, state);
      const h = 1e-5;
      for (let i = 0; i < 5; i++) {
        const up = plackettLuceAt(
          orders,
          at.map((value, j) => value + (i === j ? h : 0)),
        );
        const down = plackettLuceAt(
          orders,
          at.map((value, j) => value - (i === j ? h : 0)),
        );
        expect(state.gradient[i]).toBeCloseTo((up.logLikelihood - down.logLikelihood) / (2 * h), 6);
        for (let j = 0; j < 5; j++) {
          expect(information[i * 5 + j]).toBeCloseTo(-(up.gradient[j] - down.gradient[j]) / (2 * h), 6);
        }
      }
      const out = new Float64Array(5);
      const v = Float64Array.of(0.3, -1, 2, 0.5, 0);
      applyInformation(orders, state, v, out);
      for (let i = 0; i < 5; i++) {
        const dense = v.reduce((sum, value, j) => sum + information[i * 5 + j] * value, 0);
        expect(out[i]).toBeCloseTo(dense, 8);
      }
    }),
    { numRuns: 40 },
  );
});

test("rankings of two are Bradley-Terry, with the same robust standard errors", () => {
  const random = createRandom(3);
  const votes = simulate([0, 0.5, 1, 1.5], 300, 2, random).map((vote) => ({ ...vote, ranks: [1, 2] }));
  const fit = fitPlackettLuce(rankings(4, votes));
  const pairs = fitBradleyTerry({
    systems: ["a", "b", "c", "d"],
    left: Int32Array.from(votes, ({ items }) => items[0]),
    right: Int32Array.from(votes, ({ items }) => items[1]),
    outcome: new Float64Array(votes.length).fill(1),
    count: new Float64Array(votes.length).fill(1),
  });
  for (let i = 0; i < 4; i++) {
    expect(fit.logStrengths[i]).toBeCloseTo(pairs.logStrengths[i], 8);
    expect(fit.standardErrors![i]).toBeCloseTo(pairs.standardErrors![i], 8);
  }
});

test("MM never lowers the likelihood and rests at the maximum", () => {
  const orders = orderItems(rankings(5, simulate([0, 0.3, 0.6, 0.9, 1.2], 60, 4, createRandom(5))));
  let theta: Float64Array = new Float64Array(5);
  let before = plackettLuceAt(orders, theta).logLikelihood;
  for (let step = 0; step < 300; step++) {
    theta = minorizeMaximize(orders, theta)!.map(Math.log);
    const after = plackettLuceAt(orders, theta).logLikelihood;
    expect(after).toBeGreaterThanOrEqual(before - 1e-10);
    before = after;
  }
  expect(Math.max(...plackettLuceAt(orders, theta).gradient.map(Math.abs))).toBeLessThan(1e-8);
});

test("a count of c is c rankings, and a weight scales the likelihood but not the robust error", () => {
  const votes = simulate([0, 0.5, 1], 40, 3, createRandom(9));
  const counted = fitPlackettLuce(
    rankings(
      3,
      votes.map((vote) => ({ ...vote, count: 3 })),
    ),
  );
  const repeated = fitPlackettLuce(rankings(3, [...votes, ...votes, ...votes]));
  const weighted = fitPlackettLuce(
    rankings(
      3,
      votes.map((vote) => ({ ...vote, weight: 3 })),
    ),
  );
  const plain = fitPlackettLuce(rankings(3, votes));
  for (let i = 0; i < 3; i++) {
    expect(counted.logStrengths[i]).toBeCloseTo(repeated.logStrengths[i], 9);
    expect(counted.standardErrors![i]).toBeCloseTo(repeated.standardErrors![i], 9);
    expect(weighted.logStrengths[i]).toBeCloseTo(plain.logStrengths[i], 9);
    expect(weighted.standardErrors![i]).toBeCloseTo(plain.standardErrors![i], 9);
  }
});

test("recovers the strengths that made the rankings, within its standard errors", () => {
  const truth = Array.from({ length: 30 }, (_, i) => (i - 14.5) / 10);
  const squares: number[] = [];
  for (const seed of [1, 2, 3, 4]) {
    const fit = fitPlackettLuce(rankings(30, simulate(truth, 1500, 6, createRandom(seed))));
    truth.forEach((strength, i) => {
      squares.push(((fit.logStrengths[i] - strength) / fit.standardErrors![i]) ** 2);
    });
  }
  const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  expect(mean).toBeGreaterThan(0.6);
  expect(mean).toBeLessThan(1.5);
});

test("an item that is never beaten has no finite rating, one that was never ranked none at all, and both are said", () => {
  const votes = [
    { items: [0, 1, 2], ranks: [1, 2, 3] },
    { items: [0, 2, 1], ranks: [1, 2, 3] },
    { items: [1, 2], ranks: [1, 2] },
  ];
  const fit = fitPlackettLuce(rankings(4, votes));
  expect(fit.logStrengths[0]).toBe(Number.POSITIVE_INFINITY);
  expect(fit.logStrengths[1]).toBeCloseTo(0.5 * Math.log(2), 8);
  expect(fit.logStrengths[3]).toBeNaN();
  expect(fit.standardErrors![0]).toBeNaN();
  const text = fit.findings.map((finding) => finding.text).join("\n");
  expect(text).toContain("a never lost");
  expect(text).toContain("d was never compared");
});

test("an explicit prior makes every rating finite", () => {
  const fit = fitPlackettLuce(rankings(4, [{ items: [0, 1, 2], ranks: [1, 2, 3] }]), { regularization: 1 });
  expect(fit.logStrengths.every(Number.isFinite)).toBe(true);
  expect(fit.standardErrors!.every((error) => error > 0)).toBe(true);
  expect(fit.logStrengths[0]).toBeGreaterThan(fit.logStrengths[3]);
});

test("rankings that fall apart into groups are rated within each group", () => {
  const votes = [
    { items: [0, 1], ranks: [1, 2], count: 2 },
    { items: [1, 0], ranks: [1, 2] },
    { items: [2, 3], ranks: [1, 2] },
    { items: [3, 2], ranks: [1, 2], count: 3 },
  ];
  const fit = fitPlackettLuce(rankings(4, votes));
  expect(fit.logStrengths[0] - fit.logStrengths[1]).toBeCloseTo(Math.log(2), 8);
  expect(fit.logStrengths[3] - fit.logStrengths[2]).toBeCloseTo(Math.log(3), 8);
  expect(Array.from(fit.components)).toEqual([0, 0, 1, 1]);
  expect(fit.winProbability(0, 2)).toBeNaN();
});

test("rankings of tied items only, and no rankings at all, leave nothing rated and say so", () => {
  for (const votes of [[], [{ items: [0, 1, 2], ranks: [1, 1, 1] }]]) {
    const fit = fitPlackettLuce(rankings(3, votes));
    expect(fit.logStrengths.every(Number.isNaN)).toBe(true);
    expect(fit.findings.some(({ severity }) => severity === "problem")).toBe(true);
  }
});

test("clustered standard errors count an annotator's repeated ranking once", () => {
  const votes = simulate([0, 0.5, 1], 60, 3, createRandom(21));
  const copies = [...votes, ...votes, ...votes];
  const cluster = Int32Array.from(copies, (_, n) => n % votes.length);
  const clustered = fitPlackettLuce({ ...rankings(3, copies), cluster });
  const plain = fitPlackettLuce(rankings(3, votes));
  const correction = Math.sqrt(votes.length / (votes.length - 1));
  for (let i = 0; i < 3; i++) {
    expect(clustered.standardErrors![i]).toBeCloseTo(plain.standardErrors![i] * correction, 8);
  }
});

test("above 600 systems the same estimate comes without an M x M array, with drawn standard errors", () => {
  const random = createRandom(13);
  const truth = Array.from({ length: 700 }, (_, i) => Math.sin(i));
  const fit = fitPlackettLuce(rankings(700, simulate(truth, 4000, 5, random)), { regularization: 0.5, random });
  expect(fit.covariance).toBeNull();
  expect(fit.standardErrors!.every((error) => error > 0 && error < 2)).toBe(true);
  const error =
    fit.logStrengths.map((value, i) => (value - truth[i]) ** 2).reduce((sum, value) => sum + value, 0) / 700;
  expect(error).toBeLessThan(0.15);
});

test("a bootstrap refit of the original counts is the fit itself", () => {
  const votes = rankings(5, simulate([0, 0.3, 0.6, 0.9, 1.2], 80, 4, createRandom(17)));
  const options = { regularization: 0, random: createRandom(1) };
  const fit = plackettLuce.fit(votes, options);
  const again = plackettLuce.refit!(votes, fit, options)(votes.count);
  for (let i = 0; i < 5; i++) expect(again[i]).toBeCloseTo(fit.logStrengths[i], 8);
});

test("an item ranked twice in one ranking is an error that says which", () => {
  expect(() =>
    fitPlackettLuce(
      rankings(2, [
        { items: [0, 1], ranks: [1, 2] },
        { items: [1, 1], ranks: [1, 2] },
      ]),
    ),
  ).toThrow('"b" is ranked twice');
});
