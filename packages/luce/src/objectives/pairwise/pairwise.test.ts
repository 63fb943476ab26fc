import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, expectNear, flat, negated, total } from "../../../test/evaluate-objective.ts";
import { degradeText } from "./degraded-variants.ts";
import { rankByJudge } from "./osp.ts";

const runs = { numRuns: 12, seed: 5 };
const B = 3;
const batch = (min: number, max: number) =>
  fc.array(fc.double({ min, max, noNaN: true }), { minLength: B, maxLength: B });
const logps = batch(-40, -0.5);
const rates = batch(0, 1);
const shift = fc.double({ min: -5, max: 5, noNaN: true });
const pair = fc.tuple(logps, logps, logps, logps).map(([chosen, rejected, referenceChosen, referenceRejected]) => ({
  policyChosenLogps: chosen,
  policyRejectedLogps: rejected,
  referenceChosenLogps: referenceChosen,
  referenceRejectedLogps: referenceRejected,
}));
type Pair = {
  policyChosenLogps: number[];
  policyRejectedLogps: number[];
  referenceChosenLogps: number[];
  referenceRejectedLogps: number[];
};
const swapped = (p: Pair): Pair => ({
  policyChosenLogps: p.policyRejectedLogps,
  policyRejectedLogps: p.policyChosenLogps,
  referenceChosenLogps: p.referenceRejectedLogps,
  referenceRejectedLogps: p.referenceChosenLogps,
});
/** By how much the policy moved towards the chosen response, against the reference. */
const deltas = (p: Pair) =>
  p.policyChosenLogps.map(
    (x, b) => x - p.referenceChosenLogps[b] - p.policyRejectedLogps[b] + p.referenceRejectedLogps[b],
  );
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const all = (value: number) => Array<number>(B).fill(value);
const plus = (xs: readonly number[], c: number) => xs.map((x) => x + c);

describe("ASFT", () => {
  const lengths = { chosenLengths: [3, 1, 8], rejectedLengths: [2, 5, 1] };
  const asft = (chosen: number[], rejected: number[], params: object) =>
    evaluate("asft", { policyChosenLogps: chosen, policyRejectedLogps: rejected, ...lengths }, params);
  const means = (xs: number[], counts: number[]) => xs.map((x, b) => x / counts[b]);

  test("at beta 1 is a binary cross-entropy with the likelihood as the classifier", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, async (chosen, rejected) => {
        const { perExample, grad } = await asft(chosen, rejected, { lambda: 0.5, sftWeight: 0.7 });
        const aw = means(chosen, lengths.chosenLengths);
        const al = means(rejected, lengths.rejectedLengths);
        expectNear(
          perExample,
          aw.map((a, b) => -1.2 * a - 0.5 * Math.log(-Math.expm1(al[b]))),
        );
        expectNear(
          grad.policyChosenLogps,
          lengths.chosenLengths.map((n) => -1.2 / n / B),
        );
        expectNear(
          grad.policyRejectedLogps,
          al.map((a, b) => (0.5 * Math.exp(a)) / -Math.expm1(a) / lengths.rejectedLengths[b] / B),
        );
      }),
      runs,
    );
  });

  test("bounds ORPO from above, by -log[p_w (1 - p_l) + p_l (1 - p_w)]", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, async (chosen, rejected) => {
        const evidence = { policyChosenLogps: chosen, policyRejectedLogps: rejected, ...lengths };
        const orpo = await evaluate("orpo", evidence, { lambda: 1 });
        const { perExample } = await asft(chosen, rejected, { lambda: 1 });
        const pw = means(chosen, lengths.chosenLengths).map(Math.exp);
        const pl = means(rejected, lengths.rejectedLengths).map(Math.exp);
        expectNear(
          perExample,
          orpo.perExample.map((loss, b) => loss - Math.log(pw[b] * (1 - pl[b]) + pl[b] * (1 - pw[b]))),
          7,
        );
      }),
      runs,
    );
  });

  test("is pointwise: neither response's gradient depends on the other's likelihood", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, logps, async (chosen, rejected, other) => {
        const params = { beta: 0.3 };
        const { grad } = await asft(chosen, rejected, params);
        const elsewhere = await asft(chosen, other, params);
        expect(flat(elsewhere.grad.policyChosenLogps)).toEqual(flat(grad.policyChosenLogps));
      }),
      runs,
    );
  });

  test("is fine-tuning at lambda 0, and 2 log 2 without a slope as beta falls to 0", async () => {
    const [chosen, rejected] = [
      [-3, -4, -5],
      [-6, -2, -3],
    ];
    expectNear((await asft(chosen, rejected, { lambda: 0 })).perExample, [1, 4, 0.625], 12);
    const cold = await asft(chosen, rejected, { beta: 1e-8, sftWeight: 0 });
    expectNear(cold.alignTerm, all(2 * Math.LN2), 6);
    expectNear(cold.grad.policyChosenLogps, all(0), 7);
  });

  test("growing log-probabilities and lengths by one factor changes nothing; swapping does not negate", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, async (chosen, rejected) => {
        const here = await asft(chosen, rejected, { beta: 0.3 });
        const there = await evaluate(
          "asft",
          {
            policyChosenLogps: chosen.map((x) => 3 * x),
            policyRejectedLogps: rejected.map((x) => 3 * x),
            chosenLengths: lengths.chosenLengths.map((n) => 3 * n),
            rejectedLengths: lengths.rejectedLengths.map((n) => 3 * n),
          },
          { beta: 0.3 },
        );
        expectNear(there.perExample, here.perExample);
        expect(here.loss).toBeGreaterThan(0);
        expect((await asft(rejected, chosen, { beta: 0.3 })).loss).toBeGreaterThan(0);
      }),
      runs,
    );
  });
});

