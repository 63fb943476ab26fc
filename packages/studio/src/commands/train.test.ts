import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "luce";
import { drawCandidates, drawInstructions, faithfulAnnotator, rankResponses } from "luce/testbeds";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const folder = mkdtempSync(path.join(tmpdir(), "luce-train-"));
const at = (name: string) => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = ["--steps", "12", "--evaluate-every", "4", "--checkpoint-every", "3", "--batch-size", "4"];
const sizes = ["--prompt-tokens", "16", "--response-tokens", "16"];

function luce(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=luce-source", main, ...args], {
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

beforeAll(() => {
  const random = createRandom(1);
  const lists = drawInstructions(60, random).map((instruction) => ({
    instruction,
    responses: drawCandidates(instruction, 2, random),
  }));
  const judgments = rankResponses(lists, [faithfulAnnotator], random);
  writeFileSync(at("judgments.jsonl"), judgments.map((judgment) => `${JSON.stringify(judgment)}\n`).join(""));
});

const train = (...args: string[]) => ["train", "--data", at("judgments.jsonl"), ...settings, ...sizes, ...args];

describe("luce train", () => {
  test("trains, and a run that was killed and resumed has the same log and the same model", async () => {
    const whole = luce(...train("--method", "dpo", "--out", at("whole"), "--json"));
    expect(whole.stderr.replace(/\(node.*\n?/g, "")).not.toContain("luce:");
    expect(whole.status).toBe(0);
    expect(JSON.parse(whole.stdout).tables[0].rows).toHaveLength(4);
    await killAfter(7, at("killed"), train("--method", "dpo", "--out", at("killed")));
    const resumed = luce("train", "--resume", "--out", at("killed"));
    expect(resumed.status).toBe(0);
    expect(readFileSync(path.join(at("killed"), "metrics.jsonl"), "utf8")).toBe(
      readFileSync(path.join(at("whole"), "metrics.jsonl"), "utf8"),
    );
    const weights = (name: string) => readFileSync(path.join(at(name), "model.safetensors"));
    expect(weights("killed").equals(weights("whole"))).toBe(true);
  }, 120_000);

  test("the trained model is sampled from and evaluated, beside another one", () => {
    const sampled = luce("sample", at("whole"), "--prompt", "copy abc:", "--count", "2", "--max-tokens", "8", "--json");
    expect(JSON.parse(sampled.stdout).samples).toHaveLength(2);
    const evaluated = luce(
      "eval",
      at("whole"),
      "--data",
      at("judgments.jsonl"),
      "--all",
      "--against",
      "tiny",
      ...sizes,
      "--json",
    );
    const [own, tiny] = JSON.parse(evaluated.stdout).tables[0].rows;
    expect(own.pairs).toBe(60);
    expect(own.accuracy).toBeGreaterThanOrEqual(own.lower);
    expect(tiny.model).toBe("tiny");
  }, 60_000);

  test.each([
    [["--method", "dppo"], 'there is no method "dppo" to train with; did you mean "dpo"?'],
    [["--method", "dpo", "--params", "betta=1"], 'dpo has no parameter "betta"; did you mean "beta"?'],
    [["--method", "elo"], "elo is a rating: it trains nothing"],
    [["--method", "grpo"], "grpo learns from the policy's own responses, and nothing scores them"],
    [["--method", "grpo", "--reward", "world", "--responses", "1"], "a list of one response holds no preference"],
    [["--method", "dpo", "--online", "--reward", "nowhere"], "there is no such folder"],
    [["--method", "dpo", "--iterative"], "there are no rounds to iterate over a file"],
    [["--method", "sft", "--online"], "sft learns from no preferences"],
    [["--method", "bradley-terry-reward", "--online", "--reward", "world"], "trains a model that writes no responses"],
    [["--method", "distillation"], "distillation learns from a teacher"],
    [["--method", "distillation", "--teacher", "nowhere"], "there is no such folder"],
    [["--method", "dpo", "--lora-rank", "0"], "loraRank: "],
    [["--method", "dpo", "--lora-alpha", "4"], "loraAlpha scales adapters, of which there are none"],
    [["--method", "dpo", "--steps", "0"], "steps: "],
    [["--method", "dpo", "--model", "nowhere"], "there is no such folder"],
  ])("%j is refused in one line", (args, message) => {
    const { status, stderr } = luce(...train("--out", at(`refused-${args.join("-").replaceAll(/\W/g, "")}`), ...args));
    expect(status).toBe(1);
    expect(stderr).toContain(message);
    expect(
      stderr
        .trim()
        .split("\n")
        .filter((line) => line.startsWith("luce:")),
    ).toHaveLength(1);
  });

  test("a folder that holds a run is not written over", () => {
    const { status, stderr } = luce(...train("--method", "dpo", "--out", at("whole")));
    expect(status).toBe(1);
    expect(stderr).toContain("this folder holds a run already");
  });

  test("a damaged model is named", () => {
    writeFileSync(path.join(at("killed"), "model.safetensors"), "not a model");
    const { status, stderr } = luce("sample", at("killed"), "--prompt", "a");
    expect(status).toBe(1);
    expect(stderr).toContain("not a whole safetensors file");
  });
});

/** Runs Luce until its log has so many lines, then kills it as hard as a power cut. */
function killAfter(lines: number, run: string, args: string[]): Promise<void> {
  const child = spawn(process.execPath, ["--conditions=luce-source", main, ...args], { stdio: "ignore" });
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const log = readLog(path.join(run, "metrics.jsonl"));
      if (log.split("\n").length > lines) child.kill("SIGKILL");
    }, 5);
    child.on("exit", () => {
      clearInterval(timer);
      resolve();
    });
  });
}

function readLog(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
