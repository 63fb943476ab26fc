import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { decodeSafetensors, encodeSafetensors, readTensors, storeFloat32 } from "luce/engines";
import { afterAll, beforeAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "luce-eval-"));
const [data, trained, reward, opposite] = ["judgments.jsonl", "trained", "reward", "opposite"].map((name) =>
  path.join(folder, name),
);
const sizes = ["--prompt-tokens", "16", "--response-tokens", "16"];

function run(...args: string[]) {
  return spawnSync(process.execPath, ["--conditions=luce-source", main, ...args], { encoding: "utf8" });
}

function luce(...args: string[]): string {
  const { status, stdout, stderr } = run(...args);
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** The reward model that gives every response the reward of the other sign. */
function writeOpposite(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  const weights = path.join(to, "model.safetensors");
  const { tensors, metadata } = decodeSafetensors(readFileSync(weights), weights);
  const { data, shape } = readTensors(tensors, weights)["score.weight"];
  const turned = storeFloat32(
    data.map((weight) => -weight),
    shape,
  );
  writeFileSync(weights, encodeSafetensors({ tensors: { ...tensors, "score.weight": turned }, metadata }));
}

type Cells = Record<string, number>;

function evaluate(model: string, against: string, ...more: string[]): { models: Cells[]; comparison: Cells[] } {
  const report = luce("eval", model, "--data", data, "--all", "--against", against, ...sizes, "--json", ...more);
  const [models, comparison] = JSON.parse(report).tables;
  return { models: models.rows, comparison: comparison.rows };
}

beforeAll(() => {
  const lines = Array.from({ length: 40 }, (_, n) => ({ prompt: `${n}:`, chosen: `yes ${n}`, rejected: `no ${n}` }));
  writeFileSync(data, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const train = (method: string, out: string, steps: string) =>
    luce("train", "--method", method, "--data", data, "--out", out, "--steps", steps, "--batch-size", "4", ...sizes);
  train("dpo", trained, "20");
  train("bradley-terry-reward", reward, "12");
  writeOpposite(reward, opposite);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a model is compared with another pair by pair, and its implicit reward finds what it was taught", () => {
  const { models, comparison } = evaluate(trained, "tiny");
  const [gain, whole, reward] = comparison;
  expect(gain.value).toBeCloseTo(models[0].accuracy - models[1].accuracy, 12);
  expect(whole.value).toBeCloseTo(models[0].whole - models[1].whole, 12);
  for (const { value, lower, upper } of comparison) {
    expect(lower).toBeLessThanOrEqual(value);
    expect(upper).toBeGreaterThanOrEqual(value);
  }
  expect(reward.lower).toBeGreaterThan(0.5);
}, 60_000);

test("a model that is compared with itself has gained nothing and has learned nothing", () => {
  const values = { lower: 0, value: 0, upper: 0 };
  const chance = { lower: 0.5, value: 0.5, upper: 0.5 };
  expect(evaluate(trained, trained).comparison).toMatchObject([values, values, chance]);
}, 60_000);

test("a reward model is evaluated by the same command, and compared with its opposite pair by pair", () => {
  const page = path.join(folder, "reward.html");
  const { models, comparison } = evaluate(reward, opposite, "--html", page);
  const [own, other] = models;
  expect(own).toMatchObject({ model: reward, pairs: 40 });
  expect(own.lower).toBeGreaterThan(0.5);
  expect(own.marginLower).toBeGreaterThan(0);
  expect(own.marginLower).toBeLessThan(own.margin);
  expect(own.marginUpper).toBeGreaterThan(own.margin);
  expect(other.accuracy).toBeCloseTo(1 - own.accuracy, 12);
  expect(other.margin).toBeCloseTo(-own.margin, 6);
  expect(comparison).toHaveLength(1);
  expect(comparison[0].value).toBeCloseTo(2 * own.accuracy - 1, 12);
  expect(readFileSync(page, "utf8")).toContain("gives the preferred response the higher reward");
}, 60_000);

test("a reward model's accuracy is the one that its training found on the pairs it holds out", () => {
  const [{ rows }] = JSON.parse(luce("eval", reward, "--data", data, ...sizes, "--json")).tables;
  const log = readFileSync(path.join(reward, "metrics.jsonl"), "utf8").trim().split("\n");
  const { accuracy, rewardMargin } = JSON.parse(log.at(-1)!).metrics;
  expect(rows[0].accuracy).toBeCloseTo(accuracy, 12);
  expect(rows[0].margin).toBeCloseTo(rewardMargin, 4);
}, 60_000);

test("a policy is not compared with a reward model", () => {
  const { status, stderr } = run("eval", trained, "--data", data, "--against", reward, ...sizes);
  expect(status).toBe(1);
  expect(stderr).toBe(
    `luce: ${reward}: is a reward model, ${trained} a language policy: the two cannot be compared; give --against the folder of a language policy\n`,
  );
}, 60_000);

test.each([
  [["--prompt-tokens", "0"], "give a whole number from 1 up"],
  [["--response-tokens", "many"], "give a whole number from 1 up"],
  [["--against", "nowhere"], "nowhere: there is no such folder"],
])(
  "what is no setting or no model is refused in one line: %s",
  (args, said) => {
    const { status, stderr } = run("eval", "tiny", "--data", data, ...args);
    expect(status).toBeGreaterThan(0);
    expect(stderr).toMatch(/^luce: .*\n$/);
    expect(stderr).toContain(said);
  },
  60_000,
);

test("models whose tokenizers leave out different judgments are not compared", () => {
  const other = path.join(folder, "other-tokens");
  cpSync(reward, other, { recursive: true });
  const fixture = path.join(import.meta.dirname, "../../../luce/src/policies/language/fixtures/tiny-llama");
  cpSync(path.join(fixture, "tokenizer.json"), path.join(other, "tokenizer.json"));
  const { stderr } = run("eval", reward, "--data", data, "--all", "--against", other, "--response-tokens", "6");
  expect(stderr).toBe(
    `luce: ${other}: ${reward} reads 10 pairs and ${other} 40: their tokenizers find other responses too long; raise --response-tokens\n`,
  );
}, 60_000);