describe("DOVE", () => {
  const joint = (p: Pair, instructions: Pair) => ({
    ...p,
    policyChosenInstructionLogps: instructions.policyChosenLogps,
    policyRejectedInstructionLogps: instructions.policyRejectedLogps,
    referenceChosenInstructionLogps: instructions.referenceChosenLogps,
    referenceRejectedInstructionLogps: instructions.referenceRejectedLogps,
  });

  test("with the same instruction on both sides is DPO", async () => {
    await fc.assert(
      fc.asyncProperty(pair, logps, logps, async (p, policy, reference) => {
        const same = {
          policyChosenLogps: policy,
          policyRejectedLogps: policy,
          referenceChosenLogps: reference,
          referenceRejectedLogps: reference,
        };
        const { perExample } = await evaluate("dove", joint(p, same));
        expectNear(perExample, (await evaluate("dpo", p, { beta: 0.1 })).perExample);
      }),
      runs,
    );
  });

  test("moves instruction and response alike, and the loser's the other way", async () => {
    await fc.assert(
      fc.asyncProperty(pair, pair, shift, async (p, instructions, c) => {
        const { grad, margins, perExample } = await evaluate("dove", joint(p, instructions));
        const slopes = flat(margins).map((m) => (-0.1 * sigmoid(-m)) / B);
        expectNear(grad.policyChosenLogps, slopes);
        expectNear(grad.policyChosenInstructionLogps, slopes);
        expectNear(grad.policyRejectedLogps, negated(slopes));
        expectNear(grad.policyRejectedInstructionLogps, negated(slopes));
        const lifted = {
          ...p,
          policyChosenLogps: plus(p.policyChosenLogps, c),
          policyRejectedLogps: plus(p.policyRejectedLogps, c),
        };
        expectNear((await evaluate("dove", joint(lifted, instructions))).perExample, perExample);
        const agreed = {
          ...p,
          referenceChosenLogps: p.policyChosenLogps,
          referenceRejectedLogps: p.policyRejectedLogps,
        };
        expectNear((await evaluate("dove", joint(agreed, agreed))).perExample, all(Math.LN2));
      }),
      runs,
    );
  });

  test("with a frozen instruction likelihood is DPO across prompts", async () => {
    await fc.assert(
      fc.asyncProperty(pair, pair, async (p, i) => {
        const frozen = {
          ...i,
          referenceChosenLogps: i.policyChosenLogps,
          referenceRejectedLogps: i.policyRejectedLogps,
        };
        expectNear((await evaluate("dove", joint(p, frozen))).perExample, (await evaluate("dpo", p)).perExample);
      }),
      runs,
    );
  });
});

