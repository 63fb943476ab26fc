import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, expectNear, flat, total } from "../../../test/evaluate-objective.ts";
import { correctedSegments } from "./corrected-segments.ts";
import { activationWeights } from "./token-weights.ts";

const runs = { numRuns: 12, seed: 6 };
const T = 4;
const rowOf = (size: number, min: number, max: number) =>
  fc.array(fc.double({ min, max, noNaN: true }), { minLength: size, maxLength: size });
const tokens = rowOf(T, -6, -0.1);
const fourRows = fc.tuple(tokens, tokens, tokens, tokens);
const ones = [[1, 1, 1, 1]];
const pairOf = ([chosen, rejected, referenceChosen, referenceRejected]: readonly number[][]) => ({
  policyChosenTokenLogps: [chosen],
  policyRejectedTokenLogps: [rejected],
  referenceChosenTokenLogps: [referenceChosen],
  referenceRejectedTokenLogps: [referenceRejected],
});
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sumDelta = ([chosen, rejected, referenceChosen, referenceRejected]: readonly number[][]) =>
  total(chosen) - total(referenceChosen) - total(rejected) + total(referenceRejected);

describe("RLHF-V", () => {
  const segments = { chosenSegmentMask: [[0, 1, 1, 0]], rejectedSegmentMask: [[1, 0, 0, 0]] };

  test("at gamma 1 is DPO on token sums, or on token means where normalised", async () => {
    await fc.assert(
      fc.asyncProperty(fourRows, async (rows) => {
        const evidence = { ...pairOf(rows), ...segments };
        const sums = await evaluate("rlhf-v", evidence, { gamma: 1, normalize: false });
        expect(sums.loss).toBeCloseTo(softplus(-0.5 * sumDelta(rows)), 10);
        const means = await evaluate("rlhf-v", evidence, { gamma: 1 });
        expect(means.loss).toBeCloseTo(softplus((-0.5 * sumDelta(rows)) / T), 10);
      }),
      runs,
    );
  });

  test("normalised, correcting every token is correcting none, and a large gamma sees corrected tokens only", async () => {
    await fc.assert(
      fc.asyncProperty(fourRows, async (rows) => {
        const none = { chosenSegmentMask: [[0, 0, 0, 0]], rejectedSegmentMask: [[0, 0, 0, 0]] };
        const every = { chosenSegmentMask: ones, rejectedSegmentMask: ones };
        const { loss } = await evaluate("rlhf-v", { ...pairOf(rows), ...every });
        expect(loss).toBeCloseTo((await evaluate("rlhf-v", { ...pairOf(rows), ...none })).loss, 10);
        const sharp = await evaluate("rlhf-v", { ...pairOf(rows), ...segments }, { gamma: 1e9 });
        expectNear(sharp.chosenScores, [(rows[0][1] + rows[0][2]) / 2], 6);
        expectNear(sharp.rejectedScores, [rows[1][0]], 6);
      }),
      runs,
    );
  });

  test("gives corrected tokens exactly gamma times the gradient of untouched ones in the same answer", async () => {
    await fc.assert(
      fc.asyncProperty(fourRows, async (rows) => {
        const { grad } = await evaluate("rlhf-v", { ...pairOf(rows), ...segments });
        const chosen = flat(grad.policyChosenTokenLogps);
        expectNear(
          chosen,
          [1, 5, 5, 1].map((weight) => weight * chosen[0]),
          12,
        );
      }),
      runs,
    );
  });

  test("adding a constant to policy and reference of the same token changes nothing, and masked tokens do not count", async () => {
    await fc.assert(
      fc.asyncProperty(fourRows, async (rows) => {
        const moved = rows.map((row, side) => row.map((x, t) => (side % 2 === 0 && t === 1 ? x - 3 : x)));
        const here = await evaluate("rlhf-v", { ...pairOf(rows), ...segments });
        expect((await evaluate("rlhf-v", { ...pairOf(moved), ...segments })).loss).toBeCloseTo(here.loss, 10);
        const masks = { chosenMask: [[1, 1, 1, 0]], rejectedMask: ones };
        const masked = await evaluate("rlhf-v", { ...pairOf(rows), ...segments, ...masks });
        const [chosen] = rows;
        expectNear(masked.chosenScores, [(chosen[0] + 5 * chosen[1] + 5 * chosen[2]) / 11], 10);
      }),
      runs,
    );
  });

  test("a token is corrected on one side only where something is on the other; equal texts have none corrected", () => {
    const text = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 12 });
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 4 }), (rejected, chosen, minMatch) => {
        const { rejectedSegmentMask, chosenSegmentMask } = correctedSegments(rejected, chosen, minMatch);
        expect(total(rejectedSegmentMask) > 0).toBe(total(chosenSegmentMask) > 0);
        const same = correctedSegments(rejected, rejected, 1);
        expect(total(same.rejectedSegmentMask) + total(same.chosenSegmentMask)).toBe(0);
      }),
      { seed: 6 },
    );
  });
});

