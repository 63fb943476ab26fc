import { beforeAll, expect, test } from "vitest";
import { createTrainStep, hold, release, sgd, startEngine, toHost } from "../engines/index.ts";
import { numpy as np } from "../jax.ts";
import { treePo } from "../objectives/listwise/tree-po.ts";
import {
  batchCandidates,
  byteTokenizer,
  candidateArrays,
  createLanguagePolicy,
  languageConfig,
  supervisedLoss,
} from "../policies/language/index.ts";
import { createRandom } from "../random.ts";
import { compileLanguagePrograms, encodePrompt } from "./language-programs.ts";
import { createLanguageTrainee } from "./language-trainee.ts";
import type { TokenEvidence } from "./policy.ts";
import { preferenceTraining } from "./preference-training.ts";

const config = languageConfig({ vocabularySize: 259, hiddenSize: 16, layers: 2, heads: 2, eosTokens: [257] });
const sequences = [
  { prompt: "one", response: "a" },
  { prompt: "one", response: "bcd" },
  { prompt: "another", response: "ef" },
];

beforeAll(async () => {
  await startEngine();
});

/** Minus the log-probability of all tokens. */
const surprise = async ({ logps }: TokenEvidence) => ({ logps: logps.map((logp) => (logp === 0 ? 0 : -1)) });

test("a step along the gradient of the evidence is the step of the loss itself", async () => {
  const { policy, parameters } = createLanguagePolicy(config, createRandom(1));
  const whole = createTrainStep({
    loss: (own, frozen, batch) => ({ ...supervisedLoss(policy, own, frozen, batch), count: np.array(1) }),
    transform: sgd({ learningRate: 0.1 }),
  });
  const tokens = (text: string) => encodePrompt(policy, byteTokenizer, text);
  const batch = batchCandidates(
    config,
    sequences.map(({ prompt, response }) => ({ prompt: tokens(prompt), responses: [[...tokens(response), 257]] })),
  );
  const expected = await whole.update(whole.start(hold(parameters)), {}, candidateArrays(batch));

  const programs = compileLanguagePrograms({ policy, tokenizer: byteTokenizer }, sgd({ learningRate: 0.1 }));
  const found = await programs.learn(programs.start(parameters), {}, sequences, surprise);

  expect(found.gradientNorm).toBeCloseTo(expected.gradientNorm, 4);
  const wanted = await toHost(expected.state.parameters);
  for (const [name, { data }] of Object.entries(await toHost(found.state.parameters))) {
    for (let i = 0; i < data.length; i++) expect(Math.abs(data[i] - wanted[name].data[i])).toBeLessThan(1e-5);
  }
});

test("a gradient that cannot be made leaves the state as it was", async () => {
  const { policy, parameters } = createLanguagePolicy(config, createRandom(2));
  const programs = compileLanguagePrograms({ policy, tokenizer: byteTokenizer }, sgd({ learningRate: 0.1 }));
  const state = programs.start(parameters);
  const refuse = () => Promise.reject(new Error("no gradient"));
  await expect(programs.learn(state, {}, sequences, refuse)).rejects.toThrow("no gradient");
  const { state: next } = await programs.learn(state, {}, sequences, surprise);
  expect(next.step).toBe(1);
  release(next.parameters);
});

test.each([2, 3])(
  "a step read in %i parts is the step of the whole, and its objective sees the whole",
  async (accumulate) => {
    const step = async (options: { accumulate?: number }) => {
      const { policy, parameters } = createLanguagePolicy(config, createRandom(3));
      const programs = compileLanguagePrograms(
        { policy, tokenizer: byteTokenizer },
        sgd({ learningRate: 0.1 }),
        ["logps"],
        options,
      );
      let seen: number[] = [];
      const { state } = await programs.learn(programs.start(parameters), {}, longer, async (said) => {
        seen = longer.map((_, n) =>
          said.logps.subarray(n * said.tokens, (n + 1) * said.tokens).reduce((a, b) => a + b),
        );
        return surprise(said);
      });
      return { seen, parameters: await toHost(state.parameters) };
    };
    const whole = await step({});
    const parts = await step({ accumulate });
    for (const [n, logp] of whole.seen.entries()) expect(parts.seen[n]).toBeCloseTo(logp, 4);
    for (const [name, { data }] of Object.entries(parts.parameters)) {
      for (let i = 0; i < data.length; i++)
        expect(Math.abs(data[i] - whole.parameters[name].data[i])).toBeLessThan(2e-5);
    }
  },
);

/** Prompts in turn, and one response longer than a multiple of the padding. */
const longer = [...sequences, { prompt: "one", response: "g" }, { prompt: "third", response: "h".repeat(20) }];

test("an objective whose evidence is of no response is refused by the name of what is missing", async () => {
  const { policy, parameters } = createLanguagePolicy(config, createRandom(3));
  const programs = compileLanguagePrograms({ policy, tokenizer: byteTokenizer }, sgd({ learningRate: 0.1 }));
  const trainee = createLanguageTrainee({ programs, parameters, maxTokens: 4 });
  const list = { id: "0", prompt: "one", responses: ["a", "b"], ranks: [1, 2], scores: [1, 0] };
  const lists = [{ ...list, desirable: [true, false], share: null, annotator: null, rationale: null }];
  const job = preferenceTraining({
    policy: trainee,
    objective: treePo,
    params: {},
    source: { kind: "offline", lists },
    batchSize: 1,
    seed: 1,
  });
  await expect(job.step(0)).rejects.toMatchObject({
    code: "unsupported",
    message: expect.stringContaining('tree-po reads "policyStepLogps"'),
  });
  trainee.dispose();
});
