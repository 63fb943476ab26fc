import { createHash } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LuceError, suggestNearest } from "luce/errors";
import type { FinishedRuns, Recipe, RecipeRun } from "luce/report";

/** The slugs of the recipes that are there, by their file names. */
export async function listRecipes(): Promise<string[]> {
  const files = await readdir(path.dirname(recipeFile("dpo")));
  return files
    .filter((file) => /\.[jt]s$/.test(file) && !/\.(test|d|config)\.[jt]s$/.test(file))
    .map((file) => path.parse(file).name)
    .sort();
}

/** @throws LuceError `unknown-method`, with the nearest name */
export async function loadRecipe(slug: string): Promise<Recipe> {
  const slugs = await listRecipes();
  if (!slugs.includes(slug)) {
    throw new LuceError("unknown-method", `there is no recipe "${slug}"`, { hint: suggestNearest(slug, slugs) });
  }
  const { recipe } = (await import(`luce-recipes/${slug}`)) as { recipe: Recipe };
  return recipe;
}

function recipeFile(slug: string): string {
  return fileURLToPath(import.meta.resolve(`luce-recipes/${slug}`));
}

export type KeptRuns = FinishedRuns & {
  /** How many runs were found, and so not repeated. */
  found(): number;
  /** For when the recipe has come to its end: asked for again, it is run anew. */
  forget(): Promise<void>;
};

/** The finished runs of a recipe that has not come to its end; those of a recipe that has changed since are not found. */
export async function openKeptRuns(folder: string, slug: string): Promise<KeptRuns> {
  const file = path.join(folder, `${slug}.runs.jsonl`);
  const ledger = await openLedger<RecipeRun>(file);
  const version = createHash("sha256")
    .update(await readFile(recipeFile(slug)))
    .digest("hex")
    .slice(0, 16);
  const keyOf = (arm: string, seed: number) => `${version} ${seed} ${arm}`;
  let found = 0;
  return {
    find(arm, seed) {
      const run = ledger.entries.get(keyOf(arm, seed));
      if (run) found++;
      return run;
    },
    async keep(arm, seed, run) {
      if (isExactInJson(run)) await ledger.add(keyOf(arm, seed), run);
    },
    found: () => found,
    forget: () => rm(file, { force: true }),
  };
}

/** JSON has no NaN and no infinity: they would come back as what could not be measured. */
function isExactInJson({ measures, curve = [] }: RecipeRun): boolean {
  const numbers = [...Object.values(measures), ...curve.flatMap(({ x, y }) => [x, y])];
  return numbers.every((number) => number === null || number === undefined || Number.isFinite(number));
}

/** Results that outlive the process: a line each, the last of a key counts. A line cut off by a crash is dropped. */
export type Ledger<T> = { readonly entries: ReadonlyMap<string, T>; add(key: string, value: T): Promise<void> };

export async function openLedger<T>(file: string): Promise<Ledger<T>> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new LuceError("unreadable", `no folder can be made here (${error.message})`, {
      where: folder,
      hint: "name another with --out",
      cause: error,
    });
  });
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new LuceError("unreadable", `it cannot be read (${error.message})`, { where: file, cause: error });
  });
  const entries = new Map<string, T>();
  for (const line of text.split("\n").slice(0, -1)) {
    const parsed = parseLine<T>(line);
    if (parsed) entries.set(parsed.key, parsed.value);
  }
  const isCut = text !== "" && !text.endsWith("\n");
  if (isCut) await appendFile(file, "\n");
  return {
    entries,
    async add(key, value) {
      await appendFile(file, `${JSON.stringify({ key, value })}\n`);
      entries.set(key, value);
    },
  };
}

function parseLine<T>(line: string): { key: string; value: T } | undefined {
  try {
    return JSON.parse(line) as { key: string; value: T };
  } catch {
    return undefined;
  }
}
