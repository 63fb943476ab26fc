import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Judgment } from "../judgment.ts";
import { openVotes } from "./open.ts";
import { writeJudgments } from "./write.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "luce-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(path: string, columns: Record<string, string> = {}) {
  const file = await openVotes(path, { columns });
  try {
    const judgments: Judgment[] = [];
    for await (const judgment of file.judgments()) judgments.push(judgment);
    return { format: file.format, judgments, rejected: file.rejected() };
  } finally {
    await file.close();
  }
}

async function readRows(name: string, rows: readonly unknown[], columns: Record<string, string> = {}) {
  const path = join(folder, name);
  await writeFile(path, rows.map((row) => (typeof row === "string" ? row : JSON.stringify(row))).join("\n"));
  return read(path, columns);
}

describe("hh-rlhf dialogues", () => {
  it("become the shared turns as the prompt and two answers", async () => {
    const shared = "\n\nHuman: hi\n\nAssistant: hello\n\nHuman: help";
    const { format, judgments } = await readRows("hh.jsonl", [
      { chosen: `${shared}\n\nAssistant: gladly`, rejected: `${shared}\n\nAssistant: no` },
    ]);
    expect(format).toBe("chosen-rejected");
    expect(judgments[0].prompt?.content).toEqual([
      { role: "user", content: "hi" },
      { role: "assistant", content: "hello" },
      { role: "user", content: "help" },
    ]);
    expect(judgments[0].items).toEqual([{ content: "gladly" }, { content: "no" }]);
    expect(judgments[0].verdict).toEqual({ kind: "ranking", ranks: [1, 2] });
  });

  it("keep both last turns when the dialogues are the same", async () => {
    const dialogue = "\n\nHuman: hi\n\nAssistant: hello";
    const { judgments } = await readRows("same.jsonl", [{ chosen: dialogue, rejected: dialogue }]);
    expect(judgments[0].items).toEqual([{ content: "hello" }, { content: "hello" }]);
  });
});

it("TRL preference files are read with explicit prompts, as texts and as messages", async () => {
  const { judgments } = await readRows("trl.jsonl", [
    {
      prompt: "2+2?",
      chosen: "4",
      rejected: "5",
      chosen_model: "m",
      rejected_model: "n",
      score_chosen: 9,
      score_rejected: 1,
    },
    {
      prompt: [{ role: "user", content: "2+2?" }],
      chosen: [{ role: "assistant", content: "4" }],
      rejected: [{ role: "assistant", content: "" }],
    },
  ]);
  expect(judgments[0]).toMatchObject({
    prompt: { content: "2+2?" },
    items: [
      { content: "4", system: "m", metadata: { score: 9 } },
      { content: "5", system: "n", metadata: { score: 1 } },
    ],
  });
  expect(judgments[1].items[0].content).toEqual([{ role: "assistant", content: "4" }]);
});

it("TRL unpaired files become labels, and a label that is neither is rejected", async () => {
  const { format, judgments, rejected } = await readRows("unpaired.jsonl", [
    { prompt: "sky?", completion: "blue", label: true },
    { prompt: "sky?", completion: "green", label: false },
    { prompt: "sky?", completion: "?", label: "maybe" },
  ]);
  expect(format).toBe("unpaired");
  expect(judgments.map(({ verdict }) => verdict)).toEqual([
    { kind: "labels", labels: ["desirable"] },
    { kind: "labels", labels: ["undesirable"] },
  ]);
  expect(rejected.first).toEqual([{ line: 3, field: "label", reason: '"maybe" is not true or false' }]);
});

it("UltraFeedback's lists become scores on their dimensions, null where one has none", async () => {
  const { format, judgments } = await readRows("ultrafeedback.jsonl", [
    {
      source: "evol",
      instruction: "why?",
      completions: [
        { model: "m", response: "a", annotations: { helpfulness: { Rating: "4" }, honesty: { Rating: "5" } } },
        { model: "n", response: "b", annotations: { helpfulness: { Rating: "2" }, honesty: { Rating: "N/A" } } },
      ],
    },
  ]);
  expect(format).toBe("rated-completions");
  expect(judgments[0]).toMatchObject({
    prompt: { content: "why?" },
    items: [
      { system: "m", content: "a" },
      { system: "n", content: "b" },
    ],
    verdict: { kind: "scores", scores: { helpfulness: [4, 2], honesty: [5, null] } },
    metadata: { source: "evol" },
  });
});

