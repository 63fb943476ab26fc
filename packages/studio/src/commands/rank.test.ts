import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { rankingSchema } from "luce/rank";
import { afterAll, expect, test } from "vitest";

const folder = mkdtempSync(path.join(tmpdir(), "luce-rank-"));
const votes = path.join(folder, "votes.csv");
writeFileSync(
  votes,
  `model_a,model_b,winner,judge,category\n${[
    "x,y,model_a,j1,code",
    "x,y,model_a,j2,prose",
    "y,x,model_a,j1,code",
    "y,z,tie,j2,prose",
    "z,x,model_b,j1,code",
    "z,x,model_a,j3,prose",
    "z,y,model_b,j3,code",
  ].join("\n")}\n`,
);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function luce(...args: string[]) {
  const main = path.join(import.meta.dirname, "../main.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=luce-source", main, ...args], {
    encoding: "utf8",
  });
  return { status, out: stdout, err: stderr };
}

test("prints the documented JSON, best first", () => {
  const { status, out } = luce("rank", votes, "--json");
  expect(status).toBe(0);
  const ranking = rankingSchema.parse(JSON.parse(out));
  expect(ranking).toMatchObject({ schema: "luce.ranking/1", method: "bradley-terry", judgments: 7 });
  expect(ranking.ratings.map(({ system }) => system)).toEqual(["x", "y", "z"]);
  const [[, above], [below]] = ranking.winProbability!;
  expect(above! + below!).toBeCloseTo(1, 12);
});

test("a percentage for win rates, against the baseline that was named", () => {
  const { out } = luce("rank", votes, "--method", "win-rate", "--baseline", "x", "--json");
  const { ratings } = rankingSchema.parse(JSON.parse(out));
  expect(ratings.find(({ system }) => system === "x")?.rating).toBe(50);
  expect(ratings.find(({ system }) => system === "z")?.rating).toBeCloseTo(50, 9);
  expect(ratings.find(({ system }) => system === "y")?.rating).toBeCloseTo(100 / 3, 9);
});

test("adds a leaderboard for each category", () => {
  const { out } = luce("rank", votes, "--prior", "--by", "category", "--json");
  const { groups, by } = JSON.parse(out);
  expect(by).toBe("category");
  expect(groups.map(({ value, judgments }: { value: string; judgments: number }) => [value, judgments])).toEqual([
    ["code", 4],
    ["prose", 3],
  ]);
});

test("writes HTML and CSV beside the text", () => {
  const html = path.join(folder, "board.html");
  const csv = path.join(folder, "board.csv");
  const { out } = luce("rank", votes, "--bootstrap", "20", "--html", html, "--csv", csv);
  expect(out).toMatch(/Leaderboard/);
  expect(readFileSync(html, "utf8")).toMatch(/<svg/);
  expect(readFileSync(csv, "utf8").split("\n")[0]).toMatch(/[Ss]ystem/);
});

test.each([
  [["--method", "bradley-tery"], /did you mean "bradley-terry"/],
  [["--baseline", "x"], /takes no --baseline/],
  [["--method", "win-rate", "--baseline", "q"], /no system is called "q"/],
  [["--method", "style-controlled-bt"], /--covariates length/],
  [["--params", "k=3"], /no parameter "k"/],
])("says what is wrong with %j on one line", (args, message) => {
  const { status, out, err } = luce("rank", votes, ...args);
  expect(status).toBe(1);
  expect(out).toBe("");
  expect(err).toMatch(message);
  expect(err.trim().split("\n")).toHaveLength(1);
});
