import { appendFile, mkdir, readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LuceError, suggestNearest } from "luce/errors";
import type { Recipe } from "luce/report";

/** The slugs of the recipes that are there, by their file names. */
export async function listRecipes(): Promise<string[]> {
  const folder = path.dirname(fileURLToPath(import.meta.resolve("luce-recipes/dpo")));
  const files = await readdir(folder);
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

/** Results that outlive the process: a line each, the last of a key counts. A line cut off by a crash is dropped. */
export type Ledger<T> = { readonly entries: ReadonlyMap<string, T>; add(key: string, value: T): Promise<void> };

export async function openLedger<T>(file: string): Promise<Ledger<T>> {
  await mkdir(path.dirname(file), { recursive: true });
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