describe("PrefLib orders", () => {
  const header = [
    "# DATA TYPE: toc",
    "# ALTERNATIVE NAME 1: ebi",
    "# ALTERNATIVE NAME 2: ika",
    "# ALTERNATIVE NAME 3: uni",
  ];

  it("are read with counts, ties in braces, and in both ways of writing", async () => {
    const { judgments } = await readRows("ties.toc", [...header, "2: 3,{1,2}", "1 2 1 3"]);
    expect(judgments.map(({ items, verdict }) => [items.map(({ system }) => system), verdict])).toEqual([
      [["uni", "ebi", "ika"], { kind: "ranking", ranks: [1, 2, 2] }],
      [["uni", "ebi", "ika"], { kind: "ranking", ranks: [1, 2, 2] }],
      [["ika", "ebi", "uni"], { kind: "ranking", ranks: [1, 2, 3] }],
    ]);
    expect(new Set(judgments.map(({ id }) => id)).size).toBe(3);
  });

  it("reject a line with an unknown or repeated alternative", async () => {
    const { rejected, judgments } = await readRows("bad.soc", [...header, "1: 1,2,3", "1: 1,4", "1: 1,1"]);
    expect(judgments).toHaveLength(1);
    expect(rejected.first.map(({ line, reason }) => [line, reason])).toEqual([
      [6, "there is no alternative 4"],
      [7, "alternative 1 comes twice"],
    ]);
  });
});

it("a season of races puts those who retired last and tied, and leaves out those who did not start", async () => {
  const { judgments } = await readRows("season.txt", [
    "\tAUS\tBRA\tPoints",
    " Hill\t1\tRet\t10",
    " de Rosa\tRet\tDNS\t0",
    " Alesi\tRet\t1\t10",
  ]);
  expect(judgments.map(({ items, verdict }) => [items.map(({ system }) => system), verdict])).toEqual([
    [["Hill", "de Rosa", "Alesi"], { kind: "ranking", ranks: [1, 2, 2] }],
    [["Hill", "Alesi"], { kind: "ranking", ranks: [2, 1] }],
  ]);
});

it("K-wise rankings are read as orders with ties, and as systems with ranks", async () => {
  const { judgments } = await readRows("k-wise.jsonl", [
    { ranking: ["a", ["b", "c"], "d"], annotator: "ann" },
    { ranking: "d > a = b" },
  ]);
  expect(judgments.map(({ verdict }) => verdict)).toEqual([
    { kind: "ranking", ranks: [1, 2, 2, 4] },
    { kind: "ranking", ranks: [1, 2, 2] },
  ]);
  const other = await readRows("ranks.jsonl", [
    { systems: ["a", "b"], ranks: [2, 1] },
    { systems: ["a", "b"], ranks: [2] },
  ]);
  expect(other.judgments[0].verdict).toEqual({ kind: "ranking", ranks: [2, 1] });
  expect(other.rejected.first).toEqual([{ line: 2, field: "ranks", reason: "is not a list of 2 ranks" }]);
});

it("a judge's verdicts under both orders are judgments in the order shown", async () => {
  const { judgments } = await readRows("GPT-4.json", [
    JSON.stringify([
      {
        input: "x",
        output_1: "one",
        output_2: "two",
        label: 1,
        results: [
          { "swap = False": { completion: ["…"], winner: "1" }, "swap = True": { completion: ["…"], winner: "1" } },
        ],
      },
    ]),
  ]);
  expect(judgments.map(({ annotator, items, verdict }) => [annotator, items[0].content, verdict])).toEqual([
    ["label", "one", { kind: "ranking", ranks: [1, 2] }],
    ["GPT-4", "one", { kind: "ranking", ranks: [1, 2] }],
    ["GPT-4", "two", { kind: "ranking", ranks: [2, 1] }],
  ]);
});

