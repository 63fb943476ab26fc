import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Judgment } from "luce/data";
import { openVotes, writableFormats } from "luce/data/files";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

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

describe("convert --split", () => {
  const systems = ["m", "n", "o"];
  const rows = Array.from({ length: 240 }, (_, n) => ({
    id: `j${n}`,
    prompt: { id: `q${n % 40}`, content: `What is ${n % 40}?` },
    items: systems.map((system) => ({ system, content: `${system} says ${n}` })).slice(0, 1 + (n % 2)),
    verdict: n % 2 ? { kind: "ranking", ranks: [1, 2] } : { kind: "labels", labels: ["desirable"] },
  }));
  const source = () => join(folder, "all.jsonl");
  const lines = async (file: string) => (await readFile(file, "utf8")).trim().split("\n");
  const judgmentsIn = async (file: string) => {
    const votes = await openVotes(file);
    const found: Judgment[] = [];
    for await (const judgment of votes.judgments()) found.push(judgment);
    await votes.close();
    return found;
  };
  const split = async (name: string, ...args: string[]) => {
    const [out, apart] = [join(folder, `${name}-training`), join(folder, `${name}-test`)];
    const status = await runCommandLine([
      ...["convert", source(), "--to", "luce", "--out", out, "--split-out", apart],
      ...(args.includes("--split") ? args : ["--split", "0.25", ...args]),
    ]);
    return { status, out, apart };
  };
  beforeAll(() => writeFile(source(), rows.map((row) => `${JSON.stringify(row)}\n`).join("")));

  it.each(writableFormats.map(({ id }) => id))("as %s puts every judgment in one of the files", async (format) => {
    const whole = join(folder, `whole-${format}`);
    const { out, apart, status } = await split(format, "--to", format);
    expect(status).toBe(0);
    expect(await runCommandLine(["convert", source(), "--to", format, "--out", whole])).toBe(0);
    const read = format === "parquet" ? judgmentsIn : lines;
    const both = [...(await read(out)), ...(await read(apart)).slice(format === "arena-csv" ? 1 : 0)];
    const key = (value: unknown) => JSON.stringify(value);
    expect(both.map(key).sort()).toEqual((await read(whole)).map(key).sort());
  });

  it("keeps the judgments of one prompt together, by the seed alone, and says how many went where", async () => {
    const { out, apart } = await split("first", "--json");
    const { split: said, ...main } = JSON.parse(printed);
    const [training, test] = [await judgmentsIn(out), await judgmentsIn(apart)];
    expect(main).toMatchObject({ format: "luce", out, judgments: training.length });
    expect(said).toMatchObject({ out: apart, share: 0.25, seed: 1, judgments: test.length });
    const prompts = new Set(test.map(({ prompt }) => prompt?.id));
    expect(training.some(({ prompt }) => prompts.has(prompt?.id))).toBe(false);
    expect(test).toHaveLength(6 * prompts.size);
    const again = await split("again", "--seed", "1");
    expect(await readFile(again.apart, "utf8")).toBe(await readFile(apart, "utf8"));
    const other = await split("other", "--seed", "2");
    expect(await readFile(other.apart, "utf8")).not.toBe(await readFile(apart, "utf8"));
    printed = "";
    await split("said");
    expect(printed).toBe(
      `wrote ${training.length} judgments (${((100 * training.length) / 240).toFixed(1)}%) as luce to ${join(folder, "said-training")}\n` +
        `wrote ${test.length} judgments (${((100 * test.length) / 240).toFixed(1)}%) as luce to ${join(folder, "said-test")}\n`,
    );
  });

  it.each(["0", "1", "-0.1", "1.5", "half", "NaN"])("refuses %s as a share", async (share) => {
    expect((await split("refused", "--split", share)).status).toBe(2);
    expect(complained).toMatch(/^luce: option '--split <share>' argument .* a share is between 0 and 1.*\n$/);
  });

  it.each<[string, (at: (name: string) => string) => string[], RegExp]>([
    [
      "one file for both parts",
      (at) => ["--out", at("x"), "--split-out", at("./x"), "--split", "0.2"],
      /x: is both --out and --split-out; /,
    ],
    [
      "the input as output",
      (at) => ["--out", at("all.jsonl"), "--split-out", at("x"), "--split", "0.2"],
      /is both the file that is read and --out; /,
    ],
    [
      "the input as the other output",
      (at) => ["--out", at("x"), "--split-out", at("all.jsonl"), "--split", "0.2"],
      /is both the file that is read and --split-out; /,
    ],
    ["a split to nowhere", (at) => ["--out", at("x"), "--split", "0.2"], /nothing says where; give --split-out too/],
    [
      "a second file without a share",
      (at) => ["--out", at("x"), "--split-out", at("y")],
      /set apart; give --split too/,
    ],
    ["a seed for nothing", (at) => ["--out", at("x"), "--seed", "3"], /set apart; give --split too/],
    [
      "a folder that is not there",
      (at) => ["--out", at("x"), "--split-out", at("none/y"), "--split", "0.2"],
      /none\/y: there is no folder .*none to write to/,
    ],
    [
      "a folder that is not there, first",
      (at) => ["--out", at("none/x"), "--split-out", at("y"), "--split", "0.2"],
      /none\/x: there is no folder .*none to write to/,
    ],
    [
      "so small a share that one side is empty",
      (at) => ["--out", at("x"), "--split-out", at("y"), "--split", "1e-9"],
      /leaves nothing to write to .*y; it has few prompts/,
    ],
  ])("refuses %s, and writes neither file", async (_, args, said) => {
    const before = await readdir(folder);
    expect(await runCommandLine(["convert", source(), "--to", "luce", ...args((name) => `${folder}/${name}`)])).toBe(1);
    expect(complained).toMatch(said);
    expect(complained.trim().split("\n")).toHaveLength(1);
    expect(await readdir(folder)).toEqual(before);
    expect(await lines(source())).toHaveLength(240);
  });
});

