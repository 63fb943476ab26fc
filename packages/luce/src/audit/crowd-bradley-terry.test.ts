import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { crowdBradleyTerry } from "./crowd-bradley-terry.ts";

function plant(eta: number[], strengths: number[], votes: number) {
  const random = createRandom(11);
  const comparisons: { left: number; right: number; outcome: number }[] = [];
  const annotators: number[] = [];
  for (let n = 0; n < votes; n++) {
    const left = random.integer(strengths.length);
    const right = (left + 1 + random.integer(strengths.length - 1)) % strengths.length;
    const annotator = random.integer(eta.length);
    const p = 1 / (1 + Math.exp(strengths[right] - strengths[left]));
    const chance = eta[annotator] * p + (1 - eta[annotator]) * (1 - p);
    comparisons.push({ left, right, outcome: random.uniform() < chance ? 1 : 0 });
    annotators.push(annotator);
  }
  return { nItems: strengths.length, nAnnotators: eta.length, comparisons, annotators };
}

test("finds strengths and reliabilities, a coin and an adversary among them", async () => {
  const eta = [0.95, 0.9, 0.9, 0.85, 0.5, 0.1];
  const strengths = [2, 1, 0, -1, -2];
  const fit = await crowdBradleyTerry.evaluate(plant(eta, strengths, 12_000), { regularization: 0 });
  eta.forEach((value, k) => {
    expect(Math.abs((fit.eta as number[])[k] - value)).toBeLessThan(0.05);
  });
  strengths.forEach((value, i) => {
    expect(Math.abs((fit.logStrengths as number[])[i] - value)).toBeLessThan(0.3);
  });
});

test("with one annotator and a strong prior on reliability it is Bradley-Terry", async () => {
  const comparisons = [
    ...Array.from({ length: 20 }, () => ({ left: 0, right: 1, outcome: 1 })),
    ...Array.from({ length: 10 }, () => ({ left: 1, right: 0, outcome: 1 })),
  ];
  const { logStrengths } = await crowdBradleyTerry.evaluate(
    { nItems: 2, nAnnotators: 1, comparisons, annotators: comparisons.map(() => 0) },
    { regularization: 0, etaAlpha: 1e9 },
  );
  const [first, second] = logStrengths as number[];
  expect(first - second).toBeCloseTo(Math.log(2), 5);
});

test("stays finite where one item always wins and one annotator never voted", async () => {
  const comparisons = Array.from({ length: 5 }, () => ({ left: 0, right: 1, outcome: 1 }));
  const fit = await crowdBradleyTerry.evaluate(
    { nItems: 3, nAnnotators: 2, comparisons, annotators: comparisons.map(() => 0) },
    {},
  );
  expect([...(fit.logStrengths as number[]), ...(fit.eta as number[])].every(Number.isFinite)).toBe(true);
  expect((fit.logStrengths as number[])[2]).toBeCloseTo(0, 9);
});

test("refuses annotators that do not match the comparisons", () => {
  const comparisons = [{ left: 0, right: 1, outcome: 1 }];
  expect(() => crowdBradleyTerry.evaluate({ nItems: 2, nAnnotators: 1, comparisons, annotators: [1] }, {})).toThrow(
    /must be 1 numbers below 1/,
  );
});
