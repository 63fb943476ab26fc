import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../../random.ts";
import { type Annotator, faithfulAnnotator, perceivedReward } from "./annotators.ts";
import { byteLength, drawInstructions, LONGEST_PROMPT, LONGEST_RESPONSE, trueReward } from "./instructions.ts";
import { flipVerdicts, rankResponses } from "./judgments.ts";
import { demonstrationStyle, drawCandidates, drawResponse, isCorrect } from "./responses.ts";

const flawless = { wrongLetter: 0, filler: 0, exclamation: 0 };
const instructions = drawInstructions(200, createRandom(1));
const lists = instructions.map((instruction, n) => ({
  instruction,
  responses: drawCandidates(instruction, 4, createRandom(n)),
}));

test("prompts are distinct, short and answered by their operation", () => {
  expect(new Set(instructions.map(({ prompt }) => prompt)).size).toBe(200);
  for (const { prompt, answer } of instructions) {
    expect(byteLength(prompt)).toBeLessThanOrEqual(LONGEST_PROMPT);
    const [operation, word] = prompt.slice(0, -1).split(" ");
    if (operation === "copy") expect(answer).toBe(word);
    if (operation === "flip") expect(answer).toBe([...word].reverse().join(""));
    if (operation === "next")
      expect([...answer].map((c, i) => c.charCodeAt(0) - word.charCodeAt(i))).toEqual([...word].map(() => 1));
  }
});

test("held-out instructions share no prompt with the others", () => {
  const heldOut = drawInstructions(175, createRandom(1), instructions);
  const prompts = new Set(instructions.map(({ prompt }) => prompt));
  expect(heldOut.filter(({ prompt }) => prompts.has(prompt))).toEqual([]);
});

test("the best response is the bare answer, and padding, punctuation and wrong letters cost what they should", () => {
  const instruction = { prompt: "flip bca:", answer: "acb" };
  expect(trueReward(instruction, "acb.")).toBe(4);
  expect(trueReward(instruction, "acb!")).toBe(3.5);
  expect(trueReward(instruction, "acb sure.")).toBeCloseTo(3.5, 12);
  expect(trueReward(instruction, "acd.")).toBeCloseTo(4 * (2 / 3), 12);
  expect(trueReward(instruction, "")).toBe(-0.5);
});

test("no response is worth more than the bare answer", () => {
  fc.assert(
    fc.property(fc.nat(199), fc.string({ maxLength: 30 }), (n, response) => {
      expect(trueReward(instructions[n], response)).toBeLessThanOrEqual(4);
    }),
  );
});

test("candidates are distinct, fit the world, and are worse the more letters are wrong", () => {
  for (const { responses } of lists) {
    expect(new Set(responses).size).toBe(4);
    for (const response of responses) expect(byteLength(response)).toBeLessThanOrEqual(LONGEST_RESPONSE);
  }
  const rewards = lists.flatMap(({ instruction, responses }) => responses.map((text) => trueReward(instruction, text)));
  expect(Math.max(...rewards) - Math.min(...rewards)).toBeGreaterThan(3);
  const random = createRandom(5);
  const rightShare =
    instructions.filter((one) => isCorrect(one, drawResponse(one, demonstrationStyle, random))).length / 200;
  expect(rightShare).toBeGreaterThan(0.4);
  expect(rightShare).toBeLessThan(0.8);
  expect(instructions.every((one) => trueReward(one, drawResponse(one, flawless, random)) === 4)).toBe(true);
});

test("the same seed draws the same world", () => {
  const draw = () => rankResponses(lists, [faithfulAnnotator], createRandom(3));
  expect(draw()).toEqual(draw());
});

test("a strong annotator orders responses by the true reward, a flipping one against it", () => {
  const sure: Annotator = { ...faithfulAnnotator, id: "sure", strength: 1e6 };
  for (const [annotator, sign] of [
    [sure, 1],
    [{ ...sure, flips: 1 }, -1],
  ] as const) {
    for (const [n, { items, verdict }] of rankResponses(lists, [annotator], createRandom(4)).entries()) {
      const rewards = items.map(({ content }) => sign * trueReward(instructions[n], content as string));
      for (const [i, rank] of verdict.ranks.entries())
        for (const [j, other] of verdict.ranks.entries())
          if (rewards[i] > rewards[j] + 1e-6) expect(rank).toBeLessThan(other);
    }
  }
});

test("verdicts on pairs come as often as Bradley-Terry on the perceived reward says", () => {
  const annotator: Annotator = { id: "long", strength: 0.8, lengthBias: 1, exclamationBias: 0.5, flips: 0.1 };
  const instruction = { prompt: "copy abc:", answer: "abc" };
  const responses = ["abd sure!", "abc."];
  const [left, right] = responses.map((response) => perceivedReward(annotator, instruction, response));
  const honest = 1 / (1 + Math.exp(-annotator.strength * (left - right)));
  const expected = annotator.flips + (1 - 2 * annotator.flips) * honest;
  const many = Array.from({ length: 4000 }, () => ({ instruction, responses }));
  const judgments = rankResponses(many, [annotator], createRandom(7));
  const first = judgments.filter(({ verdict }) => verdict.ranks[0] === 1).length / 4000;
  expect(Math.abs(first - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / 4000));
});

test("flipping all verdicts twice gives them back, and a share of them flips about that many", () => {
  const judgments = rankResponses(lists, [faithfulAnnotator], createRandom(9));
  expect(flipVerdicts(flipVerdicts(judgments, 1, 1), 1, 2)).toEqual(judgments);
  const flipped = flipVerdicts(judgments, 0.2, 3).filter((judgment, n) => judgment !== judgments[n]).length;
  expect(flipped).toBeGreaterThan(20);
  expect(flipped).toBeLessThan(60);
});
