import path from "node:path";
import { toJson } from "luce/json";
import type { Report } from "luce/report";
import { writeFileAtomically } from "./atomic-file.ts";

export { replaceFileAtomically, writeFileAtomically } from "./atomic-file.ts";
export { withCleanup, withInterruption } from "./interruption.ts";
export { type Progress, withProgress } from "./progress.ts";
export { provenance } from "./provenance.ts";

export type ReportOutputs = {
  /** Prints JSON instead of text: the report itself, or this document in its place. */
  json?: boolean | Readonly<Record<string, unknown>>;
  /** Writes the HTML report to this file. */
  html?: string;
  /** Writes the first table to this file; the others go beside it, with their id before the extension. */
  csv?: string;
};

/** Prints a report and writes the files that were asked for; where they are goes to standard error. */
export async function emitReport(report: Report, { json, html, csv }: ReportOutputs): Promise<void> {
  // Renderers are loaded where they are used: they take longer to load than many a rating to compute.
  const files = html === undefined && csv === undefined ? [] : await renderFiles(report, html, csv);
  for (const { file, contents } of files) await writeFileAtomically(file, contents);
  print(typeof json === "object" ? toJson(json) : await renderText(report, json === true));
  for (const { file } of files) process.stderr.write(`wrote ${file}\n`);
}

async function renderFiles(report: Report, html: string | undefined, csv: string | undefined) {
  const { renderCsv, renderHtml } = await import("luce/report");
  const pages = html === undefined ? [] : [{ file: html, contents: await renderHtml(report) }];
  const tables = csv === undefined ? [] : report.tables;
  const files = tables.map(({ id }, n) => ({
    file: n === 0 ? csv! : besideFile(csv!, id),
    contents: renderCsv(report, id),
  }));
  return [...pages, ...files];
}

async function renderText(report: Report, isJson: boolean): Promise<string> {
  const { renderJson, renderTerminal } = await import("luce/report");
  return isJson ? renderJson(report) : renderTerminal(report, terminal());
}

/** What standard output can show: its width, and colour where somebody watches and NO_COLOR does not forbid it. */
export function terminal(): { width: number; colour: boolean } {
  const { NO_COLOR, FORCE_COLOR, TERM, COLUMNS } = process.env;
  const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "" && FORCE_COLOR !== "0";
  const watched = process.stdout.isTTY === true && TERM !== "dumb";
  return {
    width: process.stdout.columns ?? (Number(COLUMNS) || 100),
    colour: !NO_COLOR && (forced || watched),
  };
}

/** Writes to standard output; a reader that has seen enough (`| head`) ends the program quietly. */
export function print(text: string): void {
  process.stdout.removeListener("error", onOutputError).on("error", onOutputError);
  process.stdout.write(text);
}

function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
}

function besideFile(file: string, id: string): string {
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}.${id}${ext}`);
}
