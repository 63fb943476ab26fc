import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";

const folder = mkdtempSync(path.join(tmpdir(), "luce-votes-"));
const scratch = path.join(folder, "scratch");
const votes = path.join(folder, "votes.csv.gz");
beforeAll(() => {
  mkdirSync(scratch);
  const lines = Array.from({ length: 400_000 }, (_, n) => `s${n % 50},t${n % 49},${n % 3 ? "model_a" : "tie"},${n}`);
  writeFileSync(votes, gzipSync(`model_a,model_b,winner,tstamp\n${lines.join("\n")}\n`, { level: 1 }));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a command on the gzipped votes and interrupts it once it has made a temporary file. */
async function interrupt(...args: string[]): Promise<number | null> {
  const main = path.join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, ["--conditions=luce-source", main, ...args], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: scratch },
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  while (readdirSync(scratch).length === 0 && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  child.kill("SIGINT");
  return ended;
}

test.each([
  ["inspect", votes],
  ["rank", votes, "--method", "trueskill"],
  ["convert", votes, "--to", "parquet", "--out", path.join(folder, "out.parquet")],
])("Ctrl-C during %s leaves no temporary file and no output", async (...args) => {
  expect(await interrupt(...args)).toBe(130);
  expect(readdirSync(scratch)).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(["scratch", "votes.csv.gz"]);
});
