import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grpo } from "./grpo.ts";
import { ppo } from "./ppo.ts";

const tokens = fc.array(fc.double({ min: -5, max: -0.05, noNaN: true }), { minLength: 12, maxLength: 12 });
const rewards = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 4, maxLength: 4 });
const runs = { numRuns: 15, seed: 2 };
const inGroups = (xs: number[]) => [
  [xs.slice(0, 3), xs.slice(3, 6)],
  [xs.slice(6, 9), xs.slice(9, 12)],
];
const mask = [
  [
    [1, 1, 1],
    [1, 0, 0],
  ],
  [
    [1, 1, 0],
    [1, 1, 1],
  ],
];

describe("GRPO", () => {
  test.each(["seqMean", "tokenMean", "constant"])(
    "and GSPO agree in value and gradient where the policy is the one that sampled (%s)",
    async (aggregation) => {
      await fc.assert(
        fc.asyncProperty(tokens, rewards, async (xs, r) => {
          const logps = inGroups(xs);
          const evidence = { logps, oldLogps: logps, rewards: [r.slice(0, 2), r.slice(2)], mask };
          const token = await grpo.evaluate(evidence, { ratio: "token", aggregation, beta: 0 });
          const sequence = await grpo.evaluate(evidence, { ratio: "sequence", aggregation, beta: 0 });
          expect(sequence.loss).toBeCloseTo(token.loss as number, 12);
          const flat = (g: unknown) => (g as { logps: number[][][] }).logps.flat(2);
          for (const [i, x] of flat(token.grad).entries()) expect(flat(sequence.grad)[i]).toBeCloseTo(x, 12);
        }),
        runs,
      );
    },
  );

  test("gives a group of equal rewards no gradient", async () => {
    const logps = inGroups(Array.from({ length: 12 }, (_, i) => -0.1 * (i + 1)));
    const oldLogps = inGroups(Array<number>(12).fill(-0.5));
    const { grad } = await grpo.evaluate(
      {
        logps,
        oldLogps,
        rewards: [
          [1, 1],
          [2, 2],
        ],
        mask,
      },
      { beta: 0 },
    );
    expect((grad as { logps: number[][][] }).logps.flat(2).every((x) => Math.abs(x) === 0)).toBe(true);
  });
});

describe("PPO", () => {
  const evidence = {
    logps: [
      [-1, -2, -0.5],
      [-0.3, -1, 0],
    ],
    oldLogps: [
      [-1, -2, -0.5],
      [-0.3, -1, 0],
    ],
    referenceLogps: [
      [-1.2, -1.5, -0.6],
      [-0.3, -1.4, 0],
    ],
    values: [
      [0, 0, 0],
      [0, 0, 0],
    ],
    oldValues: [
      [0, 0, 0],
      [0, 0, 0],
    ],
    mask: [
      [1, 1, 1],
      [1, 1, 0],
    ],
    scores: [2, -1],
  };

  test("without KL, values and discount gives every token the score of its response", async () => {
    const { advantages } = await ppo.evaluate(evidence, { klCoef: 0, lambda: 1, whitenAdvantages: false });
    expect(advantages).toEqual([
      [2, 2, 2],
      [-1, -1, 0],
    ]);
  });

  test("loses nothing at ratio one with whitened advantages", async () => {
    const { policyLoss } = await ppo.evaluate(evidence, {});
    expect(policyLoss).toBeCloseTo(0, 12);
  });

  test("takes the advantages of a rollout computed before, and gives the same loss", async () => {
    const { referenceLogps: _, scores: __, ...rest } = evidence;
    const whole = await ppo.evaluate(evidence, {});
    const { advantages, returns } = whole;
    const again = await ppo.evaluate({ ...rest, advantages, returns }, {});
    expect(again.loss).toBe(whole.loss);
    expect(again.grad).toEqual(whole.grad);
  });

  test("refuses a mask with a gap", async () => {
    const broken = {
      ...evidence,
      mask: [
        [1, 0, 1],
        [1, 1, 0],
      ],
    };
    await expect(ppo.evaluate(broken, {})).rejects.toThrow("gap before token 2");
  });
});