describe("writing", () => {
  const judgments: Judgment[] = [
    {
      id: "1",
      prompt: { id: "q1", content: "2+2?" },
      annotator: "ann, the first",
      items: [
        { system: "p", content: "4", metadata: { length: 1 } },
        { system: "q", content: "5" },
      ],
      verdict: { kind: "ranking", ranks: [1, 2] },
      strength: 2,
      rationale: "it is\nright",
      time: 1_700_000_000_123,
      duration: 3.5,
      metadata: { category: "math" },
    },
    {
      id: "2",
      items: [
        { system: "p", content: "a" },
        { system: "q", content: "b" },
        { system: "r", content: "c" },
      ],
      verdict: { kind: "ranking", ranks: [1, 2, 2] },
    },
    {
      id: "3",
      prompt: { content: "sky?" },
      items: [{ content: "blue" }],
      verdict: { kind: "labels", labels: ["desirable"] },
    },
    { id: "4", items: [{ system: "p" }, { system: "q" }], verdict: { kind: "ranking", ranks: [1, 2], share: 0.7 } },
    { id: "5", items: [{ system: "p" }], verdict: { kind: "scores", scores: { overall: [null] } } },
    {
      id: "6",
      items: [{ content: "the cat sat" }],
      verdict: { kind: "corrections", segments: [{ item: 0, start: 4, end: 7, replacement: "dog" }] },
    },
  ];
  const lines = async (path: string) => (await readFile(path, "utf8")).trim().split("\n");

  it.each(["luce", "parquet"])("as %s loses nothing", async (format) => {
    const path = join(folder, `all.${format}`);
    expect(await writeJudgments(judgments, format, path)).toEqual({ judgments: 6, leftOut: [], simplified: [] });
    const back = await read(path);
    expect(back.format).toBe("luce");
    expect(back.judgments).toEqual(judgments);
  });

  it("as TRL preference makes a row of each decided pair, and says what it cannot carry", async () => {
    const path = join(folder, "trl-out.jsonl");
    const { judgments: written, leftOut, simplified } = await writeJudgments(judgments, "trl-preference", path);
    expect(written).toBe(2);
    expect((await lines(path)).map((line) => JSON.parse(line))).toEqual([
      { prompt: "2+2?", chosen: "4", rejected: "5" },
      { chosen: "a", rejected: "b" },
      { chosen: "a", rejected: "c" },
    ]);
    expect(leftOut).toEqual([
      { reason: "it prefers no item to another", count: 3, firstId: "3" },
      { reason: "its items have no content", count: 1, firstId: "4" },
    ]);
    expect(simplified).toEqual([{ reason: "pairs of items that are tied are left out", count: 1, firstId: "2" }]);
  });

  it("as TRL unpaired carries labels alone", async () => {
    const path = join(folder, "unpaired-out.jsonl");
    const { leftOut } = await writeJudgments(judgments, "trl-unpaired", path);
    expect(await lines(path)).toEqual(['{"prompt":"sky?","completion":"blue","label":true}']);
    expect(leftOut.reduce((sum, { count }) => sum + count, 0)).toBe(5);
  });

  it("as OpenAI preference needs a prompt", async () => {
    const path = join(folder, "openai.jsonl");
    await writeJudgments(judgments, "openai-preference", path);
    expect((await lines(path)).map((line) => JSON.parse(line))).toEqual([
      {
        input: { messages: [{ role: "user", content: "2+2?" }], tools: [], parallel_tool_calls: true },
        preferred_output: [{ role: "assistant", content: "4" }],
        non_preferred_output: [{ role: "assistant", content: "5" }],
      },
    ]);
  });

  it("as an arena's CSV comes back as the same votes", async () => {
    const path = join(folder, "arena.csv");
    const { leftOut } = await writeJudgments(judgments, "arena-csv", path);
    expect(leftOut.map(({ reason }) => reason)).toContain("its verdict is a soft label, which no winner column holds");
    const { judgments: back } = await read(path);
    expect(back[0]).toMatchObject({
      annotator: "ann, the first",
      prompt: { id: "q1" },
      verdict: { kind: "ranking", ranks: [1, 2] },
      time: 1_700_000_000_123,
      metadata: { category: "math" },
    });
  });

  it("in no known format suggests the nearest", async () => {
    await expect(writeJudgments(judgments, "trl-preferences", join(folder, "x"))).rejects.toThrow(
      /no format "trl-preferences"/,
    );
  });
});

