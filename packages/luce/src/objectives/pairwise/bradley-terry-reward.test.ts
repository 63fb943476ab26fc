import fc from "fast-check";
import { expect, test } from "vitest";
import { bradleyTerryReward } from "./bradley-terry-reward.ts";

const two = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 3, maxLength: 3 });
const runs = { numRuns: 20, seed: 3 };
type Result = { loss: number; perExample: number[]; grad: Record<string, number[][]> };
const evaluate = async (inputs: object, params: object) =>
  (await bradleyTerryReward.evaluate(inputs, params)) as Result;

test("for two candidates, Plackett-Luce, all pairs and plain pairs are one loss", async () => {
  await fc.assert(
    fc.asyncProperty(two, two, async (chosenRewards, rejectedRewards) => {
      const lists = {
        rewards: chosenRewards.map((r, b) => [rejectedRewards[b], r]),
        ranks: chosenRewards.map(() => [2, 1]),
      };
      const { loss } = await evaluate({ chosenRewards, rejectedRewards }, {});
      expect((await evaluate(lists, { objective: "plackett-luce" })).loss).toBeCloseTo(loss, 10);
      expect((await evaluate(lists, { objective: "all-pairs" })).loss).toBeCloseTo(loss, 10);
    }),
    runs,
  );
});

test.each(["plackett-luce", "all-pairs"])("masking an item equals deleting it (%s)", async (objective) => {
  const masked = await evaluate(
    { rewards: [[0.3, null, -1.2, 2]], ranks: [[1, null, 3, 2]], mask: [[1, 0, 1, 1]] },
    { objective },
  );
  const deleted = await evaluate({ rewards: [[0.3, -1.2, 2]], ranks: [[1, 3, 2]] }, { objective });
  expect(masked.loss).toBeCloseTo(deleted.loss, 14);
});

test("the gradient of Plackett-Luce adds up to zero over a list", async () => {
  const { grad } = await evaluate(
    { rewards: [[0.3, 5, -1.2, 2]], ranks: [[1, 4, 3, 2]] },
    { objective: "plackett-luce" },
  );
  expect(grad.rewards[0].reduce((a, b) => a + b)).toBeCloseTo(0, 14);
});

test("a list of one candidate, and a tie under Plackett-Luce, are refused", async () => {
  const objective = "plackett-luce";
  await expect(evaluate({ rewards: [[1]], ranks: [[1]] }, { objective })).rejects.toThrow("axis K has length 1");
  await expect(evaluate({ rewards: [[1, 2]], ranks: [[1, 1]] }, { objective })).rejects.toThrow("the same rank");
});
