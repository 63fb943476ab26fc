import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { fitDavidson } from "./davidson.ts";
import { meanMaximumRankViolation, roboArena, samplingWeight } from "./robo-arena.ts";
import { expectation, gradientAndCurvature, type Sessions, type TaskBuckets } from "./robo-arena-em.ts";

const logit = fc.double({ min: -2, max: 2, noNaN: true });
const model = fc.record({
  theta: fc.array(logit, { minLength: 3, maxLength: 3 }),
  psi: fc.array(logit, { minLength: 6, maxLength: 6 }),
  tau: fc.array(logit, { minLength: 2, maxLength: 2 }),
  share: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
  nu: fc.double({ min: 0.1, max: 2, noNaN: true }),
});
const session = fc.record({
  left: fc.constantFrom(0, 1),
  right: fc.constant(2),
  outcome: fc.constantFrom(0, 0.5, 1),
});
const bucketsOf = ({
  theta,
  psi,
  tau,
  share,
  nu,
}: typeof model extends fc.Arbitrary<infer T> ? T : never): TaskBuckets => ({
  theta: Float64Array.from(theta),
  psi: Float64Array.from(psi),
  tau: Float64Array.from(tau),
  bucketWeights: Float64Array.of(share, 1 - share),
  nu,
});
const sessionsOf = (rows: readonly { left: number; right: number; outcome: number }[]): Sessions => ({
  left: Int32Array.from(rows, (row) => row.left),
  right: Int32Array.from(rows, (row) => row.right),
  outcome: Float64Array.from(rows, (row) => row.outcome),
  weight: new Float64Array(rows.length).fill(1),
});
const sessions = fc.array(session, { minLength: 1, maxLength: 8 });

test("the gradient is the derivative of the log-likelihood, with partial scores and without", () => {
  fc.assert(
    fc.property(model, sessions, fc.boolean(), (parameters, rows, partial) => {
      const buckets = bucketsOf(parameters);
      const data: Sessions = {
        ...sessionsOf(rows),
        progress: partial
          ? {
              left: Float64Array.from(rows, (_, n) => (n % 3) / 2),
              right: Float64Array.from(rows, (_, n) => (n % 2) / 3),
              deviation: 0.3,
            }
          : undefined,
      };
      const { gradient } = gradientAndCurvature(buckets, data, expectation(buckets, data));
      const h = 1e-6;
      for (const block of ["theta", "psi", "tau"] as const) {
        buckets[block].forEach((_, i) => {
          const at = (shift: number) => {
            const values = buckets[block].slice();
            values[i] += shift;
            return expectation({ ...buckets, [block]: values }, data).logLikelihood;
          };
          expect(gradient[block][i]).toBeCloseTo((at(h) - at(-h)) / (2 * h), 4);
        });
      }
    }),
    { numRuns: 40 },
  );
});

test("inside a bucket a decisive outcome is Bradley-Terry, whatever the difficulty", () => {
  fc.assert(
    fc.property(model, (parameters) => {
      const buckets = bucketsOf(parameters);
      const { pWin, pLoss } = expectation(buckets, sessionsOf([{ left: 0, right: 2, outcome: 1 }]));
      for (const t of [0, 1]) {
        const gap = buckets.theta[0] + buckets.psi[t] - buckets.theta[2] - buckets.psi[4 + t];
        expect(pWin[t] / (pWin[t] + pLoss[t])).toBeCloseTo(1 / (1 + Math.exp(-gap)), 10);
      }
    }),
  );
});

