import { toJson } from "../json.ts";
import type { Report } from "./report.ts";

/** The report as JSON; the version in `schema` rises when a field changes its meaning. */
export function renderJson(report: Report): string {
  return toJson({ schema: "luce-report/1", ...report });
}
