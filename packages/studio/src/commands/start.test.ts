import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(path.join(tmpdir(), "luce-start-"));
afterAll(() => rmSync(folder, { recursive: true }));

function start(...args: string[]) {
  return spawnSync(
    process.execPath,
    ["--conditions=luce-source", path.join(import.meta.dirname, "../main.ts"), "start", ...args],
    { cwd: folder, encoding: "utf8" },
  );
}

test("the arena is written, read back, rated and compared with its truth", () => {
  const { stdout, status, stderr } = start("--votes", "2000", "--systems", "8", "--out", "arena", "--json");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const { schema, judgments, ratings, truth, agreement } = JSON.parse(stdout);
  expect(schema).toBe("luce.ranking/1");
  expect(judgments).toBe(2000);
  expect(ratings).toHaveLength(8);
  expect(truth.map(({ system }: { system: string }) => system)).toEqual(
    ratings.map(({ system }: { system: string }) => system),
  );
  expect(agreement.insideInterval).toBeGreaterThanOrEqual(6);
  expect(agreement.spearman).toBeGreaterThan(0.8);
  expect(readdirSync(path.join(folder, "arena")).sort()).toEqual(["report.html", "votes.jsonl"]);
  expect(readFileSync(path.join(folder, "arena", "report.html"), "utf8")).toContain("A simulated arena");
  expect(
    readFileSync(path.join(folder, "arena", "votes.jsonl"), "utf8")
      .trimEnd()
      .split("\n"),
  ).toHaveLength(2000);
});

test("the same seed gives the same votes and the same leaderboard", () => {
  const leaderboard = (out: string) => {
    const text = start("--votes", "500", "--seed", "3", "--out", out).stdout;
    return text.slice(text.indexOf("Leaderboard"), text.indexOf("luce 0."));
  };
  expect(leaderboard("one")).toBe(leaderboard("two"));
  expect(readFileSync(path.join(folder, "one", "votes.jsonl"))).toEqual(
    readFileSync(path.join(folder, "two", "votes.jsonl")),
  );
});

test("options out of range are refused before anything is written", () => {
  const { status, stderr } = start("--systems", "1", "--out", "nothing");
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/systems.*whole number from 2 up/);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(existsSync(path.join(folder, "nothing"))).toBe(false);
});
