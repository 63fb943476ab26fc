import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate, expectNear } from "../../test/evaluate-objective.ts";
import { rankingConsistency } from "./cream.ts";

const runs = { numRuns: 12, seed: 9 };
const B = 3;
const logps = fc.array(fc.double({ min: -40, max: -0.1, noNaN: true }), { minLength: B, maxLength: B });
const rates = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: B, maxLength: B });
const margins = fc.array(fc.double({ min: -60, max: 60, noNaN: true }), { minLength: B, maxLength: B });
const measures = ["kendall", "spearman", "topOrder"] as const;
const distinct = fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { minLength: 5, maxLength: 5 });
const all = (value: number) => Array<number>(B).fill(value);
/** A pair whose policy leads its reference by `delta` nats. */
const pairOf = (delta: readonly number[]) => ({
  policyChosenLogps: delta.map((d) => d - 70),
  policyRejectedLogps: all(-70),
  referenceChosenLogps: all(-70),
  referenceRejectedLogps: all(-70),
});

test("full consistency is DPO, none DPO on reversed pairs, in between DPO with label smoothing", async () => {
  await fc.assert(
    fc.asyncProperty(logps, logps, logps, logps, async (chosen, rejected, referenceChosen, referenceRejected) => {
      const pair = {
        policyChosenLogps: chosen,
        policyRejectedLogps: rejected,
        referenceChosenLogps: referenceChosen,
        referenceRejectedLogps: referenceRejected,
      };
      const reversed = {
        policyChosenLogps: rejected,
        policyRejectedLogps: chosen,
        referenceChosenLogps: referenceRejected,
        referenceRejectedLogps: referenceChosen,
      };
      const at = async (rate: number) => (await evaluate("cream", { ...pair, consistency: all(rate) })).perExample;
      expectNear(await at(1), (await evaluate("dpo", pair)).perExample);
      expectNear(await at(0), (await evaluate("dpo", reversed)).perExample);
      expectNear(await at(0.75), (await evaluate("dpo", pair, { labelSmoothing: 0.25 })).perExample);
    }),
    runs,
  );
});

test("the slope in z is (sigmoid(z) - C) / B: the learned margin is capped at log(C / (1 - C))", async () => {
  await fc.assert(
    fc.asyncProperty(margins, rates, async (delta, consistency) => {
      const { grad } = await evaluate("cream", { ...pairOf(delta), consistency }, { mode: "sample" });
      expectNear(
        grad.policyChosenLogps,
        delta.map((d, b) => (0.1 * (1 / (1 + Math.exp(-0.1 * d)) - consistency[b])) / B),
      );
    }),
    runs,
  );
  const rest = { ...pairOf([0.5, 0.8, 0.9].map((c) => 10 * Math.log(c / (1 - c)))), consistency: [0.5, 0.8, 0.9] };
  expectNear((await evaluate("cream", rest, { mode: "sample" })).grad.policyChosenLogps, all(0), 12);
});

test("on average every example uses the batch's mean; a missing consistency is the mean too", async () => {
  await fc.assert(
    fc.asyncProperty(margins, rates, async (delta, consistency) => {
      const mean = (consistency[0] + consistency[1] + consistency[2]) / 3;
      const here = await evaluate("cream", { ...pairOf(delta), consistency });
      const level = await evaluate("cream", { ...pairOf(delta), consistency: all(mean) }, { mode: "sample" });
      expectNear(here.perExample, level.perExample);
    }),
    runs,
  );
  const missing = { ...pairOf([3, 4, 5]), consistency: [0.4, null, 0.8] };
  const filled = { ...pairOf([3, 4, 5]), consistency: [0.4, 0.6, 0.8] };
  const { perExample } = await evaluate("cream", missing, { mode: "sample" });
  expectNear(perExample, (await evaluate("cream", filled, { mode: "sample" })).perExample);
});

test.each(measures)("%s: identical rankings agree fully, reversed ones not at all", (measure) => {
  fc.assert(
    fc.property(distinct, (rewards) => {
      expect(rankingConsistency(rewards, rewards, measure)).toBeCloseTo(1, 12);
      expect(
        rankingConsistency(
          rewards,
          rewards.map((r) => -r),
          measure,
        ),
      ).toBeCloseTo(0, 12);
    }),
    { seed: 9 },
  );
});

test.each(measures)("%s: increasing transforms and swapping the two models change nothing", (measure) => {
  fc.assert(
    fc.property(distinct, distinct, (rewards, previous) => {
      const here = rankingConsistency(rewards, previous, measure);
      const transformed = rewards.map((r) => Math.exp(r / 10));
      expect(rankingConsistency(transformed, previous, measure)).toBeCloseTo(here, 12);
      expect(rankingConsistency(previous, rewards, measure)).toBeCloseTo(here, 12);
    }),
    { seed: 9 },
  );
});

test("with two responses it is 0 or 1, and lists of different lengths are refused", () => {
  expect(rankingConsistency([1, 2], [3, 5], "kendall")).toBeCloseTo(1, 12);
  expect(rankingConsistency([1, 2], [5, 3], "spearman")).toBeCloseTo(0, 12);
  expect(() => rankingConsistency([1, 2], [5, 3, 1], "kendall")).toThrow("rewards has 2, previousRewards has 3");
});
