import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate, expectNear, flat, total } from "../../../test/evaluate-objective.ts";

const runs = { numRuns: 12, seed: 8 };
const C = 3;
const row = fc.array(fc.double({ min: -9, max: -0.1, noNaN: true }), { minLength: C, maxLength: C });
const matrix = fc.array(row, { minLength: C, maxLength: C });
const shift = fc.double({ min: -5, max: 5, noNaN: true });
const sami = (policyLogps: number[][], lengths = [1, 1, 1]) =>
  evaluate("sami", { policyLogps: [policyLogps], lengths: [lengths] });
const softmax = (xs: readonly number[]) => {
  const weights = xs.map(Math.exp);
  return weights.map((w) => w / total(weights));
};

test("equal entries cost log C, and one constitution costs nothing", async () => {
  const level = [-3, -3, -3];
  expect((await sami([level, level, level])).loss).toBeCloseTo(Math.log(3), 12);
  const single = await evaluate("sami", { policyLogps: [[[-4]]], lengths: [[2]] });
  expect(single.loss).toBe(0);
  expectNear(single.grad.policyLogps, [0], 15);
});

test("the loss is never negative, and the estimate of mutual information never above log C", async () => {
  await fc.assert(
    fc.asyncProperty(matrix, async (a) => {
      const { loss, mutualInformationBound } = await sami(a, [1, 4, 2]);
      expect(loss).toBeGreaterThanOrEqual(0);
      expect(flat(mutualInformationBound)[0]).toBeLessThanOrEqual(Math.log(C));
    }),
    runs,
  );
});

test("constants in a row leave the row loss, in a column the column loss, and everywhere the loss", async () => {
  await fc.assert(
    fc.asyncProperty(matrix, shift, async (a, c) => {
      const here = await sami(a);
      const inRow = await sami(a.map((xs, i) => (i === 1 ? xs.map((x) => x + c) : xs)));
      expectNear(inRow.rowLoss, here.rowLoss);
      const inColumn = await sami(a.map((xs) => xs.map((x, j) => (j === 1 ? x + c : x))));
      expectNear(inColumn.columnLoss, here.columnLoss);
      expect((await sami(a.map((xs) => xs.map((x) => x + c)))).loss).toBeCloseTo(here.loss, 9);
      const order = [2, 0, 1];
      expect((await sami(order.map((i) => order.map((j) => a[i][j])))).loss).toBeCloseTo(here.loss, 9);
    }),
    runs,
  );
});

test("has the gradient of two softmaxes against the diagonal, which adds up to zero", async () => {
  await fc.assert(
    fc.asyncProperty(matrix, async (a) => {
      const { grad } = await sami(a);
      const rows = a.map(softmax);
      const columns = a.map((_, j) => softmax(a.map((xs) => xs[j])));
      expectNear(
        grad.policyLogps,
        a.map((xs, i) => xs.map((_, j) => (rows[i][j] + columns[j][i] - (i === j ? 2 : 0)) / (2 * C))),
        10,
      );
      expect(total(grad.policyLogps)).toBeCloseTo(0, 12);
    }),
    runs,
  );
});

test("is blind to sign: reversing what every constitution means gives the same loss", async () => {
  const a = [
    [-1, -4],
    [-6, -2],
  ];
  const reversed = [a[1].toReversed(), a[0].toReversed()];
  const { loss } = await evaluate("sami", { policyLogps: [a], lengths: [[1, 1]] });
  expect((await evaluate("sami", { policyLogps: [reversed], lengths: [[1, 1]] })).loss).toBeCloseTo(loss, 12);
});

test("a KL penalty is added with weight beta", async () => {
  const evidence = {
    policyLogps: [
      [
        [-3, -4],
        [-5, -3],
      ],
    ],
    lengths: [[1, 2]],
  };
  const { loss } = await evaluate("sami", evidence);
  expect((await evaluate("sami", { ...evidence, kl: [2] }, { beta: 0.1 })).loss).toBeCloseTo(loss + 0.2, 12);
});
