import { expect, test } from "vitest";
import type { Comparisons } from "../data/comparisons.ts";
import { bradleyTerry, fitBradleyTerry } from "./bradley-terry.ts";
import { fitDavidson } from "./davidson.ts";
import { rankVotes } from "./rank-votes.ts";
import { rankingSchema } from "./ranking.ts";
import { fitRaoKupper } from "./rao-kupper.ts";

const provenance = { luce: "0", inputs: [] };

function votes(systems: string[], rows: [string, string, number, number?][]): Comparisons {
  return {
    systems,
    left: Int32Array.from(rows, ([a]) => systems.indexOf(a)),
    right: Int32Array.from(rows, ([, b]) => systems.indexOf(b)),
    outcome: Float64Array.from(rows, ([, , y]) => y),
    count: Float64Array.from(rows, ([, , , n]) => n ?? 1),
  };
}

/** The leaderboard as JSON has it; every number in it is finite or null, or parsing fails. */
function leaderboard(comparisons: Comparisons, regularization = 0, bootstrap?: number) {
  const { ranking } = rankVotes(bradleyTerry, comparisons, {
    params: { ...defaults, regularization },
    bootstrap,
    provenance,
  });
  const text = JSON.stringify(ranking, (_, value) => {
    if (typeof value === "number") expect(Number.isFinite(value)).toBe(true);
    return value;
  });
  return rankingSchema.parse(JSON.parse(text));
}

const defaults = { regularization: 0, ratingScale: 400, ratingBase: 10, initRating: 1000 };

const loop: [string, string, number][] = [
  ["a", "b", 1],
  ["b", "c", 1],
  ["c", "a", 1],
];

test("a system that never loses has no finite rating, stands first, and leaves the others their numbers", () => {
  const { ratings, findings } = leaderboard(votes(["a", "b", "c", "top"], [...loop, ["top", "a", 1], ["top", "b", 1]]));
  expect(ratings[0]).toMatchObject({ system: "top", rating: null, rank: 1, rankLower: 1, rankUpper: 4 });
  expect(ratings.slice(1).map(({ rating }) => rating)).toEqual([1000, 1000, 1000].map((x) => expect.closeTo(x, 6)));
  expect(findings[0].text).toMatch(/top never lost/);
});

test("an explicit prior makes every rating finite", () => {
  const { ratings } = leaderboard(votes(["a", "b", "c", "top"], [...loop, ["top", "a", 1]]), 1);
  expect(ratings[0].system).toBe("top");
  for (const { rating, standardError } of ratings) {
    expect(rating).not.toBeNull();
    expect(standardError).toBeGreaterThan(0);
  }
});

test("a system without judgments has the prior's spread, and nothing without a prior", () => {
  const comparisons = votes(["a", "b", "c", "unseen"], loop);
  const byName = (regularization: number) =>
    leaderboard(comparisons, regularization).ratings.find(({ system }) => system === "unseen")!;
  expect(byName(0)).toMatchObject({ rating: null, rank: null, lower: null });
  expect(byName(0.25).standardError! / (400 / Math.LN10)).toBeCloseTo(2, 6);
});

test("systems that were never compared with one another are ranked in groups", () => {
  const { ratings, findings, winProbability } = leaderboard(
    votes(["a", "b", "c", "x", "y"], [...loop, ["x", "y", 1, 3], ["y", "x", 1]]),
  );
  expect(ratings.map(({ system, group, rank }) => [system, group, rank])).toEqual([
    ["a", 1, 1],
    ["b", 1, 1],
    ["c", 1, 1],
    ["x", 2, 1],
    ["y", 2, 2],
  ]);
  expect(findings[0]).toMatchObject({ severity: "problem", text: expect.stringMatching(/2 groups/) });
  expect(winProbability![0][3]).toBeNull();
  expect(winProbability![3][4]).toBeCloseTo(0.75, 9);
});

test("a single vote orders two systems and rates neither", () => {
  const { ratings, judgments } = leaderboard(votes(["a", "b"], [["b", "a", 1]]));
  expect(judgments).toBe(1);
  expect(ratings.map(({ system, rating, rank }) => [system, rating, rank])).toEqual([
    ["b", null, 1],
    ["a", null, 2],
  ]);
});

