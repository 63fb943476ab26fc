import fc from "fast-check";
import { expect, test } from "vitest";
import { splitByPrompt } from "./split-by-prompt.ts";

const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const seed = fc.integer();
const prompts = Array.from({ length: 4000 }, (_, n) => ({ id: `j${n}`, prompt: { content: `prompt ${n}` } }));

test("a judgment's side is its prompt's, whatever its id", () => {
  fc.assert(
    fc.property(share, seed, fc.string({ minLength: 1 }), fc.string(), (share, seed, id, other) => {
      const isApart = splitByPrompt({ share, seed });
      expect(isApart({ id: "a", prompt: { id } })).toBe(isApart({ id: "b", prompt: { id, content: other } }));
      expect(isApart({ id: "a", prompt: { content: id } })).toBe(isApart({ id: "b", prompt: { content: id } }));
    }),
  );
});

test("about the share is set apart, and a larger share sets the same and more apart", () => {
  fc.assert(
    fc.property(share, share, seed, (one, other, seed) => {
      const [small, large] = [Math.min(one, other), Math.max(one, other)].map((share) =>
        prompts.filter(splitByPrompt({ share, seed })),
      );
      const smaller = Math.min(one, other);
      const error = 6 * Math.sqrt((smaller * (1 - smaller)) / prompts.length);
      expect(Math.abs(small.length / prompts.length - smaller)).toBeLessThan(error);
      const inLarge = new Set(large);
      expect(small.every((judgment) => inLarge.has(judgment))).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test("splits of different seeds are independent", () => {
  const [isInFirst, isInSecond] = [1, 2].map((seed) => splitByPrompt({ share: 0.5, seed }));
  const inBoth = prompts.filter((judgment) => isInFirst(judgment) && isInSecond(judgment));
  expect(Math.abs(inBoth.length / prompts.length - 0.25)).toBeLessThan(0.03);
});

test("judgments without a prompt, or with an empty one, are split one by one", () => {
  const isApart = splitByPrompt({ share: 0.5, seed: 1 });
  for (const prompt of [undefined, {}, { content: "" }]) {
    const apart = prompts.filter(({ id }) => isApart({ id, prompt }));
    expect(Math.abs(apart.length / prompts.length - 0.5)).toBeLessThan(0.04);
  }
});

test.each([0, 1, -1, 2, Number.NaN])("a share of %s is refused", (share) => {
  expect(() => splitByPrompt({ share, seed: 1 })).toThrow("between 0 and 1");
});