describe("SparsePO", () => {
  const weightsOf = (weight: readonly number[][]) => ({
    chosenRewardMask: [weight[0]],
    rejectedRewardMask: [weight[1]],
    chosenKlMask: [weight[2]],
    rejectedKlMask: [weight[3]],
  });
  const kls = fc.tuple(rowOf(T, 0, 2), rowOf(T, 0, 2));
  const fourWeights = fc.tuple(rowOf(T, 0, 1), rowOf(T, 0, 1), rowOf(T, 0, 1), rowOf(T, 0, 1));
  const evidenceOf = (rows: readonly number[][], kl: readonly number[][], weight: readonly number[][]) => ({
    ...pairOf(rows),
    ...weightsOf(weight),
    chosenTokenKl: [kl[0]],
    rejectedTokenKl: [kl[1]],
  });
  const constantly = (value: number) => Array.from({ length: 4 }, () => Array<number>(T).fill(value));

  test("with all weights 1 is TDPO, and DPO where there is no KL", async () => {
    await fc.assert(
      fc.asyncProperty(fourRows, kls, async (rows, kl) => {
        const tdpo = await evaluate("sparse-po", evidenceOf(rows, kl, constantly(1)));
        expect(tdpo.loss).toBeCloseTo(softplus(-0.8 * (sumDelta(rows) - total(kl[1]) + total(kl[0]))), 9);
        const dpo = await evaluate("sparse-po", evidenceOf(rows, constantly(0), constantly(1)));
        expect(dpo.loss).toBeCloseTo(softplus(-0.8 * sumDelta(rows)), 9);
      }),
      runs,
    );
  });

  test("with all weights 0 costs log 2, without a gradient for the policy", async () => {
    await fc.assert(
      fc.asyncProperty(fourRows, kls, async (rows, kl) => {
        const { loss, grad, rewardSparsity } = await evaluate("sparse-po", evidenceOf(rows, kl, constantly(0)));
        expect(loss).toBeCloseTo(Math.LN2, 12);
        for (const name of ["policyChosenTokenLogps", "policyRejectedTokenLogps", "chosenTokenKl", "rejectedTokenKl"]) {
          expectNear(grad[name], [0, 0, 0, 0], 15);
        }
        expect(rewardSparsity).toEqual({ chosen: 1, rejected: 1 });
      }),
      runs,
    );
  });

  test("a token's gradient is in proportion to its weight, and scaling the weights is scaling beta", async () => {
    await fc.assert(
      fc.asyncProperty(fourRows, kls, fourWeights, async (rows, kl, weight) => {
        const here = await evaluate("sparse-po", evidenceOf(rows, kl, weight), { beta: 0.4 });
        const slope = -0.4 / (1 + Math.exp(0.4 * (flat(here.rewardTerm)[0] - flat(here.klTerm)[0])));
        expectNear(
          here.grad.policyChosenTokenLogps,
          weight[0].map((w) => slope * w),
          10,
        );
        expectNear(
          here.grad.chosenTokenKl,
          weight[2].map((w) => slope * w),
          10,
        );
        const half = weight.map((row) => row.map((w) => w / 2));
        const scaled = await evaluate("sparse-po", evidenceOf(rows, kl, half));
        expect(scaled.loss).toBeCloseTo(here.loss, 10);
      }),
      runs,
    );
  });

  test("raising the chosen side's KL weight lowers the loss; padded tokens never matter", async () => {
    await fc.assert(
      fc.asyncProperty(fourRows, kls, fourWeights, async (rows, kl, weight) => {
        const raised = weight.map((row, i) => (i === 2 ? row.map((w) => w + 0.5) : row));
        const here = await evaluate("sparse-po", evidenceOf(rows, kl, weight));
        expect((await evaluate("sparse-po", evidenceOf(rows, kl, raised))).loss).toBeLessThanOrEqual(here.loss);
        const mask = { chosenMask: [[1, 1, 1, 0]] };
        const other = weight.map((row) => row.map((w, t) => (t === 3 ? w + 9 : w)));
        const padded = evidenceOf(rows, kl, [other[0], weight[1], other[2], weight[3]]);
        const plain = await evaluate("sparse-po", { ...evidenceOf(rows, kl, weight), ...mask }, { lambdaU: 0.1 });
        expect((await evaluate("sparse-po", { ...padded, ...mask }, { lambdaU: 0.1 })).loss).toBe(plain.loss);
      }),
      runs,
    );
  });

  test("activation weights at one hook point lie in [0, 1] and reach both, unless all tokens are alike", () => {
    fc.assert(
      fc.property(fc.array(rowOf(3, -5, 5), { minLength: 4, maxLength: 4 }), (hook) => {
        const weights = activationWeights([hook], [1, 1, 0, 1]);
        expect(weights[2]).toBe(0);
        const response = [weights[0], weights[1], weights[3]];
        expect(Math.max(...response)).toBe(1);
        expect(Math.min(...response)).toBe(response.every((w) => w === 1) ? 1 : 0);
      }),
      { seed: 6 },
    );
    expect(activationWeights([[[1], [1], [1]]], [1, 1, 0])).toEqual([1, 1, 0]);
    expect(() => activationWeights([[[1], [2]]], [1, 1, 1])).toThrow("activations[0] has 2, mask has 3");
  });
});

