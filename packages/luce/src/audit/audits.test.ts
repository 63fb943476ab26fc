import { describe, expect, test } from "vitest";
import type { VoteTable } from "../data/vote-table.ts";
import { simulateCrowd } from "../testbeds/crowd.ts";
import type { AuditResult } from "./audit.ts";
import { auditReport, audits, runAudits } from "./run-audits.ts";

type Planted = Parameters<typeof simulateCrowd>[0];

const crowd = (planted: Planted = {}): VoteTable =>
  simulateCrowd({ systems: 8, votes: 2500, annotators: 30, annotatorsPerPair: 3, ties: 0.2, seed: 5, ...planted })
    .votes;

function audit(id: string, votes: VoteTable): AuditResult {
  return runAudits(votes, { only: [id], seed: 1 })[0];
}

describe("what was planted is found, with its size", () => {
  test.each([0.4, -0.4])("a position bias of %d", (positionBias) => {
    const { numbers, findings } = audit("position-bias", crowd({ positionBias }));
    expect(numbers.lower).toBeLessThan(positionBias);
    expect(numbers.upper).toBeGreaterThan(positionBias);
    expect(findings[0].text).toContain(positionBias > 0 ? "left side is favoured" : "right side is favoured");
  });

  test.each([1.5, -1.5])("a length bias of %d", (lengthBias) => {
    const { numbers, findings } = audit("length-bias", crowd({ lengthBias }));
    expect(numbers.lower).toBeLessThan(lengthBias);
    expect(numbers.upper).toBeGreaterThan(lengthBias);
    expect(findings[0].text).toContain(lengthBias > 0 ? "Longer answers" : "Shorter answers");
  });

  test("annotators who answer at random", () => {
    const planted = simulateCrowd({
      systems: 8,
      votes: 4000,
      annotators: 30,
      annotatorsPerPair: 3,
      careless: 0.2,
      seed: 5,
    });
    const careless = new Set(
      planted.truth.annotators.filter(({ kind }) => kind === "careless").map(({ name }) => name),
    );
    const { numbers, tables } = audit("annotator-reliability", planted.votes);
    const found = tables[0].rows.slice(0, numbers.unreliable as number).map(({ annotator }) => String(annotator));
    expect(found.filter((name) => careless.has(name)).length).toBeGreaterThanOrEqual(careless.size - 1);
    expect(found.filter((name) => !careless.has(name)).length).toBeLessThanOrEqual(1);
  });

  test("annotators who always choose the left, and fast", () => {
    const planted = crowd({ spammers: 0.1 });
    expect(audit("one-sided", planted).numbers.oneSided).toBe(3);
    expect(audit("haste", planted).findings[0].severity).toBe("problem");
    expect(audit("position-bias", planted).numbers.annotatorsBiased).toBeGreaterThanOrEqual(3);
  });

  test("cycles of taste", () => {
    const { numbers, findings } = audit("intransitivity", crowd({ cyclic: 1 }));
    expect(numbers.cyclicShare).toBeGreaterThan(numbers.expectedUpper as number);
    expect(findings).toHaveLength(1);
  });

  test("votes sent twice", () => {
    const { numbers, findings } = audit("repeats", crowd({ duplicates: 0.05 }));
    expect(numbers.repeatedShare).toBeGreaterThan(0.035);
    expect(numbers.selfConsistency).toBeGreaterThan(0.9);
    expect(findings[0].text).toMatch(/repeat an earlier one/);
  });

  test("the one system that drifts", () => {
    const planted = simulateCrowd({ systems: 8, votes: 4000, annotators: 30, drift: 2, seed: 5 });
    const { numbers, tables } = audit("drift", planted.votes);
    expect(numbers.systemsMoved).toBeGreaterThanOrEqual(1);
    expect(tables[0].rows[0].system).toBe(planted.votes.systems[planted.truth.drifting]);
    // Half of the whole drift lies between the means of the halves.
    expect(tables[0].rows[0].change).toBeGreaterThan(80);
  });

  test("a crowd of two, one of whom gives most votes", () => {
    const votes = crowd();
    const annotator = votes.annotator.map((_, row) => (row % 10 === 0 ? 1 : 0));
    const { numbers, findings } = audit("participation", { ...votes, annotator });
    expect(numbers.largestShare).toBeCloseTo(0.9, 6);
    expect(numbers.effectiveAnnotators).toBeCloseTo(1 / (0.81 + 0.01), 6);
    expect(findings).toHaveLength(1);
  });

  test("annotators who differ in what they call a tie", () => {
    const votes = crowd({ ties: 0 });
    const outcome = votes.outcome.map((value, row) => (votes.annotator[row] % 2 === 0 && row % 3 === 0 ? 0.5 : value));
    const { numbers, findings } = audit("ties", { ...votes, outcome });
    expect(numbers.spread).toBeCloseTo(1 / 6, 1);
    expect(findings[0].severity).toBe("caution");
  });
});

test("what was not planted is seldom reported", () => {
  const reported = new Map<string, number>();
  const seeds = 25;
  for (let seed = 1; seed <= seeds; seed++) {
    const votes = crowd({ votes: 900, ties: 0, seed });
    const only = ["position-bias", "length-bias", "intransitivity", "annotator-reliability", "one-sided", "drift"];
    for (const { audit: id, findings } of runAudits(votes, { only, seed })) {
      if (findings.length > 0) reported.set(id, (reported.get(id) ?? 0) + 1);
    }
  }
  for (const [id, times] of reported) expect(times, id).toBeLessThanOrEqual(2);
  expect([...reported.values()].reduce((sum, times) => sum + times, 0)).toBeLessThanOrEqual(6);
});

