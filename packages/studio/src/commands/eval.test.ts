import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "luce-eval-"));
const [data, trained] = ["judgments.jsonl", "trained"].map((name) => path.join(folder, name));
const sizes = ["--prompt-tokens", "16", "--response-tokens", "16"];

function luce(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=luce-source", main, ...args], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

type Cells = Record<string, number>;

function evaluate(against: string): { models: Cells[]; comparison: Cells[] } {
  const report = luce("eval", trained, "--data", data, "--all", "--against", against, ...sizes, "--json");
  const [models, comparison] = JSON.parse(report).tables;
  return { models: models.rows, comparison: comparison.rows };
}

beforeAll(() => {
  const lines = Array.from({ length: 40 }, (_, n) => ({ prompt: `${n}:`, chosen: `yes ${n}`, rejected: `no ${n}` }));
  writeFileSync(data, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  luce("train", "--method", "dpo", "--data", data, "--out", trained, "--steps", "20", "--batch-size", "4", ...sizes);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a model is compared with another pair by pair, and its implicit reward finds what it was taught", () => {
  const { models, comparison } = evaluate("tiny");
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
  expect(evaluate(trained).comparison).toMatchObject([values, values, chance]);
}, 60_000);
