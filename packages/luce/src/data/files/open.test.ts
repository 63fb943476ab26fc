import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LuceError } from "../../errors.ts";
import { rankingsFromJudgments } from "../collect.ts";
import type { Comparisons } from "../comparisons.ts";
import type { Judgment } from "../judgment.ts";
import { openVotes } from "./open.ts";
import type { CountOptions, OpenOptions, VoteFile } from "./vote-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "luce-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function save(name: string, contents: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, contents);
  return path;
}

async function opened<T>(path: string, use: (file: VoteFile) => Promise<T>, options: OpenOptions = {}): Promise<T> {
  const file = await openVotes(path, options);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

const count = (path: string, request?: CountOptions, options?: OpenOptions) =>
  opened(path, (file) => file.countComparisons(request), options);

const judgmentsOf = (path: string, options?: OpenOptions) =>
  opened(
    path,
    async (file) => {
      const judgments: Judgment[] = [];
      for await (const judgment of file.judgments()) judgments.push(judgment);
      return { judgments, rejected: file.rejected() };
    },
    options,
  );

/** "left right outcome" to how many, whatever the order of the rows. */
function tally({ systems, left, right, outcome, count }: Comparisons): Record<string, number> {
  const sums: Record<string, number> = {};
  left.forEach((system, row) => {
    const key = `${systems[system]} ${systems[right[row]]} ${outcome[row]}`;
    sums[key] = (sums[key] ?? 0) + count[row];
  });
  return sums;
}

async function errorOf(work: Promise<unknown>): Promise<LuceError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(LuceError);
  return error as LuceError;
}