test("a chain of wins identifies no rating and names who is not placed", () => {
  const { ratings, findings } = leaderboard(
    votes(
      ["a", "b", "c"],
      [
        ["a", "b", 1],
        ["b", "c", 1],
      ],
    ),
  );
  expect(ratings.every(({ rating }) => rating === null)).toBe(true);
  expect(findings.map(({ text }) => text).join(" ")).toMatch(/do not place b/);
});

test("all ties are equal strengths with an honest interval", () => {
  const { ratings, findings } = leaderboard(votes(["a", "b"], [["a", "b", 0.5, 4]]));
  expect(ratings.map(({ rating, rank }) => [rating, rank])).toEqual([
    [1000, 1],
    [1000, 1],
  ]);
  expect(ratings[0].standardError).toBeGreaterThan(50);
  expect(findings.some(({ text }) => /model-based interval/.test(text))).toBe(true);
});

test("all ties say nothing to the tie models, which say so", () => {
  for (const fit of [fitDavidson, fitRaoKupper]) {
    const { logStrengths, findings } = fit(votes(["a", "b"], [["a", "b", 0.5, 4]]));
    expect(logStrengths.every(Number.isNaN)).toBe(true);
    expect(findings[0].severity).toBe("problem");
  }
});

test("rows without weight and systems against themselves say nothing", () => {
  const comparisons = votes(
    ["a", "b"],
    [
      ["a", "b", 1, 2],
      ["a", "b", 0],
      ["a", "a", 1, 50],
      ["b", "a", 1, 99],
    ],
  );
  const fit = fitBradleyTerry({ ...comparisons, weight: Float64Array.of(1, 1, 1, 0) });
  expect(fit.logStrengths[0] - fit.logStrengths[1]).toBeCloseTo(Math.log(2), 9);
});

test("no judgments at all are no leaderboard, and no NaN", () => {
  const { ratings, findings } = leaderboard(votes(["a", "b"], []));
  expect(ratings.map(({ rating, rank }) => [rating, rank])).toEqual([
    [null, null],
    [null, null],
  ]);
  expect(findings[0].severity).toBe("problem");
});

test("one annotator cannot say how annotators differ", () => {
  const comparisons = votes(
    ["a", "b"],
    [
      ["a", "b", 1, 5],
      ["b", "a", 1, 3],
    ],
  );
  const fit = fitBradleyTerry({ ...comparisons, cluster: Int32Array.of(0, 0) });
  expect(fit.standardErrors![0]).toBeGreaterThan(0.1);
  expect(fit.findings[0].text).toMatch(/one cluster/);
});

test("a bootstrap that loses a system's only win leaves its interval open", () => {
  const comparisons = votes(
    ["a", "b", "c"],
    [
      ["a", "b", 1, 20],
      ["b", "a", 1, 20],
      ["c", "a", 1],
      ["b", "c", 1, 5],
    ],
  );
  const { findings } = leaderboard(comparisons, 0, 50);
  expect(findings.some(({ text }) => /of 50 bootstrap replicates/.test(text))).toBe(true);
});

test("tens of thousands of systems are rated without a matrix of them", () => {
  const systems = 30_000;
  const left = Int32Array.from({ length: 3 * systems }, (_, n) => n % systems);
  const right = left.map((i, n) => (i + (n < systems ? 1 : (n * 7919) % (systems - 1)) + 1) % systems);
  const comparisons: Comparisons = {
    systems: Array.from({ length: systems }, (_, i) => String(i)),
    left,
    right: right.map((j, n) => (j === left[n] ? (j + 1) % systems : j)),
    outcome: Float64Array.from({ length: 3 * systems }, (_, n) => (n % 3 === 0 ? 0 : n % 3 === 1 ? 1 : 0.5)),
    count: new Float64Array(3 * systems).fill(1),
  };
  const fit = fitBradleyTerry(comparisons, { regularization: 0.25 });
  expect(fit.logStrengths.every(Number.isFinite)).toBe(true);
  expect(fit.standardErrors!.every((error) => error > 0)).toBe(true);
  expect(fit.covariance).toBeNull();
});
