import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, expectNear, negated } from "../../test/evaluate-objective.ts";

const logps = fc.array(fc.double({ min: -40, max: -0.01, noNaN: true }), { minLength: 4, maxLength: 4 });
const pair = fc.record({ chosen: logps, rejected: logps, referenceChosen: logps, referenceRejected: logps });
const runs = { numRuns: 20, seed: 1 };

const named = ({ chosen, rejected, referenceChosen, referenceRejected }: Record<string, number[]>) => ({
  policyChosenLogps: chosen,
  policyRejectedLogps: rejected,
  referenceChosenLogps: referenceChosen,
  referenceRejectedLogps: referenceRejected,
});
describe("DPO", () => {
  test("costs log 2 where policy and reference agree, with slope -beta / 2B on the chosen", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, async (chosen, rejected) => {
        const same = named({ chosen, rejected, referenceChosen: chosen, referenceRejected: rejected });
        const { loss, grad } = await evaluate("dpo", same, { beta: 0.3 });
        expect(loss).toBeCloseTo(Math.LN2, 12);
        expectNear(grad.policyChosenLogps, Array<number>(4).fill(-0.3 / 8), 12);
      }),
      runs,
    );
  });

  test("is symmetric in the pair where half the labels are flipped", async () => {
    await fc.assert(
      fc.asyncProperty(pair, async (p) => {
        const swapped = { ...p, chosen: p.rejected, rejected: p.chosen };
        const exchanged = { ...swapped, referenceChosen: p.referenceRejected, referenceRejected: p.referenceChosen };
        const half = { labelSmoothing: 0.5 };
        const here = await evaluate("dpo", named(p), half);
        expect((await evaluate("dpo", named(exchanged), half)).loss).toBeCloseTo(here.loss, 10);
      }),
      runs,
    );
  });

  test("under a divergence follows its closed form", async () => {
    const slopes: [object, (logRatio: number) => number][] = [
      [{ divergence: "forward-kl" }, (r) => -Math.exp(-r)],
      [{ divergence: "jensen-shannon" }, (r) => r - Math.log1p(Math.exp(r))],
      [{ divergence: "alpha", alpha: 0.4 }, (r) => (1 - Math.exp(-0.4 * r)) / 0.4],
      [{ divergence: "alpha", alpha: 0 }, (r) => r],
    ];
    const inputs = named({
      chosen: [-3, -5.5],
      rejected: [-4, -2],
      referenceChosen: [-3.5, -5],
      referenceRejected: [-3, -2.2],
    });
    for (const [params, slope] of slopes) {
      const margins = [slope(0.5) - slope(-1), slope(-0.5) - slope(0.2)];
      const { perExample } = await evaluate("dpo", inputs, { beta: 0.7, ...params });
      expectNear(
        perExample,
        margins.map((m) => Math.log1p(Math.exp(-0.7 * m))),
        12,
      );
    }
  });
});

test.each([
  ["dpo", {}],
  ["ipo", { average: false }],
  ["slic", { variant: "hinge" }],
])("%s has equal and opposite gradients on the two responses", async (id, params) => {
  await fc.assert(
    fc.asyncProperty(pair, async (p) => {
      const { grad } = await evaluate(id, named(p), params);
      expectNear(grad.policyChosenLogps, negated(grad.policyRejectedLogps), 12);
    }),
    runs,
  );
});

test("IPO has its optimum at h = 1 / (2 tau)", async () => {
  const inputs = named({ chosen: [-5], rejected: [-10], referenceChosen: [-10], referenceRejected: [-10] });
  const { loss, grad } = await evaluate("ipo", inputs, { tau: 0.1, average: false });
  expect(loss).toBeCloseTo(0, 12);
  expectNear(grad.policyChosenLogps, [0], 12);
});

test("the hinge has neither loss nor gradient at and beyond its margin", async () => {
  const inputs = named({
    chosen: [-1, -1],
    rejected: [-11, -30],
    referenceChosen: [-1, -1],
    referenceRejected: [-1, -1],
  });
  const { perExample, grad } = await evaluate("slic", inputs, { variant: "hinge", beta: 0.1 });
  expectNear(perExample, [0, 0], 15);
  expectNear(grad.policyChosenLogps, [0, 0], 15);
});

test("SimPO of responses of one token with gamma 0 is CPO with alpha 0", async () => {
  await fc.assert(
    fc.asyncProperty(logps, logps, async (policyChosenLogps, policyRejectedLogps) => {
      const one = { chosenLengths: [1, 1, 1, 1], rejectedLengths: [1, 1, 1, 1] };
      const evidence = { policyChosenLogps, policyRejectedLogps, ...one };
      const simpo = await evaluate("simpo", evidence, { beta: 0.5, gamma: 0 });
      const cpo = await evaluate("cpo", evidence, { beta: 0.5, alpha: 0 });
      expectNear(simpo.perExample, cpo.perExample, 12);
      expectNear(simpo.grad.policyChosenLogps, cpo.grad.policyChosenLogps, 12);
    }),
    runs,
  );
});

test.each(["simpo", "orpo"])("%s is unchanged when log-probabilities and lengths grow by one factor", async (id) => {
  await fc.assert(
    fc.asyncProperty(logps, logps, fc.integer({ min: 2, max: 9 }), async (chosen, rejected, factor) => {
      const at = (k: number) => ({
        policyChosenLogps: chosen.map((x) => x * k),
        policyRejectedLogps: rejected.map((x) => x * k),
        chosenLengths: [3 * k, k, 7 * k, 2 * k],
        rejectedLengths: [k, 2 * k, 5 * k, 11 * k],
      });
      expectNear((await evaluate(id, at(factor))).perExample, (await evaluate(id, at(1))).perExample, 8);
    }),
    runs,
  );
});

test("KTO costs half its lambda where the reward meets the reference point", async () => {
  const { perExample } = await evaluate(
    "kto",
    {
      policyLogps: [-3, -4],
      referenceLogps: [-5, -6],
      labels: [1, 0],
      policyKlLogps: [-1, -2],
      referenceKlLogps: [-3, -4],
    },
    { lambdaD: 1.2, lambdaU: 0.8 },
  );
  expectNear(perExample, [0.6, 0.4], 12);
});

test("an empty response is refused by the example that holds it", async () => {
  const inputs = {
    policyChosenLogps: [-1, -2],
    policyRejectedLogps: [-1, -2],
    chosenLengths: [3, 0],
    rejectedLengths: [1, 1],
  };
  await expect(evaluate("simpo", inputs)).rejects.toMatchObject({
    code: "invalid-input",
    message: expect.stringContaining("chosenLengths[1]"),
  });
});

test("an unknown parameter is answered with the nearest known one", async () => {
  await expect(evaluate("dpo", {}, { betta: 1 })).rejects.toMatchObject({ hint: 'did you mean "beta"?' });
});