describe("a table of comparisons", () => {
  it("is counted whatever its column names and winner words are", async () => {
    const expected = { "p q 1": 2, "q p 0.5": 1, "p q 0": 1 };
    const tables: [name: string, text: string][] = [
      ["arena.csv", "model_a,model_b,winner\np,q,model_a\np,q,model_a\nq,p,tie (bothbad)\np,q,model_b\n"],
      ["sides.csv", "left,right,winner\np,q,left\np,q,LEFT\nq,p,tie\np,q,right\n"],
      ["xy.tsv", "item_x\titem_y\tpreferred\np\tq\titem_x\np\tq\tx\nq\tp\tdraw\np\tq\titem_y\n"],
      ["numbers.csv", "model_1,model_2,result\np,q,1\np,q,1.0\nq,p,0.5\np,q,0\n"],
      ["signed.csv", "player_a,player_b,outcome\np,q,1\np,q,1\nq,p,0\np,q,-1\n"],
      ["soft.csv", "generator_1,generator_2,preference\np,q,1\np,q,1.0\nq,p,1.5\np,q,2\n"],
      ["letters.csv", "model_a;model_b;label\np;q;A\np;q;a\nq;p;C\np;q;B\n"],
      ["named.csv", "model_a,model_b,winner\np,q,p\np,q,p\nq,p,both bad\np,q,q\n"],
      [
        "flags.csv",
        "model_a,model_b,winner_model_a,winner_model_b,winner_tie\np,q,1,0,0\np,q,1,0,0\nq,p,0,0,1\np,q,0,1,0\n",
      ],
      [
        "objects.jsonl",
        ["model_a", "model_a", "tie", "model_b"]
          .map((winner) =>
            JSON.stringify(
              winner === "tie" ? { model_a: "q", model_b: "p", winner } : { model_a: "p", model_b: "q", winner },
            ),
          )
          .join("\n"),
      ],
      ["crlf.csv", '\ufeff"model_a","model_b","winner"\r\np,q,model_a\r\np,q,model_a\r\nq,p,tie\r\np,q,model_b\r\n'],
    ];
    for (const [name, text] of tables) {
      const path = await save(name, text);
      expect([name, tally(await count(path))]).toEqual([name, expected]);
      expect([name, tally(await count(path, { ordered: true }))]).toEqual([name, expected]);
      const zipped = await save(`${name}.gz`, gzipSync(text));
      expect([name, tally(await count(zipped))]).toEqual([name, expected]);
    }
  });

  it("reads a winner and a loser column", async () => {
    const path = await save("winner-loser.csv", "winner,loser\np,q\nq,p\np,q\n");
    expect(tally(await count(path))).toEqual({ "p q 1": 2, "q p 1": 1 });
  });

  it("takes names from left and right where model_x and model_y are numbers", async () => {
    const path = await save(
      "llmfao.csv",
      "id,prompt,model_x,model_y,worker,winner,left,right\n0,8,97,98,58,tie,Airoboros,Weaver\n0,8,97,98,83,left,Airoboros,Weaver\n",
    );
    await opened(path, async (file) => {
      expect((await file.countComparisons()).systems).toEqual(["Airoboros", "Weaver"]);
      expect(file.columns).toMatchObject({ annotator: "worker", prompt: "prompt" });
      // The id is of the pair: two workers judged it, and both count.
      expect((await file.countComparisons()).count).toEqual(Float64Array.of(1, 1));
    });
  });

  it("keeps a soft label exactly", async () => {
    const path = await save("soft.csv", "generator_1,generator_2,preference\np,q,1.4586309383\n");
    const { outcome } = await count(path);
    expect(outcome[0]).toBe(2 - 1.4586309383);
    const { judgments } = await judgmentsOf(path);
    expect(judgments[0].verdict).toEqual({ kind: "ranking", ranks: [1, 2], share: 2 - 1.4586309383 });
  });

  it("reads what --columns names, and says when there is no such column", async () => {
    const path = await save("odd.csv", "first,second,who,rater\np,q,1,ann\np,q,2,bob\np,q,0,ann\n");
    const columns = { left: "first", right: "second", winner: "who", annotator: "rater" };
    const words = { leftWins: "1", rightWins: "2", tie: "0" };
    const votes = await count(path, { cluster: "annotator" }, { columns: { ...columns, ...words } });
    expect(tally(votes)).toEqual({ "p q 1": 1, "p q 0": 1, "p q 0.5": 1 });
    expect(new Set(votes.cluster).size).toBe(2);
    const ambiguous = await errorOf(count(path, {}, { columns }));
    expect(ambiguous.line).toMatch(/odd.csv: column "who" holds numbers from 0 to 2.*--columns leftWins/);
    const missing = await errorOf(openVotes(path, { columns: { ...columns, winner: "whom" } }));
    expect(missing.line).toMatch(/no column "whom" for winner; did you mean "who"/);
  });

  it("gives covariates from pairs of columns, single columns and texts", async () => {
    const path = await save(
      "style.csv",
      'model_a,model_b,winner,output_1_chars,output_2_chars,task,response_a,response_b\np,q,model_a,10,20,1,"# H\n- x\n- y","**b**"\n',
    );
    const { covariates } = await count(path, { covariates: ["length", "task"] });
    expect(covariates).toEqual({
      names: ["length", "task"],
      left: Float64Array.of(10, 1),
      right: Float64Array.of(20, 0),
    });
    const measured = await count(path, { covariates: ["headers", "lists", "bold"] });
    expect([...measured.covariates!.left, ...measured.covariates!.right]).toEqual([1, 2, 0, 0, 0, 1]);
    expect((await errorOf(count(path, { covariates: ["mood"] }))).line).toMatch(/no columns hold "mood"/);
  });

  it("filters, and lists the values of a field", async () => {
    const path = await save("groups.csv", "model_a,model_b,winner,language\np,q,a,en\np,q,b,de\np,r,a,en\n");
    await opened(path, async (file) => {
      expect(await file.groups("language")).toEqual(["de", "en"]);
      const where = { field: "language", value: "en" };
      const expected = { "p q 1": 1, "p r 1": 1 };
      expect(tally(await file.countComparisons({ where }))).toEqual(expected);
      expect(tally(await file.countComparisons({ where, ordered: true }))).toEqual(expected);
      await expect(file.groups("lingo")).rejects.toThrow(/no field/);
    });
  });

  it("keeps the order of time where there is one", async () => {
    const path = await save("timed.csv", "model_a,model_b,winner,tstamp\np,q,a,300\nq,r,a,100\nr,p,a,200\n");
    const { systems, left } = await count(path, { ordered: true });
    expect([...left].map((system) => systems[system])).toEqual(["q", "r", "p"]);
    const table = await opened(path, (file) => file.readVoteTable());
    expect([...table.time]).toEqual([300_000, 100_000, 200_000]);
  });

  it("is read the same by the database and row by row", async () => {
    const name = fc.constantFrom("a", "b,c", 'quo"te', "line\nend", "é", "", " x");
    const row = fc.tuple(name, name, fc.constantFrom("left", "right", "tie", "odd", ""));
    const quote = (field: string) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), async (rows) => {
        const path = await save(
          "fuzz.csv",
          `left,right,winner\n${rows.map((fields) => fields.map(quote).join(",")).join("\n")}\n`,
        );
        const good = rows.filter(
          ([left, right, winner]) => left && right && left !== right && ["left", "right", "tie"].includes(winner),
        );
        if (good.length === 0) return;
        await opened(path, async (file) => {
          const fast = tally(await file.countComparisons());
          const rejectedFast = file.rejected();
          const slow = tally(await file.countComparisons({ ordered: true }));
          expect(fast).toEqual(slow);
          expect(rejectedFast.count).toBe(file.rejected().count);
          expect(Object.values(fast).reduce((sum, n) => sum + n, 0)).toBe(good.length);
        });
      }),
      { numRuns: 25, seed: 7 },
    );
  });
});

