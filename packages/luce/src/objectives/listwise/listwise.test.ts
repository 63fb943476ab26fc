import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, expectNear, flat, negated, total } from "../../../test/evaluate-objective.ts";

const runs = { numRuns: 12, seed: 4 };
const K = 4;
const listOf = (size: number, min: number, max: number) =>
  fc.array(fc.double({ min, max, noNaN: true }), { minLength: size, maxLength: size });
const logps = listOf(K, -40, -0.1);
const scores = listOf(K, 0, 3);
const grades = listOf(K, 0, 1);
const duo = listOf(2, -40, -0.1);
const tokenCounts = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: K, maxLength: K });
const shift = fc.double({ min: -5, max: 5, noNaN: true });
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const plus = (xs: readonly number[], c: number) => xs.map((x) => x + c);
/** The same list in another order. */
const turned = <T>(xs: readonly T[]) => [...xs.slice(1), xs[0]];
const softmax = (xs: readonly number[]) => {
  const weights = xs.map((x) => Math.exp(x - Math.max(...xs)));
  return weights.map((w) => w / total(weights));
};

describe("PRO", () => {
  const short = { lengths: [[3, 7]] };

  test("of two candidates without SFT is a logistic loss whose slope is the reward gap", async () => {
    await fc.assert(
      fc.asyncProperty(duo, listOf(2, 0, 3), async (policyLogps, r) => {
        const { loss } = await evaluate("pro", { policyLogps: [policyLogps], scores: [r], ...short }, { sftWeight: 0 });
        const margin = (r[0] - r[1]) * (policyLogps[0] / 3 - policyLogps[1] / 7);
        expect(loss).toBeCloseTo(softplus(-margin), 9);
      }),
      runs,
    );
  });

  test("with all scores equal costs the sum of log(n - k + 1), without a gradient", async () => {
    await fc.assert(
      fc.asyncProperty(logps, async (x) => {
        const evidence = { policyLogps: [x], lengths: [[1, 2, 3, 4]], scores: [[2, 2, 2, 2]] };
        const { loss, grad } = await evaluate("pro", evidence, { sftWeight: 0 });
        expect(loss).toBeCloseTo(Math.log(24), 10);
        expectNear(grad.policyLogps, [0, 0, 0, 0], 12);
      }),
      runs,
    );
  });

  test("with temperature none is the negative log of a Plackett-Luce probability, whatever is added to all s", async () => {
    await fc.assert(
      fc.asyncProperty(listOf(K, -9, -0.1), scores, shift, async (s, r, c) => {
        const at = (x: number[]) => ({ policyLogps: [x], lengths: [[1, 1, 1, 1]], scores: [r] });
        const plain = { temperature: "none", sftWeight: 0 };
        const { loss } = await evaluate("pro", at(s), plain);
        const order = r.map((_, i) => i).sort((a, b) => r[b] - r[a]);
        const byHand = order.reduce(
          (sum, k, n) => sum - Math.log(softmax(order.slice(n).map((i) => s[i]))[0] || Math.exp(s[k])),
          0,
        );
        expect(loss).toBeCloseTo(byHand, 8);
        expect((await evaluate("pro", at(plus(s, c)), plain)).loss).toBeCloseTo(loss, 9);
        const asLipo = { policyLogps: [s], referenceLogps: [[0, 0, 0, 0]], scores: [r] };
        expect((await evaluate("lipo", asLipo, { objective: "list-mle", beta: 1 })).loss).toBeCloseTo(loss, 9);
      }),
      runs,
    );
  });

  test("with reward gaps changes under a common shift, and a near tie holds the loss up", async () => {
    const at = (s: number[]) => ({ policyLogps: [s], lengths: [[1, 1, 1, 1]], scores: [[3, 2.999, 1, 0]] });
    const { loss } = await evaluate("pro", at([-1, -8, -9, -10]), { sftWeight: 0 });
    expect((await evaluate("pro", at([-3, -10, -11, -12]), { sftWeight: 0 })).loss).not.toBeCloseTo(loss, 2);
    const certain = await evaluate("pro", at([-0.01, -30, -60, -90]), { sftWeight: 0 });
    expect(certain.loss).toBeGreaterThan(0.6);
  });

  test("gives a masked candidate no gradient, and permutes the gradient with the list", async () => {
    await fc.assert(
      fc.asyncProperty(logps, scores, tokenCounts, async (x, r, lengths) => {
        const mask = [1, 0, 1, 1];
        const here = await evaluate("pro", { policyLogps: [x], lengths: [lengths], scores: [r], mask: [mask] });
        expect(flat(here.grad.policyLogps)[1]).toBe(0);
        const there = await evaluate("pro", {
          policyLogps: [turned(x)],
          lengths: [turned(lengths)],
          scores: [turned(r)],
          mask: [turned(mask)],
        });
        expect(there.loss).toBeCloseTo(here.loss, 9);
        expectNear(there.grad.policyLogps, turned(flat(here.grad.policyLogps)), 9);
      }),
      runs,
    );
  });
});

