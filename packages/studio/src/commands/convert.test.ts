import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";

/** A process runs one command; each run here gets modules of its own. */
async function runCommandLine(args: string[]): Promise<number> {
  vi.resetModules();
  return (await import("../command-line.ts")).runCommandLine(args);
}

let folder: string;
let printed = "";
let complained = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "luce-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  printed = "";
  complained = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    complained += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

const votes = "model_a,model_b,winner\np,q,model_a\np,,model_b\np,q,tie\n";

it("convert writes the good rows and says which were left out", async () => {
  const [source, out, rejects] = ["votes.csv", "votes.jsonl", "rejects.jsonl"].map((name) => join(folder, name));
  await writeFile(source, votes);
  expect(await runCommandLine(["convert", source, "--to", "luce", "--out", out, "--rejects", rejects])).toBe(0);
  expect(printed).toMatch(/wrote 2 judgments as luce.*\nrejected 1 rows; they are in .*rejects.jsonl/);
  expect((await readFile(out, "utf8")).trim().split("\n")).toHaveLength(2);
  expect(JSON.parse(await readFile(rejects, "utf8"))).toMatchObject({ line: 3, field: "model_b" });
});

it("convert leaves nothing behind when no judgment can be carried", async () => {
  const source = join(folder, "bare.csv");
  await writeFile(source, votes);
  const out = join(folder, "none.jsonl");
  expect(await runCommandLine(["convert", source, "--to", "trl-preference", "--out", out])).toBe(1);
  expect(complained).toMatch(/no judgment can be written as trl-preference: .*; --to luce keeps everything\n$/);
  expect((await readdir(folder)).filter((name) => name.includes("none.jsonl"))).toEqual([]);
});

it("inspect counts, finds separate groups, and names the rejected rows", async () => {
  const source = join(folder, "groups.csv");
  await writeFile(source, `${votes}x,y,model_a\n`);
  expect(await runCommandLine(["inspect", source, "--json"])).toBe(0);
  expect(JSON.parse(printed)).toMatchObject({
    schema: "luce-inspection/1",
    format: "comparisons",
    judgments: 3,
    systems: 4,
    comparisons: { count: 3, left: 2, tie: 1, right: 0 },
    connectedness: { components: 2, strongComponents: 3 },
    rejected: { count: 1, first: [{ line: 3, field: "model_b", reason: "names no system" }] },
  });
});
