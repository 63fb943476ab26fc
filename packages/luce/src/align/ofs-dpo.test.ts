import fc from "fast-check";
import { expect, test } from "vitest";
import { evaluate, expectNear, flat, negated } from "../../test/evaluate-objective.ts";
import { combineModules, fastRoles } from "./ofs-dpo.ts";

const runs = { numRuns: 12, seed: 10 };
const B = 3;
const logps = fc.array(fc.double({ min: -40, max: -0.1, noNaN: true }), { minLength: B, maxLength: B });
const evidence = fc
  .tuple(logps, logps, logps, logps, logps, logps)
  .map(([fastChosen, fastRejected, slowChosen, slowRejected, referenceChosen, referenceRejected]) => ({
    fastChosenLogps: fastChosen,
    fastRejectedLogps: fastRejected,
    slowChosenLogps: slowChosen,
    slowRejectedLogps: slowRejected,
    referenceChosenLogps: referenceChosen,
    referenceRejectedLogps: referenceRejected,
  }));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

test("at alpha 0 it is two independent runs of DPO", async () => {
  await fc.assert(
    fc.asyncProperty(evidence, async (e) => {
      const { lossFast, lossSlow, grad } = await evaluate("ofs-dpo", e, { alpha: 0 });
      const { referenceChosenLogps, referenceRejectedLogps } = e;
      const reference = { referenceChosenLogps, referenceRejectedLogps };
      const fast = { policyChosenLogps: e.fastChosenLogps, policyRejectedLogps: e.fastRejectedLogps, ...reference };
      const slow = { policyChosenLogps: e.slowChosenLogps, policyRejectedLogps: e.slowRejectedLogps, ...reference };
      const [fastDpo, slowDpo] = [await evaluate("dpo", fast), await evaluate("dpo", slow)];
      expect(lossFast).toBeCloseTo(fastDpo.loss, 10);
      expect(lossSlow).toBeCloseTo(slowDpo.loss, 10);
      expectNear(grad.fastChosenLogps, fastDpo.grad.policyChosenLogps, 12);
      expectNear(grad.slowChosenLogps, slowDpo.grad.policyChosenLogps, 12);
    }),
    runs,
  );
});

test("equal modules have a chasing term of log 2, and both get the push alpha beta / 2", async () => {
  await fc.assert(
    fc.asyncProperty(evidence, async (e) => {
      const level = { ...e, slowChosenLogps: e.fastChosenLogps, slowRejectedLogps: e.fastRejectedLogps };
      const { chaseTerm, grad } = await evaluate("ofs-dpo", level, { alpha: 0.4 });
      expectNear(chaseTerm, Array<number>(B).fill(Math.LN2), 12);
      const plain = await evaluate("ofs-dpo", level, { alpha: 0 });
      for (const name of ["fastChosenLogps", "slowChosenLogps"]) {
        const push = flat(grad[name]).map((slope, b) => slope - flat(plain.grad[name])[b]);
        expectNear(push, Array<number>(B).fill((-0.4 * 0.1) / 2 / B), 12);
      }
    }),
    runs,
  );
});

test("the extra gradient always raises the margin, of both modules, by alpha beta sigmoid(-beta (m_F - m_S))", async () => {
  await fc.assert(
    fc.asyncProperty(evidence, async (e) => {
      const [chasing, plain] = [
        await evaluate("ofs-dpo", e, { alpha: 0.4 }),
        await evaluate("ofs-dpo", e, { alpha: 0 }),
      ];
      const push = e.fastChosenLogps.map((x, b) => {
        const lead = x - e.fastRejectedLogps[b] - e.slowChosenLogps[b] + e.slowRejectedLogps[b];
        return (-0.4 * 0.1 * sigmoid(-0.1 * lead)) / B;
      });
      for (const module of ["fast", "slow"]) {
        const extra = (name: string) => flat(chasing.grad[name]).map((slope, b) => slope - flat(plain.grad[name])[b]);
        expectNear(extra(`${module}ChosenLogps`), push, 10);
        expectNear(extra(`${module}RejectedLogps`), negated(push), 10);
      }
    }),
    runs,
  );
});

test("gradients do not vanish when both modules have long fitted the data", async () => {
  const fitted = {
    fastChosenLogps: [-1],
    fastRejectedLogps: [-2001],
    slowChosenLogps: [-1],
    slowRejectedLogps: [-2001],
  };
  const reference = { referenceChosenLogps: [-1], referenceRejectedLogps: [-1] };
  const { grad } = await evaluate("ofs-dpo", { ...fitted, ...reference }, { alpha: 0.4 });
  expectNear([grad.fastChosenLogps, grad.slowChosenLogps], [-0.02, -0.02], 12);
});

test("the module with the lower mean loss of a complete interval takes the fast role, a at a tie", () => {
  expect(fastRoles([1, 1, 3, 3, 2, 2, 9], [2, 2, 1, 1, 2, 2, 0], 2)).toEqual(["a", "a", "b", "a"]);
  expect(fastRoles([1], [0], 2)).toEqual(["a"]);
  expect(() => fastRoles([1, 2], [1], 1)).toThrow("lossA has 2, lossB has 1");
});

test("modules combine linearly, and weights (1, 0) give the first", () => {
  const vector = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(vector, vector, fc.double({ min: -2, max: 2, noNaN: true }), (first, second, weight) => {
      expectNear(combineModules([first, second], [1, 0]), first, 12);
      const doubled = combineModules([first.map((x) => 2 * x), second], [weight, 1]);
      expectNear(doubled, combineModules([first, second], [2 * weight, 1]), 12);
    }),
    { seed: 10 },
  );
  expect(() => combineModules([[1, 2], [1]], [1, 1])).toThrow("modules[0] has 2, modules[1] has 1");
});