describe("LiPO", () => {
  const lipo = (policy: number[], reference: number[], psi: number[], objective: string, mask?: number[]) =>
    evaluate(
      "lipo",
      { policyLogps: [policy], referenceLogps: [reference], scores: [psi], ...(mask && { mask: [mask] }) },
      { objective, beta: 0.1 },
    );

  test("of two candidates is DPO, SLiC or a multiple of DPO", async () => {
    await fc.assert(
      fc.asyncProperty(duo, duo, async (policy, reference) => {
        const delta = 0.1 * (policy[0] - reference[0] - policy[1] + reference[1]);
        const psi = [0.9, 0.2];
        expect((await lipo(policy, reference, psi, "pair-logistic")).loss).toBeCloseTo(softplus(-delta), 10);
        expect((await lipo(policy, reference, psi, "list-mle")).loss).toBeCloseTo(softplus(-delta), 10);
        expect((await lipo(policy, reference, psi, "pair-hinge")).loss).toBeCloseTo(Math.max(0, 1 - delta), 10);
        const c = Math.abs(2 ** 0.9 - 2 ** 0.2) * (1 / Math.log(2) - 1 / Math.log(3));
        expect((await lipo(policy, reference, psi, "lambda")).loss).toBeCloseTo(c * softplus(-delta), 10);
      }),
      runs,
    );
  });

  test.each(["lambda", "pair-logistic", "pair-hinge"])(
    "%s of equal labels is 0 without a gradient",
    async (objective) => {
      await fc.assert(
        fc.asyncProperty(logps, logps, async (policy, reference) => {
          const { loss, grad } = await lipo(policy, reference, [0.5, 0.5, 0.5, 0.5], objective);
          expect(loss).toBe(0);
          expectNear(grad.policyLogps, [0, 0, 0, 0], 15);
        }),
        runs,
      );
    },
  );

  test.each(["lambda", "pair-logistic", "pair-hinge", "list-mle", "softmax", "listnet"])(
    "%s depends on differences of s only: its gradient adds up to zero over a list",
    async (objective) => {
      await fc.assert(
        fc.asyncProperty(logps, logps, grades, async (policy, reference, psi) => {
          const { loss, grad } = await lipo(policy, reference, psi, objective);
          expect(total(grad.policyLogps)).toBeCloseTo(0, 10);
          expect((await lipo(plus(policy, 2.5), reference, psi, objective)).loss).toBeCloseTo(loss, 9);
        }),
        runs,
      );
    },
  );

  test.each(["point-mse", "point-sigmoid"])("%s knows where s is", async (objective) => {
    const [policy, reference] = [
      [-3, -4, -5, -6],
      [-4, -4, -4, -4],
    ];
    const { loss } = await lipo(policy, reference, [0, 0.5, 1, 0.3], objective);
    expect((await lipo(plus(policy, 3), reference, [0, 0.5, 1, 0.3], objective)).loss).not.toBeCloseTo(loss, 3);
  });

  test("a weight is in proportion to the gap of 2^psi, and largest between the first and the last rank", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, grades, async (policy, reference, psi) => {
        const { lambdaWeights } = await lipo(policy, reference, psi, "lambda");
        const [weights] = lambdaWeights as number[][][];
        const s = policy.map((x, i) => 0.1 * (x - reference[i]));
        const discount = s.map((x, i) => {
          const rank = 1 + s.filter((other, j) => other > x || (other === x && j < i)).length;
          return 1 / Math.log(1 + rank);
        });
        for (let i = 0; i < K; i++) {
          for (let j = 0; j < K; j++) {
            const gap = Math.abs(2 ** psi[i] - 2 ** psi[j]);
            const expected = psi[i] > psi[j] ? gap * Math.abs(discount[i] - discount[j]) : 0;
            expect(weights[i][j]).toBeCloseTo(expected, 9);
            expect(weights[i][j]).toBeLessThanOrEqual(gap * (1 / Math.log(2) - 1 / Math.log(1 + K)) + 1e-12);
          }
        }
      }),
      runs,
    );
  });

  test.each(["lambda", "list-mle", "softmax"])("%s: masking a candidate equals deleting it", async (objective) => {
    await fc.assert(
      fc.asyncProperty(logps, logps, grades, async (policy, reference, psi) => {
        const masked = await lipo(policy, reference, psi, objective, [1, 1, 0, 1]);
        const without = (xs: number[]) => xs.filter((_, i) => i !== 2);
        const deleted = await lipo(without(policy), without(reference), without(psi), objective);
        expect(masked.loss).toBeCloseTo(deleted.loss, 10);
        expectNear(without(flat(masked.grad.policyLogps)), deleted.grad.policyLogps, 10);
        expect(flat(masked.grad.policyLogps)[2]).toBe(0);
      }),
      runs,
    );
  });

  test("softmax of a list whose labels are all 0 contributes 0", async () => {
    expect((await lipo([-1, -2, -3, -4], [-4, -1, -2, -2], [0, 0, 0, 0], "softmax")).loss).toBe(0);
  });
});

