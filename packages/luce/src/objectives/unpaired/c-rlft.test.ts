import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate, expectNear } from "../../../test/evaluate-objective.ts";
import { optimalLogps, sourceWeights } from "./c-rlft.ts";

const runs = { numRuns: 12, seed: 7 };
const rowOf = (size: number, min: number, max: number) =>
  fc.array(fc.double({ min, max, noNaN: true }), { minLength: size, maxLength: size });
const logps = rowOf(4, -40, -0.1);
const lengths = [3, 1, 8, 4];
const classes = [0, 1, 1, 0];
const cRlft = (policyLogps: number[], classWeights: number[], perSequence = true, tokens = lengths) =>
  evaluate("c-rlft", { policyLogps, lengths: tokens, classes, classWeights }, { perSequence });

test("equal weights are ordinary fine-tuning, and weight 0 drops a source", async () => {
  await fc.assert(
    fc.asyncProperty(logps, async (x) => {
      const means = x.map((logp, b) => -logp / lengths[b]);
      expect((await cRlft(x, [1, 1])).loss).toBeCloseTo(means.reduce((a, b) => a + b) / 4, 10);
      expect((await cRlft(x, [1, 1], false)).loss).toBeCloseTo(-x.reduce((a, b) => a + b) / 16, 10);
      const { loss, grad } = await cRlft(x, [1, 0]);
      expect(loss).toBeCloseTo((means[0] + means[3]) / 2, 10);
      expectNear(grad.policyLogps.slice(1, 3), [0, 0], 15);
    }),
    runs,
  );
});

test("scaling all weights changes nothing; gradients are negative, in proportion to the weight", async () => {
  await fc.assert(
    fc.asyncProperty(logps, async (x) => {
      const { loss, grad } = await cRlft(x, [1, 0.1]);
      expect((await cRlft(x, [7, 0.7])).loss).toBeCloseTo(loss, 10);
      expectNear(
        grad.policyLogps,
        classes.map((c, b) => -(c === 0 ? 1 : 0.1) / lengths[b] / 2.2),
        12,
      );
    }),
    runs,
  );
});

test("where all examples have one length the two normalisations coincide", async () => {
  await fc.assert(
    fc.asyncProperty(logps, async (x) => {
      const same = [5, 5, 5, 5];
      const { loss } = await cRlft(x, [1, 0.3], true, same);
      expect((await cRlft(x, [1, 0.3], false, same)).loss).toBeCloseTo(loss, 10);
    }),
    runs,
  );
});

test("weights are equal for a large beta, and keep only the best source for a small one", () => {
  expectNear(sourceWeights([1, 0.1, 0.5], 1e9), [1, 1, 1], 8);
  expectNear(sourceWeights([1, 0.1, 0.5], 1e-3), [1, 0, 0], 12);
});

test("a constant reward returns the source's own distribution, and any optimum is one", () => {
  fc.assert(
    fc.property(rowOf(3, -5, 0), rowOf(3, -2, 2), (behaviour, rewards) => {
      const total = Math.log(behaviour.reduce((sum, x) => sum + Math.exp(x), 0));
      expectNear(
        optimalLogps(behaviour, [2, 2, 2], 0.7),
        behaviour.map((x) => x - total),
      );
      const optimum = optimalLogps(behaviour, rewards, 0.7);
      expect(optimum.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 12);
      expect(optimum[0] - optimum[1]).toBeCloseTo(behaviour[0] - behaviour[1] + (rewards[0] - rewards[1]) / 0.7, 9);
    }),
    { seed: 7 },
  );
  expect(() => optimalLogps([-1, -2], [1], 1)).toThrow("behaviourLogps has 2, rewards has 1");
});
