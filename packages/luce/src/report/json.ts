import type { Report } from "./report.ts";

/** The report as JSON; the version in `schema` rises when a field changes its meaning. */
export function renderJson(report: Report): string {
  return toJson({ schema: "luce-report/1", ...report });
}

/** Any result as JSON: indented, ending in a newline, numbers finite or null. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, finiteOrNull, 2)}\n`;
}

function finiteOrNull(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}
