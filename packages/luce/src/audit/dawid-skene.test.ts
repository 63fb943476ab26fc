import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { dawidSkeneMethod, fitDawidSkene } from "./dawid-skene.ts";

/** Three annotators on every unit, right with the given chances, else the next class. */
function plant(chances: number[], units: number, classes: number) {
  const random = createRandom(3);
  const truth = Array.from({ length: units }, () => random.integer(classes));
  const rows = truth.flatMap((answer, unit) =>
    chances.map((chance, annotator) => ({
      unit,
      annotator,
      label: random.uniform() < chance ? answer : (answer + 1) % classes,
    })),
  );
  return { truth, rows };
}

test("finds the truth and how often each annotator gives it", () => {
  const chances = [0.95, 0.85, 0.7, 0.9, 0.2];
  const { truth, rows } = plant(chances, 800, 3);
  const fit = fitDawidSkene(
    {
      unit: Int32Array.from(rows, ({ unit }) => unit),
      annotator: Int32Array.from(rows, ({ annotator }) => annotator),
      label: Int32Array.from(rows, ({ label }) => label),
      units: 800,
      annotators: 5,
      classes: 3,
    },
    { smoothing: 0, maxIterations: 1000, tolerance: 1e-8 },
  );
  const found = truth.filter((answer, unit) => fit.posteriors[unit * 3 + answer] > 0.5).length;
  expect(found / 800).toBeGreaterThan(0.97);
  chances.forEach((chance, k) => {
    for (let c = 0; c < 3; c++) expect(Math.abs(fit.confusion[(k * 3 + c) * 3 + c] - chance)).toBeLessThan(0.06);
  });
});

test("an annotator who never met an answer has a uniform row for it, not NaN", async () => {
  const votes = [
    { unit: 0, annotator: 0, label: 0 },
    { unit: 0, annotator: 1, label: 0 },
  ];
  const { confusion, posteriors } = await dawidSkeneMethod.evaluate(
    { nUnits: 2, nAnnotators: 2, nClasses: 2, votes },
    {},
  );
  expect((confusion as number[][][]).flat(2).every(Number.isFinite)).toBe(true);
  expect((posteriors as number[][]).flat().every(Number.isFinite)).toBe(true);
});

test("refuses a label out of range by naming the vote", () => {
  expect(() =>
    dawidSkeneMethod.evaluate(
      { nUnits: 1, nAnnotators: 1, nClasses: 2, votes: [{ unit: 0, annotator: 0, label: 2 }] },
      {},
    ),
  ).toThrow(/vote 0 .* out of range/);
});
