// npm run docs [-- --check]
// Writes docs/methods from the registry and the doc comments. With --check it writes nothing, and fails where a page
// is missing, stale or left over.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { loadMethods } from "luce";
import type { Recipe } from "luce/report";
import { indexPage, methodPage } from "./page.ts";
import { readMethodSources } from "./source.ts";

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const root = path.resolve(import.meta.dirname, "../..");
const folder = path.join(root, "docs/methods");

const methods = await loadMethods();
const sources = readMethodSources(root);
const recipes = new Map<string, Recipe>();
for (const { id } of methods) {
  const file = path.join(root, "recipes", `${id}.ts`);
  if (existsSync(file)) recipes.set(id, ((await import(file)) as { recipe: Recipe }).recipe);
}

const pages = new Map<string, string>();
for (const method of methods) {
  const source = sources.get(method.id);
  if (source === undefined) throw new Error(`methods.ts has no line for ${method.id} that can be read`);
  pages.set(`${method.id}.md`, await methodPage(method, source, recipes.get(method.id)));
}
pages.set("README.md", indexPage(methods, new Set(recipes.keys())));

const present = existsSync(folder) ? readdirSync(folder) : [];
const leftOver = present.filter((name) => !pages.has(name));
const stale = [...pages].filter(
  ([name, text]) => !present.includes(name) || readFileSync(path.join(folder, name), "utf8") !== text,
);
if (values.check) {
  const wrong = [...leftOver, ...stale.map(([name]) => name)];
  if (wrong.length > 0) {
    console.error(`docs/methods is stale (${wrong.join(", ")}): npm run docs`);
    process.exit(1);
  }
  console.log(`${pages.size} pages, all up to date`);
} else {
  mkdirSync(folder, { recursive: true });
  for (const name of leftOver) rmSync(path.join(folder, name));
  for (const [name, text] of stale) writeFileSync(path.join(folder, name), text);
  console.log(`${pages.size} pages, ${stale.length} written, ${leftOver.length} removed`);
}
process.exit(0);
