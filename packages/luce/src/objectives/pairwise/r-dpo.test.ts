import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate, expectNear, negated } from "../../../test/evaluate-objective.ts";

const runs = { numRuns: 12, seed: 12 };
const logps = fc.array(fc.double({ min: -40, max: -0.1, noNaN: true }), { minLength: 2, maxLength: 2 });
const pair = fc.record({
  policyChosenLogps: logps,
  policyRejectedLogps: logps,
  referenceChosenLogps: logps,
  referenceRejectedLogps: logps,
});
const lengths = { chosenLengths: [90, 12], rejectedLengths: [30, 40] };

test("at alpha 0, and for responses of one length, it is DPO", async () => {
  await fc.assert(
    fc.asyncProperty(pair, async (p) => {
      const { perExample } = await evaluate("dpo", p);
      expectNear((await evaluate("r-dpo", { ...p, ...lengths }, { alpha: 0 })).perExample, perExample);
      const level = { chosenLengths: [7, 50], rejectedLengths: [7, 50] };
      expectNear((await evaluate("r-dpo", { ...p, ...level }, { alpha: 0.2 })).perExample, perExample);
    }),
    runs,
  );
});

test("a longer chosen response is pushed up less than by DPO, a shorter one more; the rejected one alike", async () => {
  await fc.assert(
    fc.asyncProperty(pair, async (p) => {
      const dpo = (await evaluate("dpo", p)).grad.policyChosenLogps;
      const { grad } = await evaluate("r-dpo", { ...p, ...lengths });
      expect(-grad.policyChosenLogps[0]).toBeLessThan(-dpo[0]);
      expect(-grad.policyChosenLogps[1]).toBeGreaterThan(-dpo[1]);
      expectNear(grad.policyRejectedLogps, negated(grad.policyChosenLogps), 12);
    }),
    runs,
  );
});
