import { describe, expect, test } from "vitest";
import type { LuceError } from "../errors.ts";
import type { FinishedRuns, RecipeRun } from "../report/recipe.ts";
import { type Arm, type Claim, type Expectation, testClaim } from "./claim.ts";

const arm = (name: string, values: readonly (number | null)[]): Arm => ({
  name,
  run: async (seed) => ({
    measures: { score: values[seed - 1] },
    curve: [
      { x: 0, y: 0 },
      { x: 1, y: values[seed - 1] ?? 0 },
    ],
  }),
});

const judge = (own: readonly (number | null)[], other: readonly (number | null)[], byAtLeast: number) =>
  testClaim(
    {
      title: "t",
      claim: "c",
      arms: [arm("a", own), arm("b", other)],
      measures: { score: { label: "Score" } },
      expectations: [{ says: "A beats B", arm: "a", than: "b", measure: "score", byAtLeast }],
      curves: { title: "t", x: "x", y: "y" },
    },
    { seeds: own.length },
  );

test("seeds are paired: what they share does not widen the interval", async () => {
  const { verdict, findings } = await judge([11, 22, 33.1], [10, 21, 32], 0.5);
  expect(verdict).toBe("reproduced");
  expect(findings[0].text).toContain("the difference is 1.033");
});

test("a claim whose interval lies below what was expected is not reproduced, one that straddles it cannot be shown", async () => {
  expect((await judge([1, 1.1, 0.9], [2, 2.1, 2], 0)).verdict).toBe("not reproduced");
  expect((await judge([1, 3, 1], [2, 1, 2], 0)).verdict).toBe("cannot be shown at this scale");
});

test("seeds on which an arm could not be measured are left out, and too few of them decide nothing", async () => {
  expect((await judge([3, null, 3.1], [1, 1, 1], 1)).verdict).toBe("reproduced");
  const { verdict, findings, tables } = await judge([3, null, null], [1, 1, 1], 1);
  expect(verdict).toBe("cannot be shown at this scale");
  expect(findings[0].text).toContain("could not be measured on two seeds");
  expect(tables[0].rows[0]).toMatchObject({ arm: "a", score: null });
});

test("a claim that was stopped goes on with the runs that are left, and ends as one that was not", async () => {
  const started: string[] = [];
  const counting = ({ name, run }: Arm): Arm => ({
    name,
    run(seed) {
      started.push(`${name} ${seed}`);
      return run(seed);
    },
  });
  const claim: Claim = {
    title: "t",
    claim: "c",
    arms: [counting(arm("a", [3, 5, 4])), counting(arm("b", [1, null, 2]))],
    measures: { score: { label: "Score" } },
    expectations: [{ says: "A beats B", arm: "a", than: "b", measure: "score", byAtLeast: 0 }],
    curves: { title: "t", x: "x", y: "y" },
  };
  const whole = await testClaim(claim, { seeds: 3 });
  started.length = 0;
  const kept = new Map<string, RecipeRun>();
  const finished: FinishedRuns = {
    find: (name, seed) => kept.get(`${name} ${seed}`),
    async keep(name, seed, run) {
      kept.set(`${name} ${seed}`, run);
      if (kept.size === 3) throw new Error("stopped");
    },
  };
  await expect(testClaim(claim, { seeds: 3, finished })).rejects.toThrow("stopped");
  const parts: number[] = [];
  const rest = await testClaim(claim, { seeds: 3, finished, onProgress: (done) => parts.push(done) });
  expect(rest).toEqual(whole);
  expect(started).toEqual(["a 1", "b 1", "a 2", "b 2", "a 3", "b 3"]);
  expect(parts).toEqual([1, 2, 3, 4, 5, 6]);
});

describe("a claim about what is not there is refused before anything is run", () => {
  const claimOf = (expected: Partial<Expectation>, arms = ["learned", "baseline"]): Claim => ({
    title: "t",
    claim: "c",
    arms: arms.map((name) => ({ name, run: () => Promise.reject(new Error("it was run")) })),
    measures: { score: { label: "Score" } },
    expectations: [{ says: "s", arm: "learned", than: "baseline", measure: "score", byAtLeast: 0, ...expected }],
  });
  const refusal = (claim: Claim) => testClaim(claim, { seeds: 2 }).catch((error: LuceError) => error);

  test.each([
    [{ arm: "lerned" }, 'there is no arm "lerned"', 'did you mean "learned"?'],
    [{ than: "base line" }, 'there is no arm "base line"', 'did you mean "baseline"?'],
    [{ measure: "scores" }, 'there is no measure "scores"', 'did you mean "score"?'],
  ])("%o", async (expected, message, hint) => {
    expect(await refusal(claimOf(expected))).toMatchObject({ code: "invalid-parameter", message, hint });
  });

  test("two arms of one name", async () => {
    expect(await refusal(claimOf({}, ["learned", "baseline", "learned"]))).toMatchObject({
      code: "invalid-parameter",
      message: 'two arms are called "learned"',
    });
  });
});
