import { readdirSync } from "node:fs";
import { join } from "node:path";
import { loadMethod } from "luce";
import type { Recipe } from "luce/report";
import { expect, test } from "vitest";
import { recipe as kSortArena } from "./k-sort-arena.ts";
import { recipe as rankingMetrics } from "./ranking-metrics.ts";
import { recipe as roboArena } from "./robo-arena.ts";
import { recipe as sparsePo } from "./sparse-po.ts";

const recipes: Recipe[] = [kSortArena, roboArena, rankingMetrics, sparsePo];

const slugs = readdirSync(import.meta.dirname).flatMap((name) => /^([a-z0-9-]+)\.ts$/.exec(name)?.[1] ?? []);

test.each(slugs)("%s names a method, its title and what its paper claims", async (slug) => {
  const { recipe } = (await import(/* @vite-ignore */ join(import.meta.dirname, `${slug}.ts`))) as { recipe: Recipe };
  expect(recipe.id).toBe(slug);
  expect(await loadMethod(slug)).toHaveProperty("id", slug);
  expect(recipe.title).toMatch(/^\S.+[^.]$/);
  expect(recipe.claim).toMatch(/^\S.{20,}\.$/);
});

test.each([rankingMetrics, sparsePo])("$id gives the same on the same seeds, and another on others", async (recipe) => {
  const first = await recipe.run({ seeds: 2, firstSeed: 3 });
  expect(await recipe.run({ seeds: 2, firstSeed: 3 })).toEqual(first);
  expect((await recipe.run({ seeds: 2, firstSeed: 8 })).tables).not.toEqual(first.tables);
});

test.each(recipes)("$id runs on any number of seeds, reports its progress and is plain data", async (recipe) => {
  const progress: [number, number][] = [];
  const result = await recipe.run({
    seeds: 2,
    firstSeed: 3,
    onProgress: (done, total) => progress.push([done, total]),
  });
  expect(result.findings[0].text).toContain(`Verdict: ${result.verdict}`);
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  expect(progress.length).toBeGreaterThan(0);
  expect(progress.every(([done], index) => done === index + 1)).toBe(true);
  expect(progress.at(-1)![0]).toBe(progress.at(-1)![1]);
});

test("K-Sort settles in far fewer votes than Elo, and only with the sign of the paper's text", async () => {
  const { tables, verdict } = await kSortArena.run({ seeds: 3 });
  const [kSort, , two, , printed, elo] = tables[0].rows;
  expect(verdict).toBe("reproduced");
  expect(kSort.mean as number).toBeLessThan(two.mean as number);
  expect(two.mean as number).toBeLessThan(elo.mean as number);
  expect(printed.unsettled).toBe(3);
});

test("free-form pairs correlate better with the oracle than a few fixed tasks do", async () => {
  const { verdict } = await roboArena.run({ seeds: 20 });
  expect(verdict).toBe("reproduced");
});