test("swapping sides, and adding a constant to theta and tau, leave the likelihood and responsibilities alone", () => {
  fc.assert(
    fc.property(model, sessions, logit, (parameters, rows, shift) => {
      const buckets = bucketsOf(parameters);
      const base = expectation(buckets, sessionsOf(rows));
      const swapped = rows.map(({ left, right, outcome }) => ({ left: right, right: left, outcome: 1 - outcome }));
      const moved = {
        ...buckets,
        theta: buckets.theta.map((value) => value + shift),
        tau: buckets.tau.map((value) => value + shift),
      };
      for (const other of [expectation(buckets, sessionsOf(swapped)), expectation(moved, sessionsOf(rows))]) {
        expect(other.logLikelihood).toBeCloseTo(base.logLikelihood, 8);
        base.responsibilities.forEach((value, at) => {
          expect(other.responsibilities[at]).toBeCloseTo(value, 9);
        });
      }
      const looser = expectation({ ...buckets, nu: buckets.nu * 2 }, sessionsOf(rows));
      base.responsibilities.forEach((value, at) => {
        expect(looser.responsibilities[at]).toBeCloseTo(value, 9);
      });
    }),
  );
});

test("a bucket too hard for all carries no decisive outcome", () => {
  const buckets: TaskBuckets = {
    theta: Float64Array.of(1, -1),
    psi: new Float64Array(4),
    tau: Float64Array.of(0, 12),
    bucketWeights: Float64Array.of(0.5, 0.5),
    nu: 0.5,
  };
  const { responsibilities } = expectation(buckets, sessionsOf([{ left: 0, right: 1, outcome: 1 }]));
  expect(responsibilities[1]).toBeLessThan(1e-3);
});

test("an unfinished closed form is null, not a number", () => {
  const comparisons = [{ left: 0, right: 1, outcome: 1 }];
  expect(roboArena.evaluate({ nItems: 3, comparisons }, { buckets: 1 })).toEqual({
    theta: [null, null, null],
    tau: [null],
    winRates: [1, 0, null],
  });
});

test("the default leaderboard is Davidson's model at 200 points a unit around 1500", () => {
  const votes = {
    systems: ["a", "b", "c"],
    left: Int32Array.of(0, 1, 2, 0, 1, 2),
    right: Int32Array.of(1, 2, 0, 1, 2, 0),
    outcome: Float64Array.of(1, 1, 1, 0.5, 0.5, 0),
    count: Float64Array.of(4, 3, 2, 2, 1, 5),
  };
  const options = { ...defaults(), random: createRandom(1) };
  const fit = roboArena.fit(votes, options);
  const davidson = fitDavidson(votes);
  fit.displayed!.forEach((score, i) => {
    expect(score).toBeCloseTo(1500 + 200 * davidson.logStrengths[i], 9);
  });
  const taskAware = roboArena.fit(votes, { ...options, model: "task-aware", buckets: 3, starts: 2 });
  expect(taskAware.winProbability(0, 1) + taskAware.winProbability(1, 0)).toBeCloseTo(1, 10);
  expect(taskAware.logStrengths[0]).toBeGreaterThan(taskAware.logStrengths[2]);
  expect(taskAware.findings.some(({ text }) => text.includes("not identified"))).toBe(true);
});

test("shares are not verdicts for the task-aware model", () => {
  const votes = {
    systems: ["a", "b"],
    left: Int32Array.of(0),
    right: Int32Array.of(1),
    outcome: Float64Array.of(0.7),
    count: Float64Array.of(1),
  };
  expect(() => roboArena.fit(votes, { ...defaults(), model: "task-aware", random: createRandom(1) })).toThrow(
    "outcome 0.7 is neither",
  );
});

test("a policy seen often is drawn at weight 1, a new one at most; a perfect order violates nothing", () => {
  expect(samplingWeight(500)).toBe(1);
  expect(samplingWeight(0)).toBeGreaterThan(samplingWeight(10));
  expect(meanMaximumRankViolation([3, 2, 1], [30, 20, 10])).toBe(0);
  expect(meanMaximumRankViolation([3, 2, 1], [1, 2, 3])).toBeCloseTo((2 + 1 + 2) / 3, 12);
});

function defaults() {
  return roboArena.params.parse({}) as Omit<Parameters<typeof roboArena.fit>[1], "random">;
}
