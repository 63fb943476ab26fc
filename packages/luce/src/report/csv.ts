import { LuceError, suggestNearest } from "../errors.ts";
import type { Cell, Report } from "./report.ts";

/**
 * One table of the report as CSV (RFC 4180: CRLF, quotes doubled), numbers with all their digits, a header of
 * column keys. Missing and non-finite values are empty.
 *
 * Text that a spreadsheet would run as a formula (it begins with = + - @, a tab or a return) gets a leading
 * apostrophe, because systems and annotators are named by strangers.
 *
 * @param tableId the first table where it is not given.
 * @throws LuceError `invalid-parameter` where the report has no such table.
 */
export function renderCsv(report: Report, tableId: string | undefined = report.tables[0]?.id): string {
  const table = report.tables.find(({ id }) => id === tableId);
  if (!table) {
    throw new LuceError("invalid-parameter", `the report has no table${tableId ? ` "${tableId}"` : ""}`, {
      hint: tableId
        ? suggestNearest(
            tableId,
            report.tables.map(({ id }) => id),
          )
        : "ask for JSON or HTML",
    });
  }
  const keys = table.columns.map(({ key }) => key);
  const rows = table.rows.map((row) => keys.map((key) => field(row[key])));
  return [keys.map(field), ...rows].map((fields) => `${fields.join(",")}\r\n`).join("");
}

function field(value: Cell | undefined): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  const text = String(value);
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
