import fc from "fast-check";
import { expect, test } from "vitest";
import { krippendorffAlpha, krippendorffAlphaMethod } from "./krippendorff-alpha.ts";

const ratings = fc.array(fc.array(fc.option(fc.integer({ min: 0, max: 3 })), { minLength: 6, maxLength: 6 }), {
  minLength: 2,
  maxLength: 5,
});

test("is 1 where annotators always agree, whatever the level", async () => {
  for (const level of ["nominal", "ordinal", "interval", "ratio"]) {
    const { alpha } = await krippendorffAlphaMethod.evaluate(
      {
        ratings: [
          [1, 2, 3, 1],
          [1, 2, 3, null],
        ],
      },
      { level },
    );
    expect(alpha).toBe(1);
  }
});

test("two annotators who differ on both of two values have alpha -0.5 on two units", () => {
  // Four ratings, two of each value: D_o = 1, D_e = 2 * 2 * 2 / (4 * 3).
  expect(
    krippendorffAlpha(
      [0, 1],
      [
        [1, 1],
        [1, 1],
      ],
      "nominal",
    ).alpha,
  ).toBeCloseTo(-0.5, 12);
});

test("is not defined where nothing can differ or no unit was rated twice", () => {
  expect(krippendorffAlpha([0], [[3], [2]], "interval").alpha).toBeNull();
  expect(
    krippendorffAlpha(
      [0, 1],
      [
        [1, 0],
        [0, 1],
      ],
      "nominal",
    ).alpha,
  ).toBeNull();
  expect(krippendorffAlpha([], [], "nominal").percentAgreement).toBeNull();
});

test("does not change with the order of annotators, nor nominally with the names of values", async () => {
  await fc.assert(
    fc.asyncProperty(ratings, async (given) => {
      const alpha = async (table: (number | null)[][]) =>
        (await krippendorffAlphaMethod.evaluate({ ratings: table }, {})).alpha as number | null;
      const renamed = given.map((row) => row.map((value) => (value === null ? null : (value * 7 + 3) % 11)));
      const expected = await alpha(given);
      for (const other of [await alpha([...given].reverse()), await alpha(renamed)]) {
        if (expected === null) expect(other).toBeNull();
        else expect(other).toBeCloseTo(expected, 10);
      }
    }),
  );
});

test("a unit drawn twice weighs twice", () => {
  const units = [
    [2, 1],
    [0, 2],
    [1, 1],
  ];
  expect(krippendorffAlpha([0, 1], units, "nominal", [2, 1, 0]).alpha).toBeCloseTo(
    krippendorffAlpha([0, 1], [units[0], units[0], units[1]], "nominal").alpha as number,
    12,
  );
});

test("refuses ratings of uneven length by naming the annotator", () => {
  expect(() => krippendorffAlphaMethod.evaluate({ ratings: [[1, 2], [1]] }, {})).toThrow(/annotator 1 has 1 units/);
});
