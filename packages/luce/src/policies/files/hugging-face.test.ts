import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTrainStep, type hold, release, sgd, startEngine, toDevice, toHost } from "../../engines/index.ts";
import { createRandom } from "../../random.ts";
import {
  addAdapters,
  batchCandidates,
  candidateArrays,
  type LanguagePolicy,
  languageShapes,
  mergeAdapters,
  scoreCandidates,
  supervisedLoss,
} from "../language/index.ts";
import {
  holdsRewardModel,
  loadAdapters,
  loadLanguagePolicy,
  loadRewardModel,
  saveAdapters,
  saveLanguagePolicy,
  saveRewardModel,
} from "./index.ts";

// A random model saved by transformers 5.23 and adapters saved by PEFT 0.21, with what PyTorch 2.15 computes of them.
const fixture = path.join(import.meta.dirname, "../language/fixtures/tiny-llama");
type Expected = {
  tokens: number[][];
  tokenLogps: number[][];
  entropies: number[][];
  loss: number;
  gradientNorm: number;
  keyGradient: number[];
  adaptedTokenLogps: number[][];
  text: string;
  textTokens: number[];
};
const expected = JSON.parse(await readFile(path.join(fixture, "expected.json"), "utf8")) as Expected;
let folder: string;

beforeAll(async () => {
  await startEngine();
  folder = await mkdtemp(path.join(tmpdir(), "luce-"));
});
afterAll(() => rm(folder, { recursive: true }));

const examples = expected.tokens.map(([first, ...rest]) => ({ prompt: [first], responses: [rest] }));

function expectClose(found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number) {
  expect(found.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) expect(Math.abs(found[i] - wanted[i])).toBeLessThan(tolerance);
}

async function logpsOf(policy: LanguagePolicy, parameters: Parameters<typeof hold>[0], frozen = {}) {
  const scores = await scoreCandidates(policy, parameters, examples, { multiple: 19, frozen });
  return scores;
}

test("log-probabilities and entropies are those of transformers' LlamaForCausalLM", async () => {
  const { policy, parameters } = await loadLanguagePolicy(fixture);
  const scores = await logpsOf(policy, parameters);
  expectClose(scores.tokenLogps, expected.tokenLogps.flat(), 1e-4);
  // The entropy of the distribution of token t is the one at token t - 1.
  expectClose(
    scores.entropies,
    expected.entropies.flatMap((row) => row.slice(0, -1)),
    1e-4,
  );
  release(parameters);
});

test("the supervised loss and its gradient are PyTorch's", async () => {
  const { policy, parameters } = await loadLanguagePolicy(fixture);
  const before = await toHost(parameters);
  const step = createTrainStep({
    loss: (own, frozen, batch) => supervisedLoss(policy, own, frozen, batch),
    transform: sgd({ learningRate: 1 }),
  });
  const batch = batchCandidates(policy.config, examples);
  const result = await step.update(step.start(parameters), {}, candidateArrays(batch));
  expect(result.loss).toBeCloseTo(expected.loss, 5);
  expect(result.gradientNorm / expected.gradientNorm).toBeCloseTo(1, 4);
  const after = await toHost(result.state.parameters);
  const name = "model.layers.0.self_attn.k_proj.weight";
  const gradient = expected.keyGradient.map((_, i) => before[name].data[i] - after[name].data[i]);
  expectClose(gradient, expected.keyGradient, 1e-4);
  release(result.state.parameters);
});

test("adapters of PEFT give PEFT's log-probabilities, and the same when merged", async () => {
  const base = await loadLanguagePolicy(fixture);
  const adapted = await loadAdapters(fixture, base.policy);
  const scores = await logpsOf(adapted.policy, adapted.parameters, base.parameters);
  expectClose(scores.tokenLogps, expected.adaptedTokenLogps.flat(), 1e-4);
  const merged = mergeAdapters(adapted.policy, adapted.parameters, base.parameters);
  expectClose((await logpsOf(merged.policy, merged.parameters)).tokenLogps, expected.adaptedTokenLogps.flat(), 1e-4);
  release(merged.parameters);
});

test("fresh adapters change nothing until they learn, and only they learn", async () => {
  const base = await loadLanguagePolicy(fixture);
  const { policy, parameters } = addAdapters(base.policy, { rank: 2, targets: ["q_proj", "up_proj"] }, createRandom(3));
  expectClose((await logpsOf(policy, parameters, base.parameters)).tokenLogps, expected.tokenLogps.flat(), 1e-4);
  const step = createTrainStep({
    loss: (own, frozen, batch) => supervisedLoss(policy, own, frozen, batch),
    transform: sgd({ learningRate: 0.1 }),
  });
  const batch = batchCandidates(policy.config, examples);
  let state = step.start(parameters);
  const losses: number[] = [];
  for (let i = 0; i < 5; i++) {
    const result = await step.update(state, base.parameters, candidateArrays(batch));
    losses.push(result.loss);
    state = result.state;
  }
  expect(losses[4]).toBeLessThan(losses[0]);
  await saveAdapters(path.join(folder, "adapters"), policy, state.parameters);
  const loaded = await loadAdapters(path.join(folder, "adapters"), base.policy);
  expect(await toHost(loaded.parameters)).toEqual(await toHost(state.parameters));
  expect(loaded.policy.adapters).toEqual(policy.adapters);
});