it("a native judgment that contradicts itself is rejected with its field", async () => {
  const { rejected, judgments } = await readRows("native.jsonl", [
    { id: "a", items: [{ system: "p" }, { system: "q" }], verdict: { kind: "ranking", ranks: [1, 2] } },
    { id: "b", items: [{ system: "p" }], verdict: { kind: "ranking", ranks: [1, 2] } },
    { id: "c", items: [], verdict: { kind: "ranking", ranks: [] } },
    { id: "a", items: [{ system: "p" }, { system: "q" }], verdict: { kind: "ranking", ranks: [2, 1] } },
  ]);
  expect(judgments).toHaveLength(1);
  expect(rejected.first.map(({ line, field }) => [line, field])).toEqual([
    [2, "verdict"],
    [3, "items"],
    [4, "id"],
  ]);
});

describe("columns that the user names", () => {
  const ranking = { kind: "ranking", ranks: [1, 2] };
  const texts = [{ content: "a" }, { content: "b" }];
  const systems = [{ system: "a" }, { system: "b" }];
  const vote = { items: systems, verdict: ranking, key: "7" };

  it.each<[format: string, row: object, columns: Record<string, string>, judgment: object]>([
    ["luce", vote, { id: "key" }, { id: "7", items: systems, verdict: ranking }],
    [
      "chosen-rejected",
      { good: "a", bad: "b", ask: "q", key: "7" },
      { chosen: "good", rejected: "bad", prompt: "ask", id: "key" },
      { id: "7", prompt: { content: "q" }, items: texts, verdict: ranking },
    ],
    [
      "k-wise",
      { order2: ["a", "b"], key: "7", who: "ann" },
      { ranking: "order2", id: "key", annotator: "who" },
      { id: "7/ann", annotator: "ann", items: systems, verdict: ranking },
    ],
    [
      "unpaired",
      { said: "a", good: true, key: "7" },
      { completion: "said", label: "good", id: "key" },
      { id: "7", items: [{ content: "a" }], verdict: { kind: "labels", labels: ["desirable"] } },
    ],
    [
      "judged-response",
      { mark: 5, who: "m", said: "a", ask: "q" },
      { score: "mark", system: "who", content: "said", prompt: "ask" },
      { prompt: { content: "q" }, items: [{ system: "m", content: "a" }], verdict: { scores: { overall: [5] } } },
    ],
    [
      "rated-completions",
      { tries: [{ response: "a", overall_score: 4 }], ask: "q" },
      { list: "tries", prompt: "ask" },
      { prompt: { content: "q" }, items: [{ content: "a" }] },
    ],
    [
      "graded-solutions",
      { ask: "q", m: { solution: "a", is_correct: true } },
      { prompt: "ask" },
      { prompt: { content: "q" }, items: [{ system: "m", content: "a" }] },
    ],
    [
      "labelled-pairs",
      { output_1: "a", output_2: "b", input: "q", label: "first one" },
      { leftWins: "first one" },
      { prompt: { content: "q" }, items: texts, verdict: ranking },
    ],
  ])("play their parts in %s", async (format, row, columns, judgment) => {
    const found = await readRows(`named-${format}.jsonl`, [row], columns);
    expect(found.format).toBe(format);
    expect(found.judgments).toMatchObject([judgment]);
  });

  it("play no part where a part is given nothing", async () => {
    const { judgments } = await readRows("nameless.jsonl", [{ ...vote, id: "7" }], { id: "" });
    expect(judgments[0].id).not.toBe("7");
  });

  it("are never left aside in silence", async () => {
    const rows = [{ chosen: "a", rejected: "b", key: "7" }];
    await expect(readRows("x.jsonl", rows, { time: "key" })).rejects.toThrow(
      '--columns has no part "time" for the format chosen-rejected',
    );
    await expect(readRows("x.jsonl", rows, { idd: "key" })).rejects.toMatchObject({ hint: 'did you mean "id"?' });
    await expect(readRows("x.jsonl", rows, { id: "kez" })).rejects.toThrow('there is no column "kez" for id');
    const orders = "# ALTERNATIVE NAME 1: p\n# ALTERNATIVE NAME 2: q\n3: 1,2\n";
    await expect(readRows("x.soc", [orders], { id: "" })).rejects.toMatchObject({ hint: "leave --columns out" });
  });
});