describe("LCPO", () => {
  const by = (reliability: number) => ({ annotators: [0, 0, 0], reliabilities: [reliability] });

  test("of fully reliable annotators is -log p, which for DPO is DPO", async () => {
    await fc.assert(
      fc.asyncProperty(pair, async (p) => {
        const { perExample } = await evaluate("lcpo", { ...p, ...by(1 - 1e-15) });
        expectNear(perExample, (await evaluate("dpo", p, { beta: 0.1 })).perExample, 8);
      }),
      runs,
    );
  });

  test("of annotators who guess has w = p and no gradient; below a half it trains in reverse", async () => {
    await fc.assert(
      fc.asyncProperty(pair, async (p) => {
        const { weights, probabilities, grad } = await evaluate("lcpo", { ...p, ...by(0.5) });
        expectNear(weights, probabilities);
        expectNear(grad.policyChosenLogps, all(0));
        const reversed = await evaluate("lcpo", { ...p, ...by(0.2) });
        expect(flat(reversed.grad.policyChosenLogps).every((slope) => slope >= 0)).toBe(true);
      }),
      runs,
    );
  });

  test("has the gradient of the marginal likelihood -log(eta p + (1 - eta)(1 - p)), which is p - w in s", async () => {
    await fc.assert(
      fc.asyncProperty(pair, fc.double({ min: 0.05, max: 0.95, noNaN: true }), async (p, eta) => {
        const { grad, weights, probabilities } = await evaluate("lcpo", { ...p, ...by(eta) });
        const slopes = deltas(p).map((h) => {
          const clean = sigmoid(0.1 * h);
          const marginal = eta * clean + (1 - eta) * (1 - clean);
          return (-0.1 * (2 * eta - 1) * clean * (1 - clean)) / marginal / B;
        });
        expectNear(grad.policyChosenLogps, slopes);
        expectNear(
          grad.policyChosenLogps,
          flat(probabilities).map((q, b) => (0.1 * (q - flat(weights)[b])) / B),
        );
      }),
      runs,
    );
  });

  test.each(["dpo", "ipo", "simpo", "cpo"])(
    "%s: swapping the responses and replacing eta by 1 - eta leaves the loss unchanged",
    async (baseLoss) => {
      await fc.assert(
        fc.asyncProperty(pair, fc.double({ min: 0.05, max: 0.95, noNaN: true }), async (p, eta) => {
          const lengths = { chosenLengths: [3, 1, 8], rejectedLengths: [2, 5, 1] };
          const exchanged = { chosenLengths: lengths.rejectedLengths, rejectedLengths: lengths.chosenLengths };
          const params = { baseLoss, gamma: 0.5 };
          const here = await evaluate("lcpo", { ...p, ...lengths, ...by(eta) }, params);
          const there = await evaluate("lcpo", { ...swapped(p), ...exchanged, ...by(1 - eta) }, params);
          expectNear(there.perExample, here.perExample, 8);
        }),
        runs,
      );
    },
  );

  test("where the policy does not decide, w is eta: label smoothing at the start", async () => {
    const same = {
      policyChosenLogps: all(-3),
      policyRejectedLogps: all(-5),
      referenceChosenLogps: all(-3),
      referenceRejectedLogps: all(-5),
    };
    const { weights, reliabilities } = await evaluate("lcpo", {
      ...same,
      annotators: [0, 2, 2],
      reliabilities: [0.9, 0.6, 0.7],
    });
    expectNear(weights, [0.9, 0.7, 0.7]);
    expectNear(reliabilities, [0.9, 0.6, 0.7]);
    expectNear((await evaluate("lcpo", same)).weights, all(0.9));
  });

  test("finds the true reliability from any start by iterating the full-batch update", async () => {
    const labels = 2000;
    const truth = 0.8;
    const s = Array.from({ length: labels }, (_, n) => 6 * ((n + 0.5) / labels) - 3);
    const flip = s.map((_, n) => ((n * 0.6180339887) % 1 < 1 - truth ? -1 : 1));
    const clean = s.map((x, n) => ((n * 0.7548776662) % 1 < sigmoid(x) ? 1 : -1));
    const evidence = (eta: number) => ({
      policyChosenLogps: s.map((x, n) => 10 * x * flip[n] * clean[n] - 100),
      policyRejectedLogps: s.map(() => -100),
      referenceChosenLogps: s.map(() => 0),
      referenceRejectedLogps: s.map(() => 0),
      annotators: s.map(() => 0),
      reliabilities: [eta],
    });
    for (const start of [0.3, 0.99]) {
      let eta = start;
      for (let step = 0; step < 60; step++) {
        eta = flat((await evaluate("lcpo", evidence(eta), { alpha: 1 })).reliabilities)[0];
      }
      expect(Math.abs(eta - truth)).toBeLessThan(0.05);
    }
  });

  test("asks for reliabilities where annotators are given", async () => {
    const level = { policyChosenLogps: all(-1), policyRejectedLogps: all(-2) };
    const evidence = { ...level, annotators: [0, 1, 0] };
    await expect(evaluate("lcpo", evidence, { baseLoss: "cpo" })).rejects.toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("reliabilities"),
    });
  });
});