it.each<[string, (at: (name: string) => string) => string[], RegExp]>([
  ["no name", () => ["", "--to", "luce", "--out", "x"], /"": there is no such file/],
  [
    "no name to write to",
    (at) => [at("bad.csv"), "--to", "luce", "--out", ""],
    /the name of the file to write is empty/,
  ],
  [
    "a header alone",
    (at) => [at("header.csv"), "--to", "luce", "--out", at("x")],
    /holds no judgment that can be read; .luce inspect. says/,
  ],
  [
    "a row that is cut off",
    (at) => [at("half.json"), "--to", "luce", "--out", at("x")],
    /half.json:1: holds no row that can be read; the first is not JSON/,
  ],
  [
    "itself as output",
    (at) => [at("bad.csv"), "--to", "luce", "--out", at("bad.csv")],
    /is both the file that is read and --out/,
  ],
  [
    "itself as rejects",
    (at) => [at("bad.csv"), "--to", "luce", "--out", at("x"), "--rejects", at("bad.csv")],
    /is both the file that is read and --rejects/,
  ],
  [
    "a folder for rejects",
    (at) => [at("bad.csv"), "--to", "luce", "--out", at("x"), "--rejects", at(".")],
    /: is a folder; name a file for rejected rows/,
  ],
])("convert refuses %s in one line, and nothing is written", async (_, args, said) => {
  const at = (name: string) => join(folder, name);
  await writeFile(at("bad.csv"), votes);
  await writeFile(at("header.csv"), "model_a,model_b,winner\n");
  await writeFile(at("half.json"), '{"items"');
  const before = await readdir(folder);
  expect(await runCommandLine(["convert", ...args(at)])).toBe(1);
  expect(complained).toMatch(said);
  expect(complained.trim().split("\n")).toHaveLength(1);
  expect(await readdir(folder)).toEqual(before);
  expect(await readFile(at("bad.csv"), "utf8")).toBe(votes);
});

it("inspect shows the rejected rows of a table of which none can be read", async () => {
  const source = join(folder, "short.csv");
  await writeFile(source, "model_a,model_b,winner\np,q\n");
  expect(await runCommandLine(["inspect", source, "--json", "--rejects", join(folder, "short.jsonl")])).toBe(0);
  expect(JSON.parse(printed)).toMatchObject({ judgments: 0, rejected: { count: 1, first: [{ line: 2 }] } });
});

it("inspect never puts rejected rows over the file that it reads", async () => {
  const source = join(folder, "kept.csv");
  await writeFile(source, votes);
  expect(await runCommandLine(["inspect", source, "--rejects", join(folder, ".", "kept.csv")])).toBe(1);
  expect(complained).toMatch(/kept.csv: is the file that is read: its rejected rows would take its place/);
  expect(await readFile(source, "utf8")).toBe(votes);
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
