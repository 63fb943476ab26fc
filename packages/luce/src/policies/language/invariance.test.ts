import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { createTrainStep, release, sgd, startEngine } from "../../engines/index.ts";
import { createRandom } from "../../random.ts";
import { batchCandidates, type Candidates, candidateArrays } from "./batch.ts";
import { languageConfig } from "./config.ts";
import { createLanguagePolicy, supervisedLoss } from "./policy.ts";
import { sample } from "./sample.ts";
import { type CandidateScores, scoreCandidates } from "./score.ts";

const config = languageConfig({
  vocabularySize: 30,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  keyValueHeads: 2,
  initializerRange: 0.3,
  eosTokens: [2],
  maxPositions: 64,
});

beforeAll(async () => {
  await startEngine();
});

const tokens = (longest: number) => fc.array(fc.integer({ min: 0, max: 29 }), { minLength: 1, maxLength: longest });
const example = (responses: number) =>
  fc.record({ prompt: tokens(9), responses: fc.array(tokens(7), { minLength: 1, maxLength: responses }) });

/** Log-probabilities of response k of example b. */
function of({ sizes: { K, T }, tokenLogps, lengths }: CandidateScores, b: number, k: number): number[] {
  return Array.from(tokenLogps.subarray((b * K + k) * T, (b * K + k) * T + lengths[b * K + k]));
}

function expectClose(found: readonly number[], wanted: readonly number[]) {
  expect(found.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) expect(Math.abs(found[i] - value)).toBeLessThan(2e-5);
}

test("neither padding, nor company, nor order, nor sharing a prompt changes a log-probability", async () => {
  const { policy, parameters } = createLanguagePolicy(config, createRandom(1));
  await fc.assert(
    fc.asyncProperty(fc.array(example(5), { minLength: 1, maxLength: 3 }), async (examples) => {
      const together = await scoreCandidates(policy, parameters, examples);
      const padded = await scoreCandidates(policy, parameters, [...examples].reverse(), {
        promptLength: 32,
        responseLength: 32,
      });
      for (const [b, { prompt, responses }] of examples.entries()) {
        for (const [k, response] of responses.entries()) {
          const alone = await scoreCandidates(policy, parameters, [{ prompt, responses: [response] }], {
            multiple: 16,
          });
          expectClose(of(together, b, k), of(alone, 0, 0));
          expectClose(of(padded, examples.length - 1 - b, k), of(alone, 0, 0));
        }
      }
    }),
    { numRuns: 6, seed: 1 },
  );
  release(parameters);
});