describe("MAPL", () => {
  const names = [
    "chosenRewards",
    "rejectedRewards",
    "intraBetterRewards",
    "intraWorseRewards",
    "interStrongChosenRewards",
    "interStrongRejectedRewards",
    "interWeakChosenRewards",
    "interWeakRejectedRewards",
  ];
  const rewards = fc
    .array(batch(-9, 9), { minLength: 8, maxLength: 8 })
    .map((rows) => Object.fromEntries(rows.map((row, i) => [names[i], row])));
  const lifted = (r: Record<string, number[]>, pattern: RegExp, c: number) =>
    Object.fromEntries(Object.entries(r).map(([name, row]) => [name, pattern.test(name) ? plus(row, c) : row]));

  test("with both lambdas 0 is Bradley-Terry", async () => {
    await fc.assert(
      fc.asyncProperty(rewards, async (r) => {
        const { perExample } = await evaluate("mapl", r, { lambdaIntra: 0, lambdaInter: 0 });
        expectNear(
          perExample,
          r.chosenRewards.map((x, b) => softplus(r.rejectedRewards[b] - x)),
        );
      }),
      runs,
    );
  });

  test("gives a reward that ignores the prompt log 2 for both new terms", async () => {
    const blind = Object.fromEntries(
      names.map((name) => [name, /Rejected|rejected|Worse/.test(name) ? all(1) : all(3)]),
    );
    const { interTerm } = await evaluate("mapl", blind);
    expectNear(interTerm, all(Math.LN2));
    expectNear((await evaluate("mapl", { ...blind, intraWorseRewards: all(3) })).intraTerm, all(Math.LN2));
  });

  test("the inter term does not see what depends on response or prompt alone, the others on one of them", async () => {
    await fc.assert(
      fc.asyncProperty(rewards, shift, async (r, c) => {
        const here = await evaluate("mapl", r);
        const byResponse = await evaluate("mapl", lifted(r, /inter.*Chosen/, c));
        expectNear(byResponse.interTerm, here.interTerm);
        const byPrompt = await evaluate("mapl", lifted(r, /interStrong|^chosen|^rejected/, c));
        expectNear(byPrompt.interTerm, here.interTerm);
        expectNear(byPrompt.baseTerm, here.baseTerm);
        expectNear((await evaluate("mapl", lifted(r, /intra/, c))).intraTerm, here.intraTerm);
      }),
      runs,
    );
  });

  test("has equal and opposite gradients in each difference, the inter ones with signs -, +, +, -", async () => {
    await fc.assert(
      fc.asyncProperty(rewards, async (r) => {
        const { grad } = await evaluate("mapl", r);
        for (let i = 0; i < 8; i += 2) expectNear(grad[names[i]], negated(grad[names[i + 1]]), 12);
        expectNear(grad.interStrongChosenRewards, negated(grad.interWeakChosenRewards), 12);
        expect(flat(grad.interStrongChosenRewards).every((slope) => slope <= 0)).toBe(true);
      }),
      runs,
    );
  });

  test("in policy form is DPO on two prompts of one response", async () => {
    await fc.assert(
      fc.asyncProperty(pair, async (p) => {
        const { perExample } = await evaluate("mapl", {
          policyBetterPromptLogps: p.policyChosenLogps,
          policyWorsePromptLogps: p.policyRejectedLogps,
          referenceBetterPromptLogps: p.referenceChosenLogps,
          referenceWorsePromptLogps: p.referenceRejectedLogps,
        });
        expectNear(perExample, (await evaluate("dpo", p, { beta: 0.1 })).perExample);
      }),
      runs,
    );
  });
});

