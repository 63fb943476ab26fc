import fc from "fast-check";
import { expect, test } from "vitest";
import { judgmentSchema } from "../data/judgment.ts";
import { fitBradleyTerry } from "../rank/bradley-terry.ts";
import { type Crowd, simulateCrowd } from "./crowd.ts";
import { crowdJudgments } from "./crowd-judgments.ts";

const NORMAL_95 = 1.959963984540054;

/** Share of the systems whose true strength lies in the 95% interval of Bradley-Terry. */
function coverage(crowds: Crowd[]): number {
  const inside = crowds.flatMap(({ votes, truth }) => {
    const { logStrengths, standardErrors } = fitBradleyTerry(votes);
    return [...logStrengths].map(
      (strength, i) => Math.abs(strength - truth.strengths[i]) <= NORMAL_95 * standardErrors![i],
    );
  });
  return inside.filter(Boolean).length / inside.length;
}

const crowds = (parameters: Parameters<typeof simulateCrowd>[0]) =>
  Array.from({ length: 30 }, (_, seed) => simulateCrowd({ systems: 10, votes: 2000, seed, ...parameters }));

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test("Bradley-Terry recovers the truth of an unbiased crowd, with and without ties, as often as its intervals say", () => {
  for (const ties of [0, 0.5]) {
    const share = coverage(crowds({ ties }));
    expect(share).toBeGreaterThan(0.91);
    expect(share).toBeLessThan(0.98);
  }
});

test("careless annotators and spammers make the intervals miss the truth", () => {
  expect(coverage(crowds({ careless: 0.3, spammers: 0.2 }))).toBeLessThan(0.6);
});

test("the same parameters give the same crowd, another seed another", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const parameters = { seed, systems: 5, votes: 60, ties: 0.3, lengthBias: 1, clusters: 2, tasteSpread: 1 };
      expect(simulateCrowd(parameters)).toEqual(simulateCrowd(parameters));
      expect(simulateCrowd({ ...parameters, seed: seed - 1 }).votes.left).not.toEqual(
        simulateCrowd(parameters).votes.left,
      );
    }),
    { numRuns: 20 },
  );
});

test("truths average to zero over systems, tastes over clusters, and category effects over categories", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 30 }), fc.integer({ min: 1, max: 5 }), (systems, clusters) => {
      const { truth } = simulateCrowd({ systems, clusters, votes: 1, tasteSpread: 2, categorySpread: 2 });
      expect(mean([...truth.strengths])).toBeCloseTo(0, 12);
      for (const effects of [truth.tastes, truth.categoryEffects]) {
        for (let i = 0; i < systems; i++) expect(mean(effects.map((effect) => effect[i]))).toBeCloseTo(0, 12);
      }
    }),
    { numRuns: 50 },
  );
});

test("a position bias is the share of wins on the left between equals", () => {
  const { votes } = simulateCrowd({ votes: 20_000, strengthSpread: 0, positionBias: 0.5 });
  expect(mean([...votes.outcome])).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 1.7);
});

test("a length bias makes the longer answer win between equals", () => {
  const longerWins = (lengthBias: number) => {
    const { votes } = simulateCrowd({ votes: 20_000, strengthSpread: 0, lengthBias });
    return mean([...votes.outcome].map((y, n) => (votes.leftLength[n] > votes.rightLength[n] ? y : 1 - y)));
  };
  expect(longerWins(0)).toBeCloseTo(0.5, 1.7);
  expect(longerWins(2)).toBeGreaterThan(0.6);
  expect(longerWins(-2)).toBeLessThan(0.4);
});

test("ties leave the mean outcome where it was", () => {
  const outcomeOf = (ties: number) => {
    const { votes, truth } = simulateCrowd({ votes: 20_000, systems: 2, ties });
    const better = truth.strengths[0] > 0 ? 0 : 1;
    return mean([...votes.outcome].map((y, n) => (votes.left[n] === better ? y : 1 - y)));
  };
  expect(outcomeOf(0.8)).toBeCloseTo(outcomeOf(0), 1.7);
});

test("spammers choose the left, and they and the careless take about a second", () => {
  const { votes, truth } = simulateCrowd({ careless: 0.2, spammers: 0.1, annotators: 50 });
  const kinds = truth.annotators.map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "careless")).toHaveLength(10);
  expect(kinds.filter((kind) => kind === "spammer")).toHaveLength(5);
  const rows = [...votes.annotator.keys()];
  const durations = (wanted: string) =>
    mean(rows.filter((n) => kinds[votes.annotator[n]] === wanted).map((n) => votes.duration[n]));
  for (const n of rows) if (kinds[votes.annotator[n]] === "spammer") expect(votes.outcome[n]).toBe(1);
  expect(durations("careless")).toBeLessThan(3);
  expect(durations("honest")).toBeGreaterThan(15);
});

test("repeated votes are as many as asked for, seconds after the first", () => {
  const { votes } = simulateCrowd({ votes: 5000, duplicates: 0.1 });
  const repeats = [...votes.left.keys()].filter(
    (n) =>
      n > 0 &&
      votes.left[n] === votes.left[n - 1] &&
      votes.right[n] === votes.right[n - 1] &&
      votes.prompt[n] === votes.prompt[n - 1] &&
      votes.annotator[n] === votes.annotator[n - 1],
  );
  expect(repeats.length / 5000).toBeCloseTo(0.1, 1.5);
  for (const n of repeats) expect(votes.time[n] - votes.time[n - 1]).toBeLessThanOrEqual(3000);
});

test("votes are in order of time and never compare a system with itself", () => {
  const { votes } = simulateCrowd({ systems: 3, duplicates: 0.2 });
  for (let n = 1; n < votes.left.length; n++) expect(votes.time[n]).toBeGreaterThanOrEqual(votes.time[n - 1]);
  for (let n = 0; n < votes.left.length; n++) expect(votes.left[n]).not.toBe(votes.right[n]);
});

test("each vote is a valid judgment that says what its row says", () => {
  const crowd = simulateCrowd({ votes: 300, ties: 0.5 });
  const judgments = [...crowdJudgments(crowd)];
  expect(new Set(judgments.map(({ id }) => id)).size).toBe(300);
  judgments.forEach((judgment, n) => {
    expect(judgmentSchema.parse(judgment)).toEqual(judgment);
    expect(judgment.items[0].system).toBe(crowd.votes.systems[crowd.votes.left[n]]);
    expect(judgment.items[1].metadata?.length).toBe(crowd.votes.rightLength[n]);
    const ranks = judgment.verdict.kind === "ranking" ? judgment.verdict.ranks : [];
    expect(0.5 + (ranks[1] - ranks[0]) / 2).toBe(crowd.votes.outcome[n]);
  });
});

test("a parameter out of range is named", () => {
  expect(() => simulateCrowd({ ties: 1.5 })).toThrow(/ties/);
  expect(() => simulateCrowd({ systems: 1 })).toThrow(/systems/);
});
