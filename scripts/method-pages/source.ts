import { readFileSync } from "node:fs";
import path from "node:path";

/** What a method's own file says about it. */
export type MethodSource = {
  /** Relative to the root of the repository. */
  readonly file: string;
  /** The name under which the method is exported. */
  readonly exportName: string;
  /** The file's doc comment, without its decoration. */
  readonly comment: string;
  /** The doc comments of parameters, by name. */
  readonly parameters: Readonly<Record<string, string>>;
};

const library = "packages/luce/src";
const registration = /(?:"([\w-]+)"|(\w+)): async \(\) =>\s*\(await import\("\.\/(.+?)"\)\)\.(\w+)/g;

/** Of every registered method, by its slug: from the line of the registry to the file it loads. */
export function readMethodSources(root: string): Map<string, MethodSource> {
  const registry = readFileSync(path.join(root, library, "methods.ts"), "utf8");
  const sources = new Map<string, MethodSource>();
  for (const [, quoted, plain, from, exportName] of registry.matchAll(registration)) {
    const file = `${library}/${from}`;
    const text = readFileSync(path.join(root, file), "utf8");
    sources.set(quoted ?? plain, {
      file,
      exportName,
      comment: leadingComment(text),
      parameters: parameterComments(text),
    });
  }
  return sources;
}

function leadingComment(text: string): string {
  return undecorated(/\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? "");
}

function parameterComments(text: string): Record<string, string> {
  const found = text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s*(\w+): z\b/g);
  return Object.fromEntries(
    [...found].map(([, comment, name]) => [name, undecorated(comment).replaceAll(/\s+/g, " ").trim()]),
  );
}

function undecorated(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

/** A doc comment in Markdown: formulas (lines set in by two spaces) as blocks, `@see` as the source. */
export function commentToMarkdown(comment: string): { body: string; source: string } {
  const [text, ...sources] = comment.split(/^@see /m);
  const body: string[] = [];
  let inFormula = false;
  for (const line of text.trim().split("\n")) {
    const isFormula: boolean = /^ {2,}\S/.test(line) || (inFormula && line === "");
    if (isFormula !== inFormula) {
      while (inFormula && body.at(-1) === "") body.pop();
      body.push(...(isFormula ? ["```text"] : ["```", ""]));
      inFormula = isFormula;
    }
    body.push(isFormula ? line.replace(/^ {2}/, "") : line);
  }
  while (body.at(-1) === "") body.pop();
  if (inFormula) body.push("```");
  return { body: body.join("\n"), source: sources.join("; ").replaceAll(/\s+/g, " ").trim() };
}