describe("votes that allow little get a clear answer", () => {
  const blank = (rows: number, fill: Partial<VoteTable>): VoteTable => ({
    systems: ["a", "b", "c"],
    left: new Int32Array(rows),
    right: new Int32Array(rows).fill(1),
    outcome: new Float64Array(rows).fill(1),
    count: new Float64Array(rows).fill(1),
    annotators: ["ann", "bob"],
    annotator: new Int32Array(rows).fill(-1),
    prompts: ["p"],
    prompt: new Int32Array(rows).fill(-1),
    time: new Float64Array(rows).fill(Number.NaN),
    duration: new Float64Array(rows).fill(Number.NaN),
    leftLength: new Float64Array(rows).fill(Number.NaN),
    rightLength: new Float64Array(rows).fill(Number.NaN),
    ...fill,
  });
  const full = {
    annotator: Int32Array.from({ length: 40 }, (_, row) => row % 2),
    prompt: new Int32Array(40),
    time: Float64Array.from({ length: 40 }, (_, row) => row * 60_000),
    leftLength: new Float64Array(40).fill(100),
    rightLength: new Float64Array(40).fill(50),
  };

  test.each<[string, VoteTable]>([
    ["no votes", blank(0, {})],
    ["one vote", blank(1, {})],
    ["one pair", blank(40, full)],
    ["one pair both ways round", blank(40, { ...full, left: full.annotator, right: full.annotator.map((k) => 1 - k) })],
    ["one annotator", blank(40, { ...full, annotator: new Int32Array(40) })],
    ["all ties", blank(40, { ...full, outcome: new Float64Array(40).fill(0.5) })],
    ["nothing but systems", blank(40, {})],
    ["a system against itself", blank(40, { ...full, right: new Int32Array(40) })],
    [
      "three systems that always win one way",
      blank(40, {
        ...full,
        left: Int32Array.from({ length: 40 }, (_, row) => row % 3),
        right: Int32Array.from({ length: 40 }, (_, row) => (row + 1) % 3),
      }),
    ],
    ["lengths of zero", blank(40, { ...full, leftLength: new Float64Array(40), rightLength: new Float64Array(40) })],
    ["one moment for all votes", blank(40, { ...full, time: new Float64Array(40) })],
  ])("%s", (_, votes) => {
    for (const result of runAudits(votes, { seed: 1 })) {
      const told = JSON.stringify({ ...result, numbers: {} });
      expect(told).not.toMatch(/NaN|Infinity|undefined/);
      for (const value of Object.values(result.numbers)) expect(value === null || Number.isFinite(value)).toBe(true);
      for (const table of result.tables) {
        for (const value of table.rows.flatMap((row) => Object.values(row))) {
          if (typeof value === "number") expect(Number.isFinite(value), `${result.audit} ${table.id}`).toBe(true);
        }
      }
      if (result.missing !== null) expect(result.summary).toMatch(/^Not possible: /);
    }
  });

  test("a missing field is named", () => {
    const votes = blank(10, {});
    expect(audit("drift", votes).missing).toContain("time");
    expect(audit("length-bias", votes).missing).toContain("leftLength");
    expect(audit("ties", votes).missing).toContain("annotator");
  });

  test("a side that always shows the same system is not called a bias", () => {
    const outcome = Float64Array.from({ length: 40 }, (_, row) => Number(row % 4 > 0));
    const votes = blank(40, { ...full, outcome });
    expect(audit("position-bias", votes).missing).toMatch(/both ways round/);
  });
});

test("a file that writes winners on the left says nothing of sides, and agreement is as in any other order", () => {
  const votes = crowd({ ties: 0 });
  const won = votes.outcome.map((outcome) => Number(outcome > 0.5));
  const winnersFirst = {
    ...votes,
    left: votes.left.map((left, row) => (won[row] ? left : votes.right[row])),
    right: votes.right.map((right, row) => (won[row] ? right : votes.left[row])),
    outcome: new Float64Array(votes.left.length).fill(1),
  };
  expect(audit("position-bias", winnersFirst).missing).toMatch(/writes winners on that side/);
  expect(audit("one-sided", winnersFirst).missing).toMatch(/writes winners on that side/);
  const alpha = audit("agreement", votes).numbers.alphaNominal as number;
  expect(Math.abs((audit("agreement", winnersFirst).numbers.alphaNominal as number) - alpha)).toBeLessThan(0.02);
});

test("the same seed gives the same report", () => {
  const votes = crowd({ votes: 400 });
  expect(runAudits(votes, { seed: 7 })).toEqual(runAudits(votes, { seed: 7 }));
});

test("an audit that does not exist is refused with the nearest name", () => {
  expect(() => runAudits(crowd({ votes: 10 }), { only: ["positon-bias"], seed: 1 })).toThrow(/no audit "positon-bias"/);
});

test("the report puts the gravest findings first and says which audits could not be made", () => {
  const votes = crowd({ positionBias: 0.8, spammers: 0.1 });
  const report = auditReport(runAudits({ ...votes, time: votes.time.map(() => Number.NaN) }, { seed: 1 }), {
    luce: "test",
    inputs: [],
  });
  const order = report.findings.map(({ severity }) => ["problem", "caution", "note"].indexOf(severity));
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order[0]).toBe(0);
  expect(report.tables[0].rows).toHaveLength(audits.length);
  expect(report.summary).toMatch(/^10 of 11 audits could be made/);
  expect(new Set(report.tables.map(({ id }) => id)).size).toBe(report.tables.length);
});
