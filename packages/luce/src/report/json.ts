import type { Report } from "./report.ts";

/** The report as JSON; the version in `schema` rises when a field changes its meaning. Non-finite numbers are null. */
export function renderJson(report: Report): string {
  return `${JSON.stringify({ schema: "luce-report/1", ...report }, finiteOrNull, 2)}\n`;
}

function finiteOrNull(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}