describe("ADPA", () => {
  const V = 3;
  const logits = fc.array(rowOf(V, -4, 4), { minLength: 2, maxLength: 2 });
  const logSoftmax = (row: readonly number[]) => {
    const normaliser = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
    return row.map((x) => x - normaliser);
  };
  const chosen = { policyChosenLogps: [-6], chosenLengths: [4] };
  const adpa = (student: number[][], teacher: number[][], reference: number[][], params: object = {}) =>
    evaluate(
      "adpa",
      {
        studentLogits: [student],
        teacherTokenLogps: [teacher.map(logSoftmax)],
        referenceTeacherTokenLogps: [reference.map(logSoftmax)],
        mask: [[1, 1]],
        ...chosen,
      },
      params,
    );

  test("is fine-tuning where the teacher is its own reference, or at gamma 0", async () => {
    await fc.assert(
      fc.asyncProperty(logits, logits, logits, async (student, teacher, reference) => {
        const { loss, grad } = await adpa(student, teacher, teacher);
        expect(loss).toBeCloseTo(1.5, 10);
        expectNear(grad.studentLogits, Array<number>(2 * V).fill(0), 12);
        expect((await adpa(student, teacher, reference, { gamma: 0 })).loss).toBeCloseTo(1.5, 12);
      }),
      runs,
    );
  });

  test("is a policy gradient with the student's own mean as baseline, blind to a constant per state", async () => {
    await fc.assert(
      fc.asyncProperty(logits, logits, logits, async (student, teacher, reference) => {
        const { grad, advantages, stateValues } = await adpa(student, teacher, reference);
        const rows = (advantages as number[][][])[0];
        const expected = student.map((row, t) =>
          logSoftmax(row).map((logp, a) => (-Math.exp(logp) * (rows[t][a] - flat(stateValues)[t])) / 2),
        );
        expectNear(grad.studentLogits, expected, 9);
        const shifted = await evaluate("adpa", {
          studentLogits: [student],
          teacherTokenLogps: [teacher.map((row) => logSoftmax(row).map((x) => x + 2))],
          referenceTeacherTokenLogps: [reference.map(logSoftmax)],
          ...chosen,
        });
        expectNear(shifted.grad.studentLogits, grad.studentLogits, 9);
      }),
      runs,
    );
  });

  test("expects a negative advantage under the reference teacher and a positive one under the aligned one", async () => {
    await fc.assert(
      fc.asyncProperty(logits, logits, async (teacher, reference) => {
        const kl = (from: number[][], to: number[][]) =>
          from.map((row, t) => total(logSoftmax(row).map((logp, a) => Math.exp(logp) * (logp - logSoftmax(to[t])[a]))));
        expectNear(
          (await adpa(reference, teacher, reference)).stateValues,
          kl(reference, teacher).map((x) => -x),
          9,
        );
        expectNear((await adpa(teacher, teacher, reference)).stateValues, kl(teacher, reference), 9);
      }),
      runs,
    );
  });

  test("its first stage without rejected answers and supervision is forward-KL distillation: pi_student - pi_teacher", async () => {
    await fc.assert(
      fc.asyncProperty(logits, logits, async (student, teacher) => {
        const both = (name: string) => ({
          [`${name}StudentLogits`]: [student],
          [`${name}TeacherTokenLogps`]: [teacher.map(logSoftmax)],
        });
        const { grad, loss, klChosen } = await evaluate(
          "adpa",
          { ...both("chosen"), ...both("rejected"), ...chosen },
          { component: "dckd", alphaRejected: 0, sftWeight: 0 },
        );
        expect(loss).toBeCloseTo(klChosen as number, 12);
        const difference = student.map((row, t) =>
          logSoftmax(row).map((logp, a) => (Math.exp(logp) - Math.exp(logSoftmax(teacher[t])[a])) / 2),
        );
        expectNear(grad.chosenStudentLogits, difference, 9);
        expectNear(grad.rejectedStudentLogits, Array<number>(2 * V).fill(0), 15);
      }),
      runs,
    );
  });

  test("reads a mask of true and false as of 1 and 0", async () => {
    const evidence = {
      studentLogits: [
        [
          [1, 2, 3],
          [3, 2, 1],
        ],
      ],
      teacherTokenLogps: [
        [
          [-1, -1, -1],
          [-2, -1, -1],
        ],
      ],
      referenceTeacherTokenLogps: [
        [
          [-1, -2, -1],
          [-1, -1, -1],
        ],
      ],
      mask: [[true, false]],
      ...chosen,
    };
    expect((await evaluate("adpa", evidence)).stateValues).toHaveLength(1);
  });
});
