import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, expectNear, flat, total } from "../../test/evaluate-objective.ts";
import { preferenceScoreTable } from "./gpm.ts";

const runs = { numRuns: 12, seed: 11 };
const rowOf = (size: number, min: number, max: number) =>
  fc.array(fc.double({ min, max, noNaN: true }), { minLength: size, maxLength: size });
const embedding = rowOf(4, -3, 3);
const scales = rowOf(2, 0.1, 2);
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const rotated = ([a, b, c, d]: readonly number[], angle: number) => {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [cos * a - sin * b, sin * a + cos * b, c, d];
};

describe("the general preference model", () => {
  const model = (chosen: number[], rejected: number[], rest: object = {}, params: object = {}) =>
    evaluate("gpm", { chosenEmbeddings: [chosen], rejectedEmbeddings: [rejected], ...rest }, params);

  test("is skew-symmetric: P(i > j) + P(j > i) is 1, and an item ties with itself", async () => {
    await fc.assert(
      fc.asyncProperty(embedding, embedding, scales, async (a, b, lam) => {
        const [here, there] = [await model(a, b, { scales: [lam] }), await model(b, a, { scales: [lam] })];
        expectNear(
          here.scores,
          flat(there.scores).map((s) => -s),
          12,
        );
        expect(flat(here.probabilities)[0] + flat(there.probabilities)[0]).toBeCloseTo(1, 12);
        expect(Math.abs(flat(here.scores)[0])).toBeLessThanOrEqual(Math.max(...lam) + 1e-12);
        expectNear((await model(a, a, { scales: [lam] })).scores, [0], 12);
        const table = preferenceScoreTable([a, b], lam);
        expect(table[0][1]).toBeCloseTo(-table[1][0], 12);
        expect(table[0][0]).toBe(0);
      }),
      runs,
    );
  });

  test("contains Bradley-Terry: embeddings (r, c) with one c", async () => {
    await fc.assert(
      fc.asyncProperty(rowOf(2, -5, 5), async ([first, second]) => {
        const { loss } = await model([first, 1], [second, 1], {}, { tau: 1, normalize: false });
        expect(loss).toBeCloseTo(softplus(second - first), 10);
      }),
      runs,
    );
  });

  test("rotating all embeddings within a block changes no score, and parallel embeddings tie", async () => {
    await fc.assert(
      fc.asyncProperty(embedding, embedding, fc.double({ min: 0, max: 6, noNaN: true }), async (a, b, angle) => {
        const { scores } = await model(a, b);
        expectNear((await model(rotated(a, angle), rotated(b, angle))).scores, scores, 9);
        const twice = a.map((x) => 2 * x);
        expectNear((await model(a, twice)).scores, [0], 12);
      }),
      runs,
    );
  });

  test("three embeddings at 120 degrees form a cycle of sin 120 degrees", () => {
    const at = [0, 120, 240].map((degrees) => [
      Math.cos((degrees * Math.PI) / 180),
      Math.sin((degrees * Math.PI) / 180),
    ]);
    const table = preferenceScoreTable(at, [2]);
    const cycle = 2 * Math.sin((120 * Math.PI) / 180);
    expectNear(table, [0, cycle, -cycle, -cycle, 0, cycle, cycle, -cycle, 0], 12);
  });

  test("any skew-symmetric table of three items is one of embeddings of two values", () => {
    fc.assert(
      fc.property(rowOf(2, -3, 3), fc.double({ min: 0.2, max: 3, noNaN: true }), ([p, q], r) => {
        const table = preferenceScoreTable([
          [r, 0],
          [0, 1],
          [-q, p / r],
        ]);
        expectNear([table[0][1], table[0][2], table[1][2]], [r, p, q], 9);
      }),
      { seed: 11 },
    );
  });

  test("refuses an embedding of an odd size, and one of a size of its own", async () => {
    await expect(model([1, 2, 3], [1, 2, 3])).rejects.toMatchObject({ code: "shape-mismatch" });
    expect(() =>
      preferenceScoreTable([
        [1, 2],
        [1, 2, 3, 4],
      ]),
    ).toThrow("embeddings[1] has 4");
    expect(() => preferenceScoreTable([[1, 2]], [1, 1])).toThrow("scales 2");
  });
});

describe("general preference optimisation", () => {
  const rewards = rowOf(3, -4, 4);
  const gpo = (policy: number[], reference: number[], table: number[][], params: object = {}) =>
    evaluate(
      "gpm",
      { policyLogps: [policy], referenceLogps: [reference], scoreMatrix: [table] },
      { component: "gpo", beta: 0.5, ...params },
    );
  const differences = (r: number[]) => r.map((first) => r.map((second) => first - second));

  test("of reward differences has the reward less its mean as score, and scores add up to 0", async () => {
    await fc.assert(
      fc.asyncProperty(rewards, rewards, async (r, policy) => {
        const { averageScores } = await gpo(policy, [0, 0, 0], differences(r));
        const mean = total(r) / 3;
        expectNear(
          averageScores,
          r.map((x) => x - mean),
          12,
        );
        expect(total(averageScores)).toBeCloseTo(0, 10);
      }),
      runs,
    );
  });

  test("costs nothing at its target, where the policy leads its reference by t / beta", async () => {
    await fc.assert(
      fc.asyncProperty(rewards, rewards, async (r, reference) => {
        const mean = total(r) / 3;
        const target = reference.map((x, i) => x + (r[i] - mean) / 0.5);
        const { loss, grad } = await gpo(target, reference, differences(r));
        expect(loss).toBeCloseTo(0, 12);
        expectNear(grad.policyLogps, [0, 0, 0], 10);
      }),
      runs,
    );
  });

  test("on a symmetric cycle the uniform policy is a fixed point", async () => {
    const cycle = [
      [0, 1, -1],
      [-1, 0, 1],
      [1, -1, 0],
    ];
    const uniform = [-Math.log(3), -Math.log(3), -Math.log(3)];
    const { loss, grad } = await gpo(uniform, uniform, cycle);
    expect(loss).toBe(0);
    expectNear(grad.policyLogps, [0, 0, 0], 15);
  });

  test("a selected pair is the highest and the lowest score, the lower index at a tie", async () => {
    const table = differences([1, 3, 3]);
    const { selected, loss } = await gpo([0, 1, 2], [0, 0, 0], table, { select: "pair" });
    expect(flat(selected)).toEqual([1, 0]);
    const t = [1 - 7 / 3, 3 - 7 / 3];
    expect(loss).toBeCloseTo(((0 - t[0] / 0.5) ** 2 + (1 - t[1] / 0.5) ** 2) / 2, 12);
  });
});
