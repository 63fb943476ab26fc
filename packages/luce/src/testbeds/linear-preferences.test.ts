import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { linearCells, readCells } from "./cell-models.ts";
import { directionAt, drawDirection } from "./language/pools.ts";
import {
  chosenFirst,
  differenceEvidence,
  drawLinearPairs,
  everyCell,
  linearAccuracy,
  voteOnPairs,
} from "./linear-preferences.ts";

const weights = Float64Array.of(2, -1, 0.5);

test("the log-odds of linear pairs are the weights times their features, and silent features do not vary", () => {
  const { features, logits } = drawLinearPairs(50, weights, createRandom(1), [1, 0, 3]);
  for (const [pair, logit] of logits.entries()) {
    const [a, b, c] = features.subarray(pair * 3, pair * 3 + 3);
    expect(b).toBeCloseTo(0, 15);
    expect(logit).toBeCloseTo(2 * a + 0.5 * c, 12);
  }
});

test("swapping a pair turns its features and its log-odds round, and swapping twice gives it back", () => {
  const pairs = drawLinearPairs(20, weights, createRandom(2));
  const swapped = chosenFirst(pairs, (pair) => pair % 2 === 0);
  expect(swapped.logits[0]).toBe(pairs.logits[0]);
  expect(swapped.logits[1]).toBe(-pairs.logits[1]);
  expect(swapped.features[4]).toBe(-pairs.features[4]);
  expect(chosenFirst(swapped, (pair) => pair % 2 === 0)).toEqual(pairs);
});

test("votes choose by Bradley-Terry: the chosen one is truly better as often as its probability says", () => {
  const drawn = drawLinearPairs(4000, weights, createRandom(3));
  const voted = voteOnPairs(drawn, createRandom(4));
  const right = voted.logits.filter((logit) => logit > 0).length / 4000;
  const expected = drawn.logits.reduce((sum, logit) => sum + 1 / (1 + Math.exp(-Math.abs(logit))), 0) / 4000;
  expect(Math.abs(right - expected)).toBeLessThan(4 * Math.sqrt(0.25 / 4000));
});

test("the truth is right about every pair, its opposite about none", () => {
  const pairs = drawLinearPairs(200, weights, createRandom(5));
  expect(linearAccuracy(pairs, weights)).toBe(1);
  expect(
    linearAccuracy(
      pairs,
      weights.map((weight) => -weight),
    ),
  ).toBe(0);
});

test("the evidence of differences is what the model says of the chosen responses, and zero elsewhere", () => {
  const pairs = drawLinearPairs(6, weights, createRandom(6));
  const model = linearCells(pairs.features, 3);
  model.parameters.set(weights);
  const { learnt, given } = differenceEvidence(model, everyCell(6));
  expect(readCells(model.says(), learnt.policyChosenLogps).data).toEqual(pairs.logits);
  for (const { data } of Object.values(given)) expect(data).toEqual(new Float64Array(6));
});

test.each([-1, -0.3, 0, 0.2, 0.9, 1])("a direction at cosine %d of another is a direction", (cosine) => {
  const random = createRandom(7);
  const direction = drawDirection(12, random);
  const other = directionAt(cosine, direction, random);
  expect(Math.hypot(...other)).toBeCloseTo(1, 12);
  expect(other.reduce((sum, value, d) => sum + value * direction[d], 0)).toBeCloseTo(cosine, 12);
});