describe("lines of rankings", () => {
  const header = "# FILE NAME: x.toi\n# ALTERNATIVE NAME 1: b\n# ALTERNATIVE NAME 2: a\n# ALTERNATIVE NAME 3: c\n";

  it("are read into columns as they would be from judgments", async () => {
    const order = fc.shuffledSubarray([1, 2, 3], { minLength: 2 });
    const line = fc.tuple(fc.integer({ min: 1, max: 4 }), order, fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), async (votes) => {
        const text = votes.map(([n, [first, ...rest], tied]) => `${n}: ${first},${tied ? `{${rest}}` : rest}`);
        const path = await save("lines.toi", `${header}${text.join("\n")}\n`);
        const direct = await opened(path, (file) => file.readRankings());
        const ordered = await opened(path, (file) => file.readRankings({ ordered: true }));
        const { judgments } = await judgmentsOf(path);
        expect(direct).toEqual(rankingsFromJudgments(judgments));
        expect(ordered).toEqual(rankingsFromJudgments(judgments, { ordered: true }));
      }),
      { numRuns: 15, seed: 3 },
    );
  });

  it("that cannot be read are reported and kept", async () => {
    const path = await save("bad.soi", `${header}2: 1,2\n1: 1,4\n1: 2,2\nnothing\n0: 1,2\n1: {1,2\n1: 3,{1,2}\n`);
    const { votes, rejected } = await opened(path, async (file) => ({
      votes: await file.readRankings(),
      rejected: file.rejected(),
    }));
    expect([...votes.count]).toEqual([2, 1]);
    expect([...votes.ranks]).toEqual([1, 2, 1, 2, 2]);
    expect(rejected.first).toEqual([
      { line: 6, field: "order", reason: "there is no alternative 4" },
      { line: 7, field: "order", reason: "alternative 2 comes twice" },
      { line: 8, field: "order", reason: "is not `count: first, second, …`" },
      { line: 9, field: "count", reason: "0 is not a number of voters" },
      { line: 10, field: "order", reason: "a brace that opens never closes" },
    ]);
  });
});

describe("an id", () => {
  const rows = Array.from({ length: 40 }, (_, n) => `q${n % 4},s${n % 7},t${n},model_a`);
  const table = `id,model_a,model_b,winner\n${rows.join("\n")}\n`;

  it("that repeats with other content throughout is taken for the prompt's, and this is said", async () => {
    await opened(await save("prompts.csv", table), async (file) => {
      expect(file.columns).toMatchObject({ prompt: "id" });
      expect(file.columns.id).toBeUndefined();
      expect(file.notes).toHaveLength(1);
      expect((await file.countComparisons({ cluster: "prompt" })).cluster).toHaveLength(40);
      expect(file.rejected().count).toBe(0);
    });
  });

  it("is taken at its word where the user names its column, and left aside where the user names none", async () => {
    const path = await save("named-ids.csv", table);
    expect((await count(path, {}, { columns: { id: "id" } })).left).toHaveLength(4);
    expect((await count(path, {}, { columns: { id: "" } })).left).toHaveLength(40);
  });
});

