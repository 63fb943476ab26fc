import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createRandom } from "luce";
import type { LogEntry } from "luce/align";
import { startEngine, toHost } from "luce/engines";
import { loadAdapters, loadLanguagePolicy, loadRewardModel } from "luce/policies/files";
import { drawCandidates, drawInstructions, faithfulAnnotator, rankResponses } from "luce/testbeds";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { command } from "./train.ts";

const folder = mkdtempSync(path.join(tmpdir(), "luce-train-loop-"));
const at = (...names: string[]) => path.join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  await startEngine();
  const random = createRandom(2);
  const lists = drawInstructions(80, random).map((instruction) => ({
    instruction,
    responses: drawCandidates(instruction, 2, random),
  }));
  const judgments = rankResponses(lists, [faithfulAnnotator], random);
  writeFileSync(at("judgments.jsonl"), judgments.map((judgment) => `${JSON.stringify(judgment)}\n`).join(""));
  await train("--method", "bradley-terry-reward", "--out", at("reward"));
}, 60_000);

const settings = ["--steps", "4", "--evaluate-every", "2", "--checkpoint-every", "2", "--batch-size", "4"];
const sizes = ["--prompt-tokens", "10", "--response-tokens", "8", "--evaluation-samples", "3"];

async function train(...args: string[]): Promise<void> {
  const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  try {
    await command.parseAsync(["--data", at("judgments.jsonl"), ...settings, ...sizes, ...args], { from: "user" });
  } finally {
    printed.mockRestore();
  }
}