test("a saved policy is read back to the last bit", async () => {
  const { policy, parameters } = await loadLanguagePolicy(fixture);
  const saved = path.join(folder, "saved");
  await saveLanguagePolicy(saved, policy, parameters);
  const again = await loadLanguagePolicy(saved);
  expect(again.policy).toEqual(policy);
  expect(await toHost(again.parameters)).toEqual(await toHost(parameters));
});

test("the tokenizer is the folder's own", async () => {
  const { tokenizer } = await loadLanguagePolicy(fixture);
  expect(tokenizer.encode(expected.text)).toEqual(expected.textTokens);
  expect(tokenizer.decode(expected.textTokens)).toBe(expected.text);
});

test("a damaged folder is refused with its reason", async () => {
  const broken = path.join(folder, "broken");
  const { policy, parameters } = await loadLanguagePolicy(fixture);
  await saveLanguagePolicy(broken, policy, parameters);
  const weights = path.join(broken, "model.safetensors");
  const bytes = await readFile(weights);
  await writeFile(weights, bytes.subarray(0, -10));
  await expect(loadLanguagePolicy(broken)).rejects.toMatchObject({ code: "invalid-input", where: weights });

  const config = JSON.parse(await readFile(path.join(fixture, "config.json"), "utf8"));
  await writeFile(weights, bytes);
  await writeFile(path.join(broken, "config.json"), JSON.stringify({ ...config, intermediate_size: 32 }));
  await expect(loadLanguagePolicy(broken)).rejects.toMatchObject({ code: "shape-mismatch" });
  await writeFile(path.join(broken, "config.json"), JSON.stringify({ ...config, model_type: "gpt2" }));
  await expect(loadLanguagePolicy(broken)).rejects.toMatchObject({ code: "unsupported" });
  for (const load of [loadLanguagePolicy, loadRewardModel, holdsRewardModel]) {
    await expect(load(path.join(folder, "absent"))).rejects.toThrow("there is no such folder");
    await expect(load(weights)).rejects.toThrow("is a file, not the folder of a model");
    await expect(load(folder)).rejects.toThrow(/^holds no model: there is no (config.json|model.safetensors) in it$/);
  }
  await rm(weights);
  await mkdir(weights);
  await expect(holdsRewardModel(broken)).rejects.toMatchObject({ where: weights, message: "is a folder, not a file" });
});

test("weights that are not finite never become a file", async () => {
  const { policy, parameters } = await loadLanguagePolicy(fixture);
  const good = path.join(folder, "good");
  await saveLanguagePolicy(good, policy, parameters);
  const before = await readFile(path.join(good, "model.safetensors"));
  const bad = { ...parameters, "model.norm.weight": parameters["model.norm.weight"].mul(Number.NaN) };
  await expect(saveLanguagePolicy(good, policy, bad)).rejects.toMatchObject({ code: "not-finite" });
  expect((await readFile(path.join(good, "model.safetensors"))).equals(before)).toBe(true);
  expect(Object.keys(languageShapes(policy.config))).toContain("model.norm.weight");
});

test("a reward model comes back as it was saved, and is neither taken for a policy nor a policy for it", async () => {
  const { policy, parameters } = await loadLanguagePolicy(fixture);
  const head = Float32Array.from({ length: policy.config.hiddenSize }, (_, n) => Math.sin(n));
  const out = path.join(folder, "reward");
  const shape = [1, policy.config.hiddenSize];
  await saveRewardModel(out, policy, { ...parameters, ...toDevice({ "score.weight": { data: head, shape } }) });
  const saved = JSON.parse(await readFile(path.join(out, "config.json"), "utf8"));
  expect(saved).toMatchObject({ architectures: ["LlamaForSequenceClassification"], num_labels: 1 });
  expect([await holdsRewardModel(out), await holdsRewardModel(fixture)]).toEqual([true, false]);
  const loaded = await loadRewardModel(out);
  const host = await toHost(loaded.parameters);
  expect(host["score.weight"]).toEqual({ data: head, shape });
  expect(host["model.norm.weight"]).toEqual((await toHost(parameters))["model.norm.weight"]);
  expect(host["lm_head.weight"]).toBeUndefined();
  await expect(loadLanguagePolicy(out)).rejects.toMatchObject({
    code: "unsupported",
    message: "this is a reward model: it scores responses and writes none",
  });
  await expect(loadRewardModel(fixture)).rejects.toMatchObject({
    code: "invalid-input",
    message: 'this is no reward model: it has no "score.weight"',
  });
});