describe("a bad row", () => {
  it("is reported with its line, field and reason, kept, and does not stop the others", async () => {
    const rejects = join(folder, "kept.jsonl");
    const path = await save(
      "bad.csv",
      'model_a,model_b,winner\np,q,model_a\np,,model_b\np,q,perhaps\n"p\nx",q,\nonly,two\np,q,tie\n',
    );
    for (const ordered of [false, true]) {
      const { votes, rejected } = await opened(
        path,
        async (file) => ({ votes: await file.countComparisons({ ordered }), rejected: file.rejected() }),
        { rejects },
      );
      expect(tally(votes)).toEqual({ "p q 1": 1, "p q 0.5": 1 });
      expect(rejected.first).toEqual([
        { line: 3, field: "model_b", reason: "names no system" },
        { line: 4, field: "winner", reason: '"perhaps" is neither side nor a tie' },
        { line: 5, field: "winner", reason: "says nothing" },
        { line: 7, field: "line", reason: "has 2 fields, the header 3" },
      ]);
      const kept = (await readFile(rejects, "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(kept[1]).toEqual({
        line: 4,
        field: "winner",
        reason: '"perhaps" is neither side nor a tie',
        raw: "p,q,perhaps",
      });
    }
  });

  it("is one that is not UTF-8, is too long, or opens a quote for ever", async () => {
    const bytes = Buffer.concat([
      Buffer.from("model_a,model_b,winner\np,q,model_a\n"),
      Buffer.from([0x70, 0xff, 0xfe, 0x2c, 0x71, 0x2c, 0x61, 10]),
      Buffer.from(`${"z".repeat(17 * 2 ** 20)},q,model_a\n`),
      Buffer.from('"p,q,model_a\np,q,model_b\n'),
    ]);
    const path = await save("bytes.csv", bytes);
    await opened(path, async (file) => {
      expect(tally(await file.countComparisons())).toEqual({ "p q 1": 1, "p q 0": 1 });
      const { first } = file.rejected();
      expect(first.map(({ line }) => line)).toEqual([3, 4, 5]);
      expect(first.map(({ reason }) => reason).join("|")).toMatch(/UTF-8.*16 MiB.*never closes/);
    });
  });

  it("is found by its number in Parquet", async () => {
    const path = join(folder, "bad.parquet");
    const { openDatabase } = await import("./database.ts");
    const database = await openDatabase([path]);
    await database.connection.run(
      `COPY (SELECT 'p' AS model_a, CASE i WHEN 4 THEN NULL WHEN 5 THEN 'p' ELSE 'q' END AS model_b, CASE i WHEN 2 THEN 'perhaps' ELSE 'model_a' END AS winner FROM range(6) t(i)) TO '${path}'`,
    );
    database.close();
    await opened(path, async (file) => {
      expect(tally(await file.countComparisons())).toEqual({ "p q 1": 3 });
      expect(file.rejected()).toMatchObject({
        count: 2,
        selfComparisons: 1,
        first: [
          { line: 3, field: "winner" },
          { line: 5, field: "model_b" },
        ],
      });
    });
  });

  it("is a line too long for the database, also where nothing else is wrong", async () => {
    const path = await save("long.csv", `model_a,model_b,winner\np,q,a\n${"z".repeat(17 * 2 ** 20)},q,a\np,q,b\n`);
    for (const file of [path, await save("long.csv.gz", gzipSync(await readFile(path)))]) {
      await opened(file, async (votes) => {
        expect(tally(await votes.countComparisons())).toEqual({ "p q 1": 1, "p q 0": 1 });
        expect(votes.rejected().first).toMatchObject([{ line: 3, field: "line" }]);
      });
    }
  });

  it("is a broken line of JSONL", async () => {
    const row = (winner: string) => JSON.stringify({ model_a: "p", model_b: "q", winner });
    const path = await save("broken.jsonl", `${row("model_a")}\n{"model_a": "p", \n[1]\n${row("model_b")}\n`);
    await opened(path, async (file) => {
      expect(tally(await file.countComparisons())).toEqual({ "p q 1": 1, "p q 0": 1 });
      expect(file.rejected().first.map(({ line }) => line)).toEqual([2, 3]);
    });
  });

  it("is an id that came before with other content; with the same content it counts once", async () => {
    const path = await save(
      "ids.csv",
      "id,model_a,model_b,winner\n1,p,q,model_a\n1,p,q,model_a\n1,p,q,model_b\n2,p,q,tie\n",
    );
    await opened(path, async (file) => {
      expect(tally(await file.countComparisons())).toEqual({ "p q 1": 1, "p q 0.5": 1 });
      expect(file.rejected()).toMatchObject({ count: 1, duplicates: 1 });
      expect(file.rejected().first[0]).toMatchObject({ line: 4, field: "id" });
    });
  });

  it("leaves nothing to rate when there are only such", async () => {
    const path = await save("all-bad.csv", "model_a,model_b,winner\np,q,perhaps\n");
    expect((await errorOf(count(path))).line).toMatch(
      /all-bad.csv: nothing in this.*1 rows were rejected, the first at line 2/,
    );
  });
});