describe("IRPO", () => {
  const list = (policyLogps: number[], scores: number[], rest: object = {}) => ({
    policyLogps: [policyLogps],
    referenceLogps: [policyLogps.map(() => -5)],
    lengths: [policyLogps.map((_, i) => 1 + i)],
    scores: [scores],
    ranks: [policyLogps.map((_, i) => i + 1)],
    ...rest,
  });

  test("of two items, one relevant, is half of DPO", async () => {
    await fc.assert(
      fc.asyncProperty(duo, async (policy) => {
        const { loss } = await evaluate("in-context-ranking-po", list(policy, [1, 0]), {
          beta: 0.1,
          lengthNormalise: false,
        });
        expect(loss).toBeCloseTo(0.5 * softplus(-0.1 * (policy[0] - policy[1])), 10);
      }),
      runs,
    );
  });

  test("where policy and reference agree costs log 2 / n times the weights", async () => {
    const result = await evaluate("in-context-ranking-po", list([-5, -5, -5, -5], [3, 0, 1, 2]));
    expectNear(result.logits, [0, 0, 0, 0], 12);
    expect(result.loss).toBeCloseTo((Math.LN2 / 4) * total(result.weights), 12);
    const cold = await evaluate("in-context-ranking-po", list([-1, -50, -2, -3], [3, 0, 1, 2]), { beta: 1e-9 });
    expect(cold.loss).toBeCloseTo((Math.LN2 / 4) * total(cold.weights), 6);
  });

  test("of items of no relevance is 0 without a gradient, but for discounts alone", async () => {
    await fc.assert(
      fc.asyncProperty(logps, async (policy) => {
        const { loss, grad } = await evaluate("in-context-ranking-po", list(policy, [0, 0, 0, 0]));
        expect(loss).toBe(0);
        expectNear(grad.policyLogps, [0, 0, 0, 0], 15);
        const discounted = await evaluate("in-context-ranking-po", list(policy, [0, 0, 0, 0]), {
          weight: "discount-only",
        });
        expect(discounted.loss).toBeGreaterThan(0);
      }),
      runs,
    );
  });

  test("depends on differences of r only, and pushes competitors down by their softmax share", async () => {
    await fc.assert(
      fc.asyncProperty(listOf(K, -9, -1), shift, async (policy, c) => {
        const sums = { lengthNormalise: false };
        const { loss, grad } = await evaluate("in-context-ranking-po", list(policy, [0, 2, 0, 0]), sums);
        const slopes = flat(grad.policyLogps);
        expect(total(slopes)).toBeCloseTo(0, 12);
        expect(slopes[1]).toBeLessThan(0);
        const share = softmax([policy[0], policy[2], policy[3]]);
        expectNear(
          [slopes[0], slopes[2], slopes[3]],
          share.map((p) => -slopes[1] * p),
          10,
        );
        const moved = await evaluate("in-context-ranking-po", list(plus(policy, c), [0, 2, 0, 0]), sums);
        expect(moved.loss).toBeCloseTo(loss, 9);
      }),
      runs,
    );
  });

  test("with one relevant item, sums and weight 1 is a softmax DPO over many negatives, over n", async () => {
    await fc.assert(
      fc.asyncProperty(logps, async (policy) => {
        const evidence = list(policy, [1, 0, 0, 0]);
        const { loss } = await evaluate("in-context-ranking-po", evidence, {
          beta: 0.3,
          aggregate: "sum",
          lengthNormalise: false,
        });
        const odds = policy.slice(1).reduce((sum, x) => sum + Math.exp(0.3 * (x - policy[0])), 0);
        expect(loss).toBeCloseTo(Math.log1p(odds) / 4, 9);
      }),
      runs,
    );
  });

  test("masking an item equals deleting it, in the outputs too; a list of one contributes 0", async () => {
    const masked = await evaluate(
      "in-context-ranking-po",
      list([-3, -9, -4, -2], [2, 3, 0, 1], { mask: [[1, 1, 1, 0]] }),
    );
    const deleted = await evaluate("in-context-ranking-po", list([-3, -9, -4], [2, 3, 0]));
    expect(masked.loss).toBeCloseTo(deleted.loss, 12);
    expectNear(masked.weights, deleted.weights);
    expectNear(masked.logits, deleted.logits);
    const one = await evaluate("in-context-ranking-po", list([-3, -9, -4, -2], [2, 3, 0, 1], { mask: [[0, 1, 0, 0]] }));
    expect(one.loss).toBe(0);
    expectNear(one.grad.policyLogps, [0, 0, 0, 0], 15);
  });
});