function readLog(run: string): LogEntry[] {
  const lines = readFileSync(at(run, "metrics.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

test("a reward model comes from pairs, and its folder holds its head", async () => {
  const log = readLog("reward");
  const losses = log.filter(({ kind }) => kind === "step").map(({ metrics }) => metrics.loss);
  expect(losses[0]).toBeCloseTo(Math.LN2, 6);
  expect(losses[3]).not.toBe(losses[0]);
  expect(log[0]).toMatchObject({ step: 0, kind: "evaluation", metrics: { accuracy: 0.5, rewardMargin: 0 } });
  const head = (await toHost((await loadRewardModel(at("reward"))).parameters))["score.weight"];
  expect(head.data.some((weight) => weight !== 0)).toBe(true);
});

test.each([
  ["groups, with adapters in PEFT's layout", "grpo", ["--lora-rank", "2", "--lora-alpha", "8", "--accumulate", "2"]],
  ["single responses with a value head", "ppo", []],
  ["pairs of the policy's own", "dpo", ["--online"]],
])(
  "a reward model in the loop: %s",
  async (_, method, args) => {
    await train("--method", method, "--reward", at("reward"), "--out", at(method), ...args);
    const log = readLog(method);
    const names = ["loss", "gradientNorm", "reward", "sequenceKl", "responseLength", "entropy"];
    for (const { metrics } of log.filter(({ kind }) => kind === "step"))
      expect(Object.keys(metrics)).toEqual(expect.arrayContaining(names));
    const evaluated = [
      "accuracy",
      "logpMargin",
      "perplexity",
      "reward",
      "sequenceKl",
      "responseLength",
      "sampleEntropy",
    ];
    for (const { metrics } of log.filter(({ kind }) => kind === "evaluation"))
      expect(Object.keys(metrics)).toEqual(expect.arrayContaining(evaluated));
    expect(log[0].metrics.sequenceKl).toBe(0);
    expect(log[1].metrics.sequenceKl).toBe(0);
    const { policy, parameters } = await loadLanguagePolicy(at(method));
    expect(Object.keys(parameters)).not.toContain("value.weight");
    const report = JSON.parse(readFileSync(at(method, "report.json"), "utf8"));
    expect(JSON.stringify(report.findings)).toContain(
      "The mean reward of its own responses to held-out prompts went from",
    );
    expect(report.plots.map(({ title }: { title: string }) => title)).toEqual(expect.arrayContaining(evaluated));
    if (!args.includes("--lora-rank")) return;
    const adapters = await loadAdapters(at(method, "adapters"), policy);
    expect(adapters.policy.adapters).toEqual({ rank: 2, alpha: 8, targets: ["q_proj", "v_proj"] });
  },
  60_000,
);

test("the world itself can be the reward, and a run that was stopped goes on as one that was not", async () => {
  const args = ["--method", "grpo", "--reward", "world", "--every", "3", "--responses", "3"];
  await train(...args, "--out", at("whole"));
  const stop = setInterval(() => {
    if (readStarted("stopped") < 3) return;
    clearInterval(stop);
    process.emit("SIGINT", "SIGINT");
  }, 1);
  await train(...args, "--out", at("stopped")).catch((error) => expect(error.code).toBe("interrupted"));
  clearInterval(stop);
  await train(...args, "--out", at("stopped"), "--resume");
  expect(readLog("stopped")).toEqual(readLog("whole"));
  const weights = (run: string) => readFileSync(at(run, "model.safetensors"));
  expect(weights("stopped").equals(weights("whole"))).toBe(true);
}, 60_000);

/** Lines of a run's log so far. */
function readStarted(run: string): number {
  const file = at(run, "metrics.jsonl");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").length - 1 : 0;
}

test("a student is distilled from a teacher, and is told from it by its own responses", async () => {
  await train("--method", "distillation", "--teacher", at("dpo"), "--from", "student", "--out", at("student"));
  const steps = readLog("student").filter(({ kind }) => kind === "step");
  expect(steps.every(({ metrics }) => Number.isFinite(metrics.reverseKl))).toBe(true);
  expect(existsSync(at("student", "model.safetensors"))).toBe(true);
}, 60_000);

test("preference training reports the loss and the margin on what is held out", async () => {
  await train("--method", "dpo", "--out", at("offline"));
  const evaluations = readLog("offline").filter(({ kind }) => kind === "evaluation");
  expect(evaluations[0].metrics.loss).toBeCloseTo(Math.LN2, 5);
  for (const { metrics } of evaluations)
    expect(Object.keys(metrics)).toEqual(expect.arrayContaining(["loss", "rewardMargin", "rewardAccuracy"]));
}, 60_000);

test("a model that is no reward model, or is damaged, is not taken for one", async () => {
  const args = ["--method", "grpo", "--out", at("refused")];
  await expect(train(...args, "--reward", at("dpo"))).rejects.toMatchObject({
    code: "invalid-input",
    message: 'this is no reward model: it has no "score.weight"',
  });
  cpSync(at("reward"), at("damaged"), { recursive: true });
  writeFileSync(at("damaged", "model.safetensors"), "not a model");
  await expect(train(...args, "--out", at("refused-2"), "--reward", at("damaged"))).rejects.toMatchObject({
    code: "invalid-input",
    message: expect.stringContaining("safetensors"),
  });
  await expect(train(...args, "--out", at("refused-3"), "--reward", "world", "--model", at("reward"))).rejects.toThrow(
    "this is a reward model",
  );
});

test("a model with another tokenizer is no reference, and a tokenizer too large for its reward model is refused", async () => {
  const tokens = ["tokenizer.json", "tokenizer_config.json"];
  const fixture = path.join(import.meta.dirname, "../../../luce/src/policies/language/fixtures/tiny-llama");
  const args = ["--method", "distillation", "--teacher", fixture, "--out", at("mismatch")];
  await expect(train(...args)).rejects.toMatchObject({ code: "shape-mismatch", where: fixture });
  cpSync(at("reward"), at("small"), { recursive: true });
  for (const name of tokens) cpSync(path.join(fixture, name), at("small", name));
  const file = JSON.parse(readFileSync(at("small", "tokenizer.json"), "utf8"));
  const extra = Array.from({ length: 300 }, (_, n) => [`extra${n}`, 1000 + n]);
  file.model.vocab = { ...file.model.vocab, ...Object.fromEntries(extra) };
  writeFileSync(at("small", "tokenizer.json"), JSON.stringify(file));
  const scored = ["--method", "grpo", "--out", at("mismatch-2"), "--reward", at("small")];
  await expect(train(...scored)).rejects.toMatchObject({ code: "shape-mismatch", where: at("small") });
});

test("a checkpoint of another shape is refused and stays as it was", async () => {
  const checkpoint = JSON.parse(readFileSync(at("offline", "checkpoints.json"), "utf8")).last;
  const before = readFileSync(at("offline", checkpoint, "checkpoint.safetensors"));
  const args = ["--method", "dpo", "--out", at("offline"), "--resume", "--lora-rank", "2"];
  await expect(train(...args)).rejects.toMatchObject({ code: "shape-mismatch" });
  expect(readFileSync(at("offline", checkpoint, "checkpoint.safetensors")).equals(before)).toBe(true);
});

test("a run whose numbers run away ends with the step's number, and leaves no model behind", async () => {
  const args = ["--method", "grpo", "--reward", "world", "--learning-rate", "1e30", "--out", at("runaway")];
  await expect(train(...args)).rejects.toMatchObject({ code: "not-finite" });
  expect(existsSync(at("runaway", "model.safetensors"))).toBe(false);
}, 60_000);