describe("a file that holds no judgments", () => {
  it.each([
    ["picture.csv", Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), /picture.csv: is a PNG image, not judgments/],
    ["archive.csv", Buffer.from("PK\x03\x04rest", "latin1"), /zip archive/],
    ["base.csv", Buffer.from("SQLite format 3\0", "latin1"), /SQLite/],
    ["wide.csv", Buffer.from("\ufeffa,b", "utf16le"), /UTF-16/],
    ["zeros.csv", Buffer.alloc(100), /binary file/],
    ["empty.csv", Buffer.alloc(0), /is empty/],
    ["blank.csv", Buffer.from("\n \n"), /nothing but blanks/],
    ["other.csv", Buffer.from("name,age\nann,3\n"), /holds no judgments.*fields are name, age.*--columns/],
    ["empty.csv.gz", gzipSync(""), /holds nothing/],
    ["zeros.csv.gz", gzipSync(Buffer.alloc(5_000_000)), /binary file/],
    ["half.json", Buffer.from('[{"model_a":"p","model_b":"q","winner":"a"},{"model_a"'), /not a whole JSON array/],
    ["cut.parquet", Buffer.from("PAR1 and then nothing"), /Parquet file is broken/],
  ])("%s is refused in one line that says why", async (name, bytes, reason) => {
    const path = await save(name, bytes);
    const error = await errorOf(count(path));
    expect(error.line).toMatch(reason);
    expect(error.line).not.toContain("\n");
    expect(error.line).toContain(path);
  });

  it("is a folder, or nothing at all", async () => {
    expect((await errorOf(openVotes(folder))).line).toMatch(/is a directory/);
    expect((await errorOf(openVotes(join(folder, "nowhere.csv")))).line).toMatch(/no such file/);
  });

  it("is a gzip file cut short", async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `p${i % 7},q${i},model_a`).join("\n");
    const whole = gzipSync(`model_a,model_b,winner\n${rows}\n`);
    const path = await save("short.csv.gz", whole.subarray(0, whole.length / 2));
    expect((await errorOf(openVotes(path))).line).toMatch(/gzip stream is broken after \d+ bytes.*cut short/);
  });

  it("is one in a format it is not in, or in no format", async () => {
    const path = await save("plain.csv", "model_a,model_b,winner\np,q,a\n");
    expect((await errorOf(openVotes(path, { format: "preflib" }))).line).toMatch(/not in the format preflib/);
    expect((await errorOf(openVotes(path, { format: "prefflib" }))).line).toMatch(/did you mean "preflib"/);
  });
});