describe("OSP", () => {
  test("at strength 1 is DPO, at 0 DPO of the swapped pair, at 1 - eps DPO with label smoothing", async () => {
    await fc.assert(
      fc.asyncProperty(pair, async (p) => {
        const at = async (strength: number) => (await evaluate("osp", { ...p, strengths: all(strength) })).perExample;
        expectNear(await at(1), (await evaluate("dpo", p)).perExample);
        expectNear(await at(0), (await evaluate("dpo", swapped(p))).perExample);
        expectNear(await at(0.9), (await evaluate("dpo", p, { labelSmoothing: 0.1 })).perExample);
      }),
      runs,
    );
  });

  test("L(p, Delta) = L(1 - p, -Delta), with slope beta (sigmoid(beta Delta) - p)", async () => {
    await fc.assert(
      fc.asyncProperty(pair, rates, async (p, strengths) => {
        const { perExample, grad } = await evaluate("osp", { ...p, strengths });
        const mirrored = await evaluate("osp", { ...swapped(p), strengths: strengths.map((x) => 1 - x) });
        expectNear(mirrored.perExample, perExample);
        expectNear(
          grad.policyChosenLogps,
          deltas(p).map((d, b) => (0.1 * (sigmoid(0.1 * d) - strengths[b])) / B),
        );
      }),
      runs,
    );
  });

  test("is stationary at the margin log(p / (1 - p)), where it costs the entropy of p", async () => {
    const strengths = [0.2, 0.5, 0.9];
    const { perExample, grad } = await evaluate("osp", {
      policyChosenLogps: strengths.map((p) => -3 + 10 * Math.log(p / (1 - p))),
      policyRejectedLogps: all(-3),
      referenceChosenLogps: all(-4),
      referenceRejectedLogps: all(-4),
      strengths,
    });
    expectNear(grad.policyChosenLogps, all(0), 12);
    expectNear(
      perExample,
      strengths.map((p) => -p * Math.log(p) - (1 - p) * Math.log(1 - p)),
      12,
    );
  });

  test("a judge's strengths of i over j and of j over i add up to 1, and scores average a half", () => {
    const logit = fc.tuple(fc.double({ min: -9, max: 9, noNaN: true }), fc.double({ min: -9, max: 9, noNaN: true }));
    const table = fc.array(fc.array(logit, { minLength: 4, maxLength: 4 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(table, (judgeLogits) => {
        const { strengthMatrix, scores, order, pairs } = rankByJudge(judgeLogits);
        for (let i = 0; i < 4; i++) {
          for (let j = 0; j < i; j++) expect(strengthMatrix[i][j] + strengthMatrix[j][i]).toBeCloseTo(1, 12);
        }
        expect(total(scores) / 4).toBeCloseTo(0.5, 12);
        expect(pairs).toHaveLength(6);
        expect(pairs.every(([i, j]) => order.indexOf(i) < order.indexOf(j) && scores[i] >= scores[j])).toBe(true);
      }),
      { seed: 5 },
    );
  });

  test("a judge who always favours the first slot says nothing; a missing verdict is an error", () => {
    const biased = [0, 1, 2].map((i) => [0, 1, 2].map((j): [number, number] | null => (i === j ? null : [4, -1])));
    expectNear(rankByJudge(biased).strengthMatrix, Array<number>(9).fill(0.5), 12);
    expect(rankByJudge(biased).order).toEqual([0, 1, 2]);
    biased[2][0] = null;
    expect(() => rankByJudge(biased)).toThrow("judgeLogits[2][0]");
    expect(() => rankByJudge(biased.slice(1))).toThrow("judgeLogits[0] has 3");
  });
});

describe("rationale-enriched preference optimisation", () => {
  const lengths = { chosenLengths: [3, 1, 8], rejectedLengths: [2, 5, 1], rationaleLengths: [9, 20, 4] };

  test("at gamma 0 is the base loss", async () => {
    await fc.assert(
      fc.asyncProperty(pair, logps, async (p, policyRationaleLogps) => {
        const rdpo = await evaluate("rationale-po", { ...p, policyRationaleLogps }, { gamma: 0 });
        expectNear(rdpo.perExample, (await evaluate("dpo", p, { beta: 0.1 })).perExample);
        const { policyChosenLogps, policyRejectedLogps } = p;
        const texts = { policyChosenLogps, policyRejectedLogps, ...lengths };
        const rorpo = await evaluate("rationale-po", { ...texts, policyRationaleLogps }, { base: "orpo", gamma: 0 });
        const { rationaleLengths: _, ...evidence } = texts;
        expectNear(rorpo.perExample, (await evaluate("orpo", evidence, { lambda: 0.1 })).perExample);
      }),
      runs,
    );
  });

  test("pushes the rationale by exactly gamma / B, and the pair as if there were none", async () => {
    await fc.assert(
      fc.asyncProperty(pair, logps, async (p, policyRationaleLogps) => {
        const { grad } = await evaluate("rationale-po", { ...p, policyRationaleLogps });
        expectNear(grad.policyRationaleLogps, all(-0.001 / B), 15);
        expectNear(grad.policyChosenLogps, (await evaluate("dpo", p, { beta: 0.1 })).grad.policyChosenLogps, 12);
      }),
      runs,
    );
  });

  test("in log-sigmoid form costs log 2 for a certain rationale, and gamma a nat for a very unlikely one", async () => {
    const p = {
      policyChosenLogps: all(-1),
      policyRejectedLogps: all(-2),
      referenceChosenLogps: all(-1),
      referenceRejectedLogps: all(-2),
    };
    const { rationaleTerm, grad } = await evaluate(
      "rationale-po",
      { ...p, policyRationaleLogps: [0, -1000, -2000] },
      { rationaleForm: "logsigmoid", gamma: 0.1 },
    );
    expectNear(rationaleTerm, [Math.LN2, 100, 200], 12);
    expectNear(grad.policyRationaleLogps, [-0.05 / B, -0.1 / B, -0.1 / B], 12);
  });

  test("weighs a mean over tokens by 1 where no gamma is given", async () => {
    const evidence = { policyChosenLogps: all(-4), policyRejectedLogps: all(-4), policyRationaleLogps: all(-18) };
    const { rationaleTerm } = await evaluate("rationale-po", { ...evidence, ...lengths }, { base: "orpo" });
    expectNear(rationaleTerm, [2, 0.9, 4.5], 12);
  });
});

describe("self-supervised preference optimisation", () => {
  const labels = { chosenDegreeLabels: [0, 1, 3], rejectedDegreeLabels: [2, 2, 0] };
  const rows = fc.array(fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 4, maxLength: 4 }), {
    minLength: B,
    maxLength: B,
  });

  test("at gamma 0 is DPO", async () => {
    await fc.assert(
      fc.asyncProperty(pair, rows, rows, async (p, chosenDegreeLogits, rejectedDegreeLogits) => {
        const evidence = { ...p, ...labels, chosenDegreeLogits, rejectedDegreeLogits };
        const { perExample } = await evaluate("self-supervised-po", evidence, { gamma: 0 });
        expectNear(perExample, (await evaluate("dpo", p)).perExample);
      }),
      runs,
    );
  });

  test("a head that does not tell costs log C; constants in a row change nothing and its gradient adds up to 0", async () => {
    await fc.assert(
      fc.asyncProperty(pair, rows, shift, async (p, logits, c) => {
        const at = (chosenDegreeLogits: number[][], rejectedDegreeLogits: number[][]) =>
          evaluate("self-supervised-po", { ...p, ...labels, chosenDegreeLogits, rejectedDegreeLogits });
        const { degreeTerm, grad } = await at(logits, logits);
        for (const row of grad.chosenDegreeLogits as unknown as number[][]) expect(total(row)).toBeCloseTo(0, 12);
        expectNear(
          (
            await at(
              logits.map((row) => plus(row, c)),
              logits,
            )
          ).degreeTerm,
          degreeTerm,
        );
        const level = logits.map((row) => row.map(() => c));
        expectNear((await at(level, level)).degreeTerm, all(Math.log(4)), 12);
        expectNear(grad.policyChosenLogps, (await evaluate("dpo", p)).grad.policyChosenLogps, 12);
      }),
      runs,
    );
  });

  test("a phrase of m words that occur nowhere else scores m^2", () => {
    const { phrases, scores } = degradeText(["blue", "whale", "song", "of", "the", "sea", "."], ["of", "the"], 1);
    expect(phrases).toEqual([["blue", "whale", "song"], ["sea"]]);
    expect(scores).toEqual([9, 1]);
  });

  test("removing phrases never adds tokens; stop words alone give no phrases and variants of the text", () => {
    const text = fc.array(fc.constantFrom("a", "the", "cat", "dog", "red", ",", "runs"), { maxLength: 15 });
    fc.assert(
      fc.property(text, (tokens) => {
        const { variants, phrases } = degradeText(tokens, ["a", "the"], 3);
        expect(variants[0]).toEqual(tokens);
        for (let d = 1; d < 4; d++) expect(variants[d].length).toBeLessThanOrEqual(variants[d - 1].length);
        if (tokens.every((token) => ["a", "the", ","].includes(token))) {
          expect(phrases).toEqual([]);
          expect(variants).toEqual([tokens, tokens, tokens, tokens]);
        }
      }),
      { seed: 5 },
    );
  });
});