test("the probabilities of all continuations sum to 1", async () => {
  const { policy, parameters } = createLanguagePolicy(config, createRandom(2));
  const responses = Array.from({ length: 30 }, (_, token) => [token]);
  const { sequenceLogps, entropies } = await scoreCandidates(policy, parameters, [{ prompt: [4, 5], responses }]);
  const probabilities = Array.from(sequenceLogps, Math.exp);
  expect(probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
  expect(entropies[0]).toBeCloseTo(-probabilities.reduce((sum, p) => sum + p * Math.log(p), 0), 4);
  release(parameters);
});

test("the log-probabilities of a sample are those of scoring it", async () => {
  const { policy, parameters } = createLanguagePolicy(config, createRandom(3));
  const prompts = [[1, 5, 7], Array.from({ length: 20 }, (_, i) => i), [9]];
  for (const options of [{}, { temperature: 0.7, topK: 5 }, { topP: 0.8 }, { temperature: 0 }]) {
    const sampled = await sample(policy, parameters, prompts, { maxTokens: 12, count: 2, seed: 4, ...options });
    const scores = await scoreCandidates(
      policy,
      parameters,
      prompts.map((prompt, i) => ({ prompt, responses: sampled[i].map((response) => response.tokens) })),
    );
    for (const [b, responses] of sampled.entries()) {
      for (const [k, { logps }] of responses.entries()) expectClose(of(scores, b, k), logps);
    }
  }
  release(parameters);
});

test("a sample follows from its seed alone, and ends at the end mark or the limit", async () => {
  const { policy, parameters } = createLanguagePolicy(config, createRandom(5));
  const options = { maxTokens: 15, count: 3, seed: 8 };
  const [alone] = await sample(policy, parameters, [[3, 4, 5]], options);
  const [together] = await sample(policy, parameters, [[3, 4, 5], [6]], options);
  expect(together.map((response) => response.tokens)).toEqual(alone.map((response) => response.tokens));
  const [other] = await sample(policy, parameters, [[3, 4, 5]], { ...options, seed: 9 });
  expect(other.map((response) => response.tokens)).not.toEqual(alone.map((response) => response.tokens));
  for (const { tokens: drawn, finished } of alone) {
    expect(drawn.indexOf(2)).toBe(finished ? drawn.length - 1 : -1);
    if (!finished) expect(drawn.length).toBe(15);
  }
  release(parameters);
});

test("batches accumulated are one batch: the same loss and the same step, however they are split and padded", async () => {
  const random = createRandom(6);
  const examples: Candidates[] = Array.from({ length: 6 }, () => ({
    prompt: Array.from({ length: 1 + random.integer(6) }, () => random.integer(30)),
    responses: [Array.from({ length: 1 + random.integer(9) }, () => random.integer(30))],
  }));
  const { policy, parameters } = createLanguagePolicy(config, createRandom(7));
  const step = createTrainStep({
    loss: (own, frozen, batch) => supervisedLoss(policy, own, frozen, batch),
    transform: sgd({ learningRate: 0.5 }),
  });
  const arrays = (part: readonly Candidates[], multiple: number) =>
    candidateArrays(batchCandidates(config, part, { multiple }));
  const copy = Object.fromEntries(Object.entries(parameters).map(([name, array]) => [name, array.ref]));
  const whole = await step.update(step.start(copy), {}, arrays(examples, 4));
  const split = await step.update(
    step.start(parameters),
    {},
    arrays(examples.slice(4), 16),
    arrays(examples.slice(0, 3), 8),
    arrays(examples.slice(3, 4), 1),
  );
  expect(split.loss).toBeCloseTo(whole.loss, 6);
  expect(split.gradientNorm).toBeCloseTo(whole.gradientNorm, 4);
  for (const [name, array] of Object.entries(split.state.parameters)) {
    const wanted = await whole.state.parameters[name].data();
    const found = await array.data();
    for (let i = 0; i < wanted.length; i++) expect(Math.abs(found[i] - wanted[i])).toBeLessThan(1e-5);
  }
});

test("a batch whose rows are filled up for speed makes the step of its parts", async () => {
  const random = createRandom(9);
  const draw = (length: number) => Array.from({ length }, () => random.integer(30));
  const examples = Array.from({ length: 14 }, () => ({
    prompt: draw(1 + random.integer(9)),
    responses: [draw(1 + random.integer(9)), draw(4)],
  }));
  const { policy, parameters } = createLanguagePolicy(config, createRandom(10));
  const step = createTrainStep({
    loss: (own, frozen, batch) => supervisedLoss(policy, own, frozen, batch),
    transform: sgd({ learningRate: 0.5 }),
  });
  const arrays = (part: readonly Candidates[]) => candidateArrays(batchCandidates(config, part, { multiple: 10 }));
  const [all, ...parts] = [examples, examples.slice(0, 7), examples.slice(7)].map(arrays);
  expect(all.tokens.shape[0] % 4).toBe(2);
  const copy = Object.fromEntries(Object.entries(parameters).map(([name, array]) => [name, array.ref]));
  const whole = await step.update(step.start(copy), {}, all);
  const split = await step.update(step.start(parameters), {}, ...parts);
  expect(split.loss).toBeCloseTo(whole.loss, 5);
  for (const [name, array] of Object.entries(split.state.parameters)) {
    const wanted = await whole.state.parameters[name].data();
    const found = await array.data();
    for (let i = 0; i < wanted.length; i++) expect(Math.abs(found[i] - wanted[i])).toBeLessThan(1e-5);
  }
});

test("a batch that cannot be is refused with the example's number", () => {
  const good = { prompt: [1], responses: [[2]] };
  const refused = (bad: Candidates, message: RegExp) =>
    expect(() => batchCandidates(config, [good, bad])).toThrowError(
      expect.objectContaining({ code: "invalid-input", where: "example 1", message: expect.stringMatching(message) }),
    );
  refused({ prompt: [], responses: [[2]] }, /prompt has no tokens/);
  refused({ prompt: [1], responses: [] }, /no response/);
  refused({ prompt: [1], responses: [[2], []] }, /response 1 has no tokens/);
  refused({ prompt: [1], responses: [[30]] }, /token 30/);
  refused({ prompt: Array(60).fill(1), responses: [[1, 2, 3, 4, 5]] }, /65 tokens/);
});
