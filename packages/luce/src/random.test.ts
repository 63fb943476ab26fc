import { expect, test } from "vitest";
import { createRandom } from "./random.ts";

test("the same seed gives the same numbers, another seed others", () => {
  const draw = (seed: number) => {
    const random = createRandom(seed);
    return Array.from({ length: 5 }, () => random.uniform());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test("the first numbers of neighbouring seeds are spread over [0, 1)", () => {
  const first = Array.from({ length: 2000 }, (_, seed) => createRandom(seed - 1000).uniform());
  const tenths = Array<number>(10).fill(0);
  for (const value of first) tenths[Math.floor(value * 10)]++;
  for (const count of tenths) {
    expect(count).toBeGreaterThan(140);
    expect(count).toBeLessThan(260);
  }
});

test("normal numbers have mean 0 and variance 1, also over first draws of seeds", () => {
  const draws = Array.from({ length: 4000 }, (_, seed) => createRandom(seed).normal());
  const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
  const variance = draws.reduce((sum, value) => sum + value ** 2, 0) / draws.length - mean ** 2;
  expect(Math.abs(mean)).toBeLessThan(0.08);
  expect(Math.abs(variance - 1)).toBeLessThan(0.1);
});

test("a fork draws on without disturbing its source", () => {
  const random = createRandom(3);
  const fork = random.fork();
  const after = random.uniform();
  for (let n = 0; n < 100; n++) fork.uniform();
  const again = createRandom(3);
  again.fork();
  expect(again.uniform()).toBe(after);
});