describe("BRAIn", () => {
  const samples = (policy: number[], reference: number[], rewards: number[], proposal?: number[]) => ({
    policyLogps: [policy],
    referenceLogps: [reference],
    rewards: [rewards],
    ...(proposal && { proposalLogps: [proposal] }),
  });

  test("of two samples with a hard target is DPO labelled by the reward", async () => {
    await fc.assert(
      fc.asyncProperty(duo, duo, async (policy, reference) => {
        const { loss } = await evaluate("brain", samples(policy, reference, [1, 2]), { hard: true, policyScale: 0.1 });
        expect(loss).toBeCloseTo(softplus(-0.1 * (policy[1] - reference[1] - policy[0] + reference[0])), 9);
      }),
      runs,
    );
  });

  test("is never negative, its gradient adds up to zero, and constants a prompt change nothing", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, logps, scores, shift, async (policy, reference, proposal, r, c) => {
        const here = await evaluate("brain", samples(policy, reference, r, proposal));
        expect(here.loss).toBeGreaterThan(-1e-9);
        expect(total(here.grad.policyLogps)).toBeCloseTo(0, 10);
        expectNear(
          here.grad.policyLogps,
          flat(here.policyWeights).map((w, i) => w - flat(here.posteriorWeights)[i]),
          10,
        );
        const moved = samples(plus(policy, c), plus(reference, 2 * c), plus(r, -c), plus(proposal, 3 * c));
        expect((await evaluate("brain", moved)).loss).toBeCloseTo(here.loss, 8);
        const optimal = samples(
          reference.map((x, i) => x + r[i] + c),
          reference,
          r,
          proposal,
        );
        expect((await evaluate("brain", optimal)).loss).toBeCloseTo(0, 9);
      }),
      runs,
    );
  });

  test("with the reference as proposal is ListNet on the rewards, less the entropy of its target", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, scores, async (policy, reference, r) => {
        const { loss, posteriorWeights } = await evaluate("brain", samples(policy, reference, r));
        const listnet = await evaluate(
          "lipo",
          { policyLogps: [policy], referenceLogps: [reference], scores: [r] },
          { objective: "listnet", beta: 1 },
        );
        const entropy = -total(flat(posteriorWeights).map((p) => p * Math.log(p)));
        expect(loss).toBeCloseTo(listnet.loss - entropy, 9);
      }),
      runs,
    );
  });

  test("tends to the hard target as the temperature falls, and to the prior as it rises", async () => {
    const evidence = samples([-3, -2, -5, -4], [-2, -4, -3, -3], [0.2, 1, 0.4, 0.1], [-3, -3, -4, -3]);
    const cold = await evaluate("brain", evidence, { rewardTemperature: 0.005 });
    expectNear(cold.posteriorWeights, [0, 1, 0, 0], 12);
    expect(cold.loss).toBeCloseTo((await evaluate("brain", evidence, { hard: true })).loss, 9);
    const hot = await evaluate("brain", evidence, { rewardTemperature: 1e9 });
    expectNear(hot.posteriorWeights, softmax([1, -1, 1, 0]), 8);
  });
});

