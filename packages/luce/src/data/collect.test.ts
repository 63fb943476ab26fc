import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparisonsFromJudgments,
  comparisonsFromRankings,
  mergeComparisons,
  rankingsFromComparisons,
  rankingsFromJudgments,
  voteTableFromJudgments,
} from "./collect.ts";
import { judgmentIdentifier } from "./identity.ts";
import type { JudgmentDraft } from "./judgment.ts";
import { labels, pairs, rankings, scores } from "./views.ts";

const systems = ["a", "b", "c", "d"];
const anyRanking = fc
  .subarray(systems, { minLength: 2 })
  .chain((names) =>
    fc.tuple(
      fc.constant(names),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: names.length, maxLength: names.length }),
    ),
  )
  .map(
    ([names, ranks]): JudgmentDraft => ({
      annotator: names[0],
      items: names.map((system) => ({ system })),
      verdict: { kind: "ranking", ranks },
    }),
  );

describe("views", () => {
  it("a ranking of K items makes K(K-1)/2 pairs", () => {
    fc.assert(
      fc.property(anyRanking, (judgment) => {
        const K = judgment.items.length;
        expect(pairs(judgment)).toHaveLength((K * (K - 1)) / 2);
      }),
    );
  });

  it("scores rank by one dimension or by the mean of all, and leave out what has none", () => {
    const judgment: JudgmentDraft = {
      items: [{ system: "a" }, { system: "b" }, { system: "c" }],
      verdict: { kind: "scores", scores: { help: [5, 3, null], harm: [1, 5, null] } },
    };
    expect(rankings(judgment)).toEqual([2, 1, null]);
    expect(rankings(judgment, "help")).toEqual([1, 2, null]);
    expect(pairs(judgment, "help")).toHaveLength(1);
    expect(scores(judgment)).toHaveLength(4);
  });

  it("labels order only a desirable item against an undesirable one", () => {
    const judgment: JudgmentDraft = {
      items: [{ system: "a" }, { system: "b" }, { system: "c" }],
      verdict: { kind: "labels", labels: ["desirable", "undesirable", "desirable"] },
    };
    expect(pairs(judgment).map(({ left, right, outcome }) => [left.system, right.system, outcome])).toEqual([
      ["a", "b", 1],
      ["b", "c", 0],
    ]);
    expect(labels(judgment).filter(({ desirable }) => desirable)).toHaveLength(2);
  });

  it("a soft label is its own pair", () => {
    const judgment: JudgmentDraft = { items: [{}, {}], verdict: { kind: "ranking", ranks: [1, 2], share: 0.7 } };
    expect(pairs(judgment)[0].outcome).toBe(0.7);
  });
});

describe("collecting", () => {
  it("merges equal rows into counts and loses none", () => {
    fc.assert(
      fc.property(fc.array(anyRanking, { maxLength: 40 }), (judgments) => {
        const merged = comparisonsFromJudgments(judgments);
        const ordered = comparisonsFromJudgments(judgments, { ordered: true });
        expect(merged.count.reduce((sum, n) => sum + n, 0)).toBe(ordered.left.length);
        expect(mergeComparisons(ordered)).toEqual(merged);
        expect(voteTableFromJudgments(judgments).outcome).toEqual(ordered.outcome);
      }),
    );
  });

  it("sees rankings as the pairs that their judgments make", () => {
    fc.assert(
      fc.property(fc.array(anyRanking, { maxLength: 40 }), (judgments) => {
        const direct = comparisonsFromJudgments(judgments);
        const viaRankings = mergeComparisons(
          comparisonsFromRankings(rankingsFromJudgments(judgments, { ordered: true })),
        );
        expect(viaRankings).toEqual(direct);
      }),
    );
  });

  it("sees comparisons as rankings of two and back, but for soft labels", () => {
    const judgments: JudgmentDraft[] = [
      { items: [{ system: "b" }, { system: "a" }], verdict: { kind: "ranking", ranks: [1, 1] } },
      { items: [{ system: "b" }, { system: "a" }], verdict: { kind: "ranking", ranks: [1, 2] } },
    ];
    const comparisons = comparisonsFromJudgments(judgments);
    expect(comparisons.systems).toEqual(["a", "b"]);
    expect(comparisonsFromRankings(rankingsFromComparisons(comparisons))).toEqual(comparisons);
    const soft = comparisonsFromJudgments([
      { ...judgments[0], verdict: { kind: "ranking", ranks: [1, 2], share: 0.6 } },
    ]);
    expect(() => rankingsFromComparisons(soft)).toThrow(/soft label/);
  });

  it("keeps clusters apart, and weights", () => {
    const vote = (annotator: string, weight: number): JudgmentDraft => ({
      annotator,
      items: [{ system: "a" }, { system: "b" }],
      verdict: { kind: "ranking", ranks: [1, 2] },
      metadata: { weight },
    });
    const votes = [vote("x", 1), vote("x", 1), vote("y", 2)];
    expect(comparisonsFromJudgments(votes, { cluster: "annotator" })).toMatchObject({
      count: Float64Array.of(2, 1),
      weight: Float64Array.of(1, 2),
      cluster: Int32Array.of(0, 1),
    });
  });
});

describe("identity", () => {
  const vote = (id: string | undefined, winner: number): JudgmentDraft => ({
    ...(id !== undefined && { id }),
    items: [{ system: "a" }, { system: "b" }],
    verdict: { kind: "ranking", ranks: [winner, 3 - winner] },
  });

  it("knows a judgment that came before, and one that contradicts it", () => {
    const identify = judgmentIdentifier();
    const kinds = [vote("1", 1), vote("1", 1), vote("1", 2), vote("2", 2)].map((draft) => identify(draft).kind);
    expect(kinds).toEqual(["new", "duplicate", "conflict", "new"]);
  });

  it("gives 20,000 equal votes 20,000 ids", () => {
    const identify = judgmentIdentifier();
    const ids = new Set(Array.from({ length: 20_000 }, () => identify(vote(undefined, 1)).id));
    expect(ids.size).toBe(20_000);
  });
});
