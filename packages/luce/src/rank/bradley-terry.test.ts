import fc from "fast-check";
import { expect, test } from "vitest";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import { fitBradleyTerry } from "./bradley-terry.ts";
import { davidsonProbabilities, fitDavidson } from "./davidson.ts";
import { fitRaoKupper } from "./rao-kupper.ts";
import type { RatingFit } from "./rating.ts";
import { fitStyleControlledBradleyTerry } from "./style-controlled-bt.ts";

type Row = { left: number; right: number; outcome: number; count?: number; weight?: number; cluster?: number };

function comparisonsOf(systems: number, rows: readonly Row[]): Comparisons {
  return {
    systems: Array.from({ length: systems }, (_, i) => `s${i}`),
    left: Int32Array.from(rows, ({ left }) => left),
    right: Int32Array.from(rows, ({ right }) => right),
    outcome: Float64Array.from(rows, ({ outcome }) => outcome),
    count: Float64Array.from(rows, ({ count }) => count ?? 1),
    ...(rows.some(({ weight }) => weight !== undefined) && {
      weight: Float64Array.from(rows, (row) => row.weight ?? 1),
    }),
    ...(rows.some(({ cluster }) => cluster !== undefined) && {
      cluster: Int32Array.from(rows, (row) => row.cluster ?? -1),
    }),
  };
}

/** Votes on a circle of four systems in both directions (so that everything is identified), and any others. */
const votes = fc
  .array(
    fc.record({
      left: fc.constantFrom(0, 1),
      right: fc.constantFrom(2, 3),
      outcome: fc.constantFrom(0, 0.5, 1),
      count: fc.integer({ min: 1, max: 9 }),
    }),
    { maxLength: 20 },
  )
  .map((rows): Row[] => [
    ...[0, 1, 2, 3].flatMap((i) => [
      { left: i, right: (i + 1) % 4, outcome: 1, count: 2 },
      { left: i, right: (i + 1) % 4, outcome: 0.5, count: 1 },
      { left: i, right: (i + 1) % 4, outcome: 0 },
    ]),
    ...rows,
  ]);

const fits = [
  ["Bradley-Terry", fitBradleyTerry],
  ["Davidson", fitDavidson],
  ["Rao-Kupper", fitRaoKupper],
] as const;

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, digits = 6) {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(actual[i]).toBeCloseTo(expected[i], digits);
}

for (const [name, fit] of fits) {
  test(`${name} does not change when the sides of every comparison are swapped`, () => {
    fc.assert(
      fc.property(votes, (rows) => {
        const swapped = rows.map((row) => ({ ...row, left: row.right, right: row.left, outcome: 1 - row.outcome }));
        const a = fit(comparisonsOf(4, rows));
        const b = fit(comparisonsOf(4, swapped));
        expectClose(b.logStrengths, a.logStrengths);
        expectClose(b.covariance!, a.covariance!);
      }),
      { numRuns: 30 },
    );
  });

  test(`${name} takes a count of n as n rows`, () => {
    fc.assert(
      fc.property(votes, (rows) => {
        const apart = rows.flatMap((row) => Array.from({ length: row.count ?? 1 }, () => ({ ...row, count: 1 })));
        const a = fit(comparisonsOf(4, rows));
        const b = fit(comparisonsOf(4, apart));
        expectClose(b.logStrengths, a.logStrengths);
        expectClose(b.standardErrors!, a.standardErrors!);
      }),
      { numRuns: 20 },
    );
  });
}

test("expected wins, half the ties included, equal those observed for every system", () => {
  fc.assert(
    fc.property(votes, (rows) => {
      const fit = fitBradleyTerry(comparisonsOf(4, rows));
      for (let i = 0; i < 4; i++) {
        let observed = 0;
        let expected = 0;
        for (const { left, right, outcome, count = 1 } of rows) {
          if (left !== i && right !== i) continue;
          observed += count * (left === i ? outcome : 1 - outcome);
          expected += count * fit.winProbability(i, left === i ? right : left);
        }
        expect(expected).toBeCloseTo(observed, 6);
      }
    }),
    { numRuns: 30 },
  );
});

test("two systems are apart by the logarithm of wins over losses", () => {
  const fit = fitBradleyTerry(
    comparisonsOf(2, [
      { left: 0, right: 1, outcome: 1, count: 30 },
      { left: 0, right: 1, outcome: 0, count: 10 },
    ]),
  );
  expect(fit.logStrengths[0] - fit.logStrengths[1]).toBeCloseTo(Math.log(3), 9);
});

test("Davidson of two systems has nu = ties / sqrt(wins losses), and expects the ties that it saw", () => {
  const fit = fitDavidson(
    comparisonsOf(2, [
      { left: 0, right: 1, outcome: 1, count: 18 },
      { left: 1, right: 0, outcome: 1, count: 8 },
      { left: 0, right: 1, outcome: 0.5, count: 6 },
    ]),
  );
  const nu = fit.coefficients[0].value;
  expect(nu).toBeCloseTo(6 / 12, 9);
  expect(fit.logStrengths[0] - fit.logStrengths[1]).toBeCloseTo(Math.log(18 / 8), 9);
  expect(32 * davidsonProbabilities(fit.logStrengths[0] - fit.logStrengths[1], Math.log(nu))[2]).toBeCloseTo(6, 9);
});

test("without ties Davidson and Rao-Kupper are Bradley-Terry", () => {
  fc.assert(
    fc.property(votes, (rows) => {
      const decided = comparisonsOf(
        4,
        rows.filter(({ outcome }) => outcome !== 0.5),
      );
      const plain = fitBradleyTerry(decided).logStrengths;
      for (const fit of [fitDavidson(decided), fitRaoKupper(decided)]) {
        expectClose(fit.logStrengths, plain);
        expect(fit.coefficients[0].value).toBe(0);
      }
    }),
    { numRuns: 20 },
  );
});

