import fc from "fast-check";
import { expect, test } from "vitest";
import { sampleReport } from "../../test/sample-report.ts";
import { renderCsv } from "./csv.ts";
import { renderJson } from "./json.ts";
import type { Report } from "./report.ts";

function withCells(values: readonly (string | number | null)[]): Report {
  const table = {
    id: "t",
    title: "t",
    columns: [{ key: "value", label: "v" }],
    rows: values.map((value) => ({ value })),
  };
  return { ...sampleReport, tables: [table] };
}

/** RFC 4180, read independently of how it is written. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  for (const record of text.matchAll(/((?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,(?:"(?:[^"]|"")*"|[^",\r\n]*))*)\r\n/g)) {
    rows.push(
      [...record[1].matchAll(/(?:^|,)("(?:[^"]|"")*"|[^",\r\n]*)/g)].map(([, value]) =>
        value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value,
      ),
    );
  }
  return rows;
}

test("the JSON is the report under a schema, with null for numbers that are not finite", () => {
  const { schema, ...parsed } = JSON.parse(renderJson(sampleReport));
  expect(schema).toBe("luce-report/1");
  expect(parsed.tables[0].rows[2].ties).toBeNull();
  expect(parsed.plots[0].points[2].value).toBeNull();
  expect(parsed.provenance).toEqual(sampleReport.provenance);
});

test("a table as CSV looks like this", () => {
  expect(renderCsv(sampleReport)).toMatchSnapshot();
});

test("any text survives CSV, except that formulas get an apostrophe", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: "binary" }).filter((text) => text !== ""),
        { minLength: 1 },
      ),
      (texts) => {
        const [, ...rows] = parseCsv(renderCsv(withCells(texts)));
        expect(rows.map(([value]) => value)).toEqual(
          texts.map((text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)),
        );
      },
    ),
  );
});

test("numbers keep all their digits, negative ones too", () => {
  expect(renderCsv(withCells([-0.1234567890123, 1e-300, Number.POSITIVE_INFINITY, null]))).toBe(
    "value\r\n-0.1234567890123\r\n1e-300\r\n\r\n\r\n",
  );
});

test("a table that is not there is named with the nearest one", () => {
  expect(() => renderCsv(sampleReport, "leaderbord")).toThrow(/no table "leaderbord"/);
});
