import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(path.join(tmpdir(), "luce-recipe-"));
afterAll(() => rmSync(folder, { recursive: true }));
const kept = path.join(folder, "out", "ranking-metrics.runs.jsonl");

function node(...args: string[]) {
  return spawnSync(process.execPath, ["--conditions=luce-source", ...args], { cwd: folder, encoding: "utf8" });
}

function runRecipe() {
  const main = path.join(import.meta.dirname, "../main.ts");
  const { stdout, stderr, status } = node(
    main,
    "recipe",
    "run",
    "ranking-metrics",
    "--seeds",
    "2",
    "--out",
    "out",
    "--json",
  );
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  const { provenance: _, ...report } = JSON.parse(stdout);
  return report;
}

/** Runs the recipe until it has kept `count` runs, as a process that is killed then. */
function stopAfter(count: number) {
  const script = `
    import { loadRecipe, openKeptRuns } from ${JSON.stringify(path.join(import.meta.dirname, "../recipe-folder.ts"))};
    const runs = await openKeptRuns("out", "ranking-metrics");
    let left = ${count};
    const keep = async (...run) => {
      await runs.keep(...run);
      if (--left === 0) process.kill(process.pid, "SIGKILL");
    };
    await (await loadRecipe("ranking-metrics")).run({ seeds: 2, finished: { ...runs, keep } });`;
  const file = path.join(folder, "stop.ts");
  writeFileSync(file, script);
  expect(node(file).signal).toBe("SIGKILL");
}

const whole = runRecipe();

const keptRuns = () => readFileSync(kept, "utf8").trimEnd().split("\n");

test("a recipe that is stopped goes on with the runs that are left, and leaves none behind at its end", () => {
  stopAfter(2);
  expect(keptRuns()).toHaveLength(2);
  appendFileSync(kept, '{"key":"cut');
  const { findings, ...rest } = runRecipe();
  expect({ ...rest, findings: findings.slice(0, -1) }).toEqual(whole);
  expect(findings.at(-1).text).toBe("2 of its runs are from before it was stopped, and were not repeated.");
  expect(existsSync(kept)).toBe(false);
}, 60_000);

test("the runs of a recipe that has changed since are run again", () => {
  stopAfter(1);
  const [line] = keptRuns();
  const { key, value } = JSON.parse(line);
  const measures = Object.fromEntries(Object.keys(value.measures).map((name) => [name, 1e6]));
  const other = { key: key.replace(/^\w+/, "another"), value: { ...value, measures } };
  writeFileSync(kept, `${JSON.stringify(other)}\n`);
  expect(runRecipe()).toEqual(whole);
}, 60_000);

test("a recipe that is not there is named with the nearest, and a folder that cannot be made is said", () => {
  const main = path.join(import.meta.dirname, "../main.ts");
  expect(node(main, "recipe", "run", "dpoo").stderr).toContain('there is no recipe "dpoo"; did you mean "dpo"?');
  writeFileSync(path.join(folder, "a-file"), "");
  const { stderr, status } = node(main, "recipe", "run", "ranking-metrics", "--out", "a-file/out");
  expect(stderr).toContain("no folder can be made here");
  expect(status).not.toBe(0);
});