it("reads files whose names a database would take for patterns, literals or addresses", async () => {
  for (const name of ["a*b[1].csv", "o'clock;--.csv", "sp ace?.csv", "ü{x}.csv"]) {
    const path = await save(name, "model_a,model_b,winner\np,q,model_a\n");
    expect(tally(await count(path))).toEqual({ "p q 1": 1 });
  }
  await symlink(await save("target.csv", "model_a,model_b,winner\np,q,model_a\n"), join(folder, "link.csv"));
  expect(tally(await count(join(folder, "link.csv")))).toEqual({ "p q 1": 1 });
});

it("gives judgments without an id one that is the same on every reading and differs between equal votes", async () => {
  const path = await save("anonymous.csv", "model_a,model_b,winner\np,q,model_a\np,q,model_a\nq,p,tie\n");
  const ids = async () => (await judgmentsOf(path)).judgments.map(({ id }: Judgment) => id);
  const first = await ids();
  expect(new Set(first).size).toBe(3);
  expect(await ids()).toEqual(first);
});

const shared = join(import.meta.dirname, "../../../../../../shared/data");

describe.skipIf(!existsSync(shared))("public data", () => {
  it("llmfao has 8,931 votes of 124 workers on 59 models, 39% of them ties", async () => {
    await opened(join(shared, "llmfao/crowd-comparisons.csv"), async (file) => {
      const votes = await file.countComparisons({ cluster: "annotator" });
      expect(votes.systems).toHaveLength(59);
      expect(votes.count.reduce((sum, n) => sum + n, 0)).toBe(8931);
      expect(new Set(votes.cluster).size).toBe(124);
      const { comparisons, repeated, ...inspection } = await file.inspect();
      expect(inspection).toMatchObject({ judgments: 8931, annotators: 124, prompts: 13, systems: 59 });
      expect(Math.round((100 * comparisons.tie) / comparisons.count)).toBe(39);
      const table = await file.readVoteTable();
      expect(table.annotators).toHaveLength(124);
    });
  });

  it("alpaca-eval has 38 systems against one baseline, 805 of the rows the baseline against itself", async () => {
    await opened(join(shared, "alpaca-eval/comparisons.csv"), async (file) => {
      const votes = await file.countComparisons({ covariates: ["length"] });
      expect(votes.systems).toHaveLength(38);
      expect(votes.count.reduce((sum, n) => sum + n, 0)).toBe(29_780);
      expect(file.rejected()).toMatchObject({ count: 0, selfComparisons: 805 });
    });
  });

  it.each([
    ["hh-rlhf/harmless-base-test.jsonl.gz", "chosen-rejected", 2312],
    ["hyper2/sushi.soc.txt", "preflib", 5000],
    ["hyper2/formula1/1995.txt", "race-season", 17],
    ["prometheus/autoj_pairwise.json", "labelled-pairs", 1392],
    ["prometheus/mt_bench_eval.json", "judged-response", 960],
    ["llmbar/natural/dataset.json", "labelled-pairs", 100],
    ["llmbar/natural/GPT-4-Vanilla.json", "labelled-pairs", 300],
    ["gsm8k/example_model_solutions.jsonl", "graded-solutions", 1319],
  ])("%s is recognised as %s and holds %i judgments", async (name, format, expected) => {
    await opened(join(shared, name), async (file) => {
      expect(file.format).toBe(format);
      const { judgments } = await file.inspect();
      expect([judgments, file.rejected().count]).toEqual([expected, 0]);
    });
  });

  it("sushi rankings order ten items, and 21 seasons put retirements last and tied", async () => {
    const sushi = await opened(join(shared, "hyper2/sushi.soc.txt"), (file) => file.readRankings());
    expect(sushi.count.reduce((sum, n) => sum + n, 0)).toBe(5000);
    expect(sushi.systems).toHaveLength(10);
    for (let year = 1995; year <= 2015; year++) {
      const races = await opened(join(shared, `hyper2/formula1/${year}.txt`), (file) =>
        file.readRankings({ ordered: true }),
      );
      expect(races.offsets.length - 1).toBeGreaterThan(15);
      const last = Math.max(...races.ranks.subarray(races.offsets[0], races.offsets[1]));
      expect(races.ranks.subarray(0, races.offsets[1]).filter((rank) => rank === last).length).toBeGreaterThan(1);
    }
  });
});