describe("TPO", () => {
  const path = listOf(6, -8, -0.1);
  const flatScores = [[0.9, 0.2]];
  /** Two paths of three steps. */
  const tree = (policy: number[], reference: number[], rest: object = {}) => ({
    policyStepLogps: [[policy.slice(0, 3), policy.slice(3)]],
    referenceStepLogps: [[reference.slice(0, 3), reference.slice(3)]],
    scores: flatScores,
    ...rest,
  });
  const alike = (cosine: number) => {
    const other = [cosine, Math.sqrt(1 - cosine ** 2)];
    return [
      [
        [
          [1, 0],
          [2, 0],
          [0.5, 0],
        ],
        [other, other, other],
      ],
    ];
  };

  test("without step weights is LiPO on summed log-ratios, and DPO without lambda weights too", async () => {
    await fc.assert(
      fc.asyncProperty(path, path, async (policy, reference) => {
        const unweighted = await evaluate("tree-po", tree(policy, reference), { beta: 0.1, stepWeight: "none" });
        const sums = (xs: number[]) => [[total(xs.slice(0, 3)), total(xs.slice(3))]];
        const lists = { policyLogps: sums(policy), referenceLogps: sums(reference), scores: flatScores };
        expect(unweighted.loss).toBeCloseTo((await evaluate("lipo", lists, { beta: 0.1 })).loss, 9);
        const plain = await evaluate("tree-po", tree(policy, reference), {
          beta: 0.1,
          stepWeight: "none",
          lambdaWeights: false,
        });
        const dpo = await evaluate("lipo", lists, { beta: 0.1, objective: "pair-logistic" });
        expect(plain.loss).toBeCloseTo(dpo.loss, 9);
      }),
      runs,
    );
  });

  test("embeddings of one cosine c rescale beta by 1 + c, or by 1 - c", async () => {
    await fc.assert(
      fc.asyncProperty(path, path, async (policy, reference) => {
        const evidence = tree(policy, reference, { stepEmbeddings: alike(0.25) });
        const margin = flat((await evaluate("tree-po", evidence, { beta: 0.5 })).margins);
        const other = flat((await evaluate("tree-po", evidence, { beta: 0.5, stepWeight: "one-minus-cos" })).margins);
        const bare = flat((await evaluate("tree-po", evidence, { beta: 0.5, stepWeight: "none" })).margins);
        expectNear(
          margin,
          bare.map((m) => 1.25 * m),
        );
        expectNear(
          other,
          bare.map((m) => 0.75 * m),
        );
      }),
      runs,
    );
  });

  test("a step that both paths share adds nothing, and gradients are equal and opposite step by step", async () => {
    await fc.assert(
      fc.asyncProperty(path, path, shift, async (policy, reference, c) => {
        const evidence = tree(policy, reference, { stepEmbeddings: alike(0.6) });
        const { loss, grad } = await evaluate("tree-po", evidence);
        const [first, second] = (grad.policyStepLogps as unknown as number[][][])[0];
        expectNear(first, negated(second), 10);
        const moved = policy.map((x, n) => (n % 3 === 1 ? x + c : x));
        const shared = tree(moved, reference, { stepEmbeddings: alike(0.6) });
        expect((await evaluate("tree-po", shared)).loss).toBeCloseTo(loss, 9);
      }),
      runs,
    );
  });

  test("paths of equal score contribute nothing", async () => {
    const evidence = tree([-1, -2, -3, -4, -5, -6], [-2, -2, -2, -2, -2, -2], { scores: [[0.5, 0.5]] });
    const { loss, grad } = await evaluate("tree-po", { ...evidence, stepEmbeddings: alike(0.6) });
    expect(loss).toBe(0);
    expectNear(grad.policyStepLogps, [0, 0, 0, 0, 0, 0], 15);
  });

  test("steps after the shortest path's last are merged into it", async () => {
    const rest = { stepEmbeddings: alike(0.6) };
    const ragged = tree([-1, -2, -3, -4, -5, -9], [-2, -2, -2, -3, -2, -2], {
      ...rest,
      stepMask: [
        [
          [1, 1, 1],
          [1, 1, 0],
        ],
      ],
    });
    const merged = tree([-1, -5, 0, -4, -5, 0], [-2, -4, 0, -3, -2, 0], rest);
    const { margins } = await evaluate("tree-po", ragged);
    expectNear(margins, (await evaluate("tree-po", merged)).margins, 12);
  });
});