test("style that is equal on both sides changes nothing", () => {
  fc.assert(
    fc.property(votes, (rows) => {
      const comparisons = comparisonsOf(4, rows);
      const style = Float64Array.from(rows, () => 7);
      const fit = fitStyleControlledBradleyTerry(
        { ...comparisons, covariates: { names: ["length"], left: style, right: style } },
        { regRatings: 0, regCoeffs: 0 },
      );
      expectClose(fit.logStrengths, fitBradleyTerry(comparisons).logStrengths);
    }),
    { numRuns: 20 },
  );
});

test("style control recovers strengths that a taste for length hides", () => {
  const random = createRandom(11);
  const strengths = [0.75, 0.25, -0.25, -0.75];
  const rows: Row[] = [];
  const lengths: [number, number][] = [];
  for (let n = 0; n < 4000; n++) {
    const left = random.integer(4);
    const right = (left + 1 + random.integer(3)) % 4;
    // The weaker a system, the longer its answers.
    const [a, b] = [left, right].map((i) => 100 * Math.exp(0.4 * i + 0.5 * random.normal())) as [number, number];
    const logit = strengths[left] - strengths[right] + (3 * (a - b)) / (a + b + 1);
    rows.push({ left, right, outcome: random.uniform() < 1 / (1 + Math.exp(-logit)) ? 1 : 0 });
    lengths.push([a, b]);
  }
  const comparisons: Comparisons = {
    ...comparisonsOf(4, rows),
    covariates: {
      names: ["length"],
      left: Float64Array.from(lengths, ([a]) => a),
      right: Float64Array.from(lengths, ([, b]) => b),
    },
  };
  const error = ({ logStrengths }: RatingFit) =>
    Math.sqrt(logStrengths.reduce((sum, value, i) => sum + (value - strengths[i]) ** 2, 0) / 4);
  expect(error(fitBradleyTerry(comparisons))).toBeGreaterThan(0.4);
  const controlled = fitStyleControlledBradleyTerry(comparisons);
  expect(error(controlled)).toBeLessThan(0.12);
  expect(controlled.coefficients[0].value / controlled.coefficients[0].standardError!).toBeGreaterThan(10);
});

test("the 95 % sandwich interval covers the truth about as often as it says, with ties among the votes", () => {
  const random = createRandom(5);
  const truth = Float64Array.from({ length: 8 }, (_, i) => 0.25 * (i - 3.5));
  let covered = 0;
  let total = 0;
  for (let arena = 0; arena < 60; arena++) {
    const rows: Row[] = [];
    for (let n = 0; n < 400; n++) {
      const left = random.integer(8);
      const right = (left + 1 + random.integer(7)) % 8;
      const p = 1 / (1 + Math.exp(truth[right] - truth[left]));
      const tie = 0.6 * Math.min(p, 1 - p);
      const u = random.uniform();
      rows.push({ left, right, outcome: u < tie ? 0.5 : u < tie + p - tie / 2 ? 1 : 0 });
    }
    const fit = fitBradleyTerry(comparisonsOf(8, rows));
    for (let i = 0; i < 8; i++) {
      covered += Math.abs(fit.logStrengths[i] - truth[i]) < 1.96 * fit.standardErrors![i] ? 1 : 0;
      total++;
    }
  }
  expect(covered / total).toBeGreaterThan(0.91);
  expect(covered / total).toBeLessThan(0.98);
});

test("judgments of one annotator repeated are no new evidence when clustered", () => {
  const rows: Row[] = Array.from({ length: 30 }, (_, n) => ({
    left: 0,
    right: 1,
    outcome: n % 3 === 0 ? 0 : 1,
    cluster: n,
  }));
  const once = fitBradleyTerry(comparisonsOf(2, rows));
  const repeated = comparisonsOf(
    2,
    rows.map((row) => ({ ...row, count: 10 })),
  );
  expectClose(fitBradleyTerry(repeated).standardErrors!, once.standardErrors!, 9);
  const { cluster: _, ...independent } = repeated;
  expect(fitBradleyTerry(independent).standardErrors![0]).toBeLessThan(once.standardErrors![0] / 3);
});

test("above 600 systems the sparse route agrees with Newton's, and its errors with the sandwich", () => {
  const random = createRandom(3);
  const systems = 620;
  const rows: Row[] = [];
  for (let n = 0; n < 12_000; n++) {
    const left = random.integer(systems);
    const right = (left + 1 + random.integer(systems - 1)) % systems;
    rows.push({ left, right, outcome: random.uniform() < 0.5 + 0.3 * Math.sign(right - left) ? 1 : 0 });
  }
  const many = fitBradleyTerry(comparisonsOf(systems, rows), { regularization: 0.5 });
  // The score equations of the penalised likelihood hold at the sparse solution.
  const gradient = new Float64Array(systems).map((_, i) => -0.5 * many.logStrengths[i]);
  for (const { left, right, outcome } of rows) {
    const residual = outcome - many.winProbability(left, right);
    gradient[left] += residual;
    gradient[right] -= residual;
  }
  expect(Math.max(...gradient.map(Math.abs))).toBeLessThan(1e-6);
  expect(many.covariance).toBeNull();
  const typical = 1 / Math.sqrt((rows.length / systems) * 2 * 0.2 + 0.5);
  const mean = many.standardErrors!.reduce((sum, error) => sum + error, 0) / systems;
  expect(mean).toBeGreaterThan(0.7 * typical);
  expect(mean).toBeLessThan(1.4 * typical);
});