describe("D2O", () => {
  const sampled = (policy: number[], reference: number[], rejected: number[]) => ({
    policySampleLogps: [policy],
    referenceSampleLogps: [reference],
    policyRejectedLogps: [rejected[0]],
    referenceRejectedLogps: [rejected[1]],
  });

  test("of one sample with alpha = beta is DPO with the sample as chosen", async () => {
    await fc.assert(
      fc.asyncProperty(duo, duo, async (sample, rejected) => {
        const { loss, instanceLevelLoss } = await evaluate("d2o", sampled([sample[0]], [sample[1]], rejected));
        const delta = sample[0] - sample[1] - rejected[0] + rejected[1];
        expect(loss).toBeCloseTo(softplus(-0.1 * delta), 10);
        expect(instanceLevelLoss).toBeCloseTo(loss, 10);
      }),
      runs,
    );
  });

  test("never exceeds the instance-level loss, pushes every sample alike, and knows no order of samples", async () => {
    await fc.assert(
      fc.asyncProperty(logps, logps, duo, async (policy, reference, rejected) => {
        const here = await evaluate("d2o", sampled(policy, reference, rejected), { alpha: 0.2, beta: 0.4 });
        expect(here.loss).toBeLessThanOrEqual((here.instanceLevelLoss as number) + 1e-9);
        const slope = 1 / (1 + Math.exp(flat(here.margins)[0]));
        expectNear(here.grad.policySampleLogps, Array<number>(K).fill((-0.4 / K) * slope), 10);
        expectNear(here.grad.policyRejectedLogps, [0.2 * slope], 10);
        const there = await evaluate("d2o", sampled(turned(policy), turned(reference), rejected), {
          alpha: 0.2,
          beta: 0.4,
        });
        expect(there.loss).toBeCloseTo(here.loss, 10);
        const level = await evaluate("d2o", sampled(policy, policy, rejected), { alpha: 0.2, beta: 0.4 });
        expect(level.instanceLevelLoss).toBeCloseTo(level.loss, 10);
        const start = await evaluate("d2o", sampled(policy, policy, [-7, -7]), { alpha: 0.2, beta: 0.4 });
        expect(start.loss).toBeCloseTo(Math.LN2, 12);
      }),
      runs,
    );
  });

  test("ignores the rejected response at alpha 0, and the samples at beta 0", async () => {
    const evidence = sampled([-1, -2, -3, -4], [-2, -2, -2, -2], [-5, -3]);
    expectNear((await evaluate("d2o", evidence, { alpha: 0 })).grad.policyRejectedLogps, [0], 15);
    expectNear((await evaluate("d2o", evidence, { beta: 0 })).grad.policySampleLogps, [0, 0, 0, 0], 15);
  });
});

describe("KnowPAT", () => {
  const answers = (policyLogps: number[], scores: number[], lengths = policyLogps.map((_, i) => 2 + i)) => ({
    policyLogps: [policyLogps],
    lengths: [lengths],
    scores: [scores],
  });

  test("is fine-tuning on the best answer at lambda 0 and for a single answer", async () => {
    const { loss } = await evaluate("knowpat", answers([-4, -6, -9, -3], [1, 4, 2, 3]), { lambda: 0 });
    expect(loss).toBeCloseTo(2, 12);
    const single = await evaluate("knowpat", answers([-4], [1]));
    expect(single.loss).toBeCloseTo(2, 12);
    expectNear(single.weights, [0], 15);
  });

  test("of two answers is active exactly where the model already prefers the better one", async () => {
    await fc.assert(
      fc.asyncProperty(duo, async (policy) => {
        const result = await evaluate("knowpat", answers(policy, [2, 1], [1, 1]));
        expectNear(result.weights, [policy[0] > policy[1] ? 1 : 0, 0], 12);
        if (policy[0] <= policy[1]) expectNear(result.alignLoss, [0], 15);
        const plain = await evaluate("knowpat", answers(policy, [2, 1], [1, 1]), { adaptive: false });
        expectNear(plain.weights, [1, 0], 15);
        expectNear(plain.alignLoss, [softplus(-policy[0]) + softplus(policy[1])], 9);
      }),
      runs,
    );
  });

  test("weighs the likeliest 1, the least likely 0 and the last-ranked never; it pushes the best answer up", async () => {
    await fc.assert(
      fc.asyncProperty(logps, scores, tokenCounts, async (policy, r, lengths) => {
        const { weights, grad } = await evaluate("knowpat", answers(policy, r, lengths));
        const s = policy.map((x, i) => x / lengths[i]);
        const [low, high] = [Math.min(...s), Math.max(...s)];
        const last = r.lastIndexOf(Math.min(...r));
        expectNear(
          weights,
          s.map((x, i) => (i === last || high === low ? 0 : (x - low) / (high - low))),
          9,
        );
        const best = r.indexOf(Math.max(...r));
        expect(flat(grad.policyLogps)[best]).toBeLessThan(0);
      }),
      runs,
    );
  });

  test("permuting candidates with their scores and lengths changes nothing; masking one equals deleting it", async () => {
    await fc.assert(
      fc.asyncProperty(
        logps,
        fc.uniqueArray(fc.integer({ min: 0, max: 99 }), { minLength: K, maxLength: K }),
        tokenCounts,
        async (policy, r, lengths) => {
          const { loss } = await evaluate("knowpat", answers(policy, r, lengths));
          const other = await evaluate("knowpat", answers(turned(policy), turned(r), turned(lengths)));
          expect(other.loss).toBeCloseTo(loss, 10);
          const masked = await evaluate("knowpat", { ...answers(policy, r, lengths), mask: [[1, 1, 1, 0]] });
          const deleted = await evaluate("knowpat", answers(policy.slice(0, 3), r.slice(0, 3), lengths.slice(0, 3)));
          expect(masked.loss).toBeCloseTo(deleted.loss, 10);
        },
      ),
      runs,
    );
  });
});
