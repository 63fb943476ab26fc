import stringWidth from "string-width";
import { formatCell, isNumeric } from "./format.ts";
import type { Column, Plot, Table } from "./report.ts";
import type { Canvas } from "./terminal.ts";
import { drawInterval, type Interval, intervalScale } from "./terminal-plots.ts";
import { pad, printable, wrap } from "./terminal-text.ts";
import { truncate } from "./text-width.ts";

const GAP = 2;
const NARROWEST_TEXT = 12;
const NARROWEST_INTERVALS = 16;
const WIDEST_INTERVALS = 48;

type DrawnColumn = { column: Column; cells: string[]; width: number; align: "left" | "right" };

/**
 * A table in aligned columns. Where it is too wide, long text is cut first, then the last columns are left out
 * and named below. `intervals` are drawn at the end of the rows where at least 16 columns remain for them.
 */
export function drawTable(
  { title, caption, columns, rows }: Table,
  { width, colours }: Canvas,
  intervals?: Extract<Plot, { kind: "intervals" }>,
): { lines: string[]; hasIntervals: boolean } {
  const drawn = columns.map((column): DrawnColumn => {
    const cells = rows.map((row) => printable(formatCell(row[column.key], column)));
    const widest = cells.reduce((most, cell) => Math.max(most, stringWidth(cell)), stringWidth(column.label));
    return { column, cells, width: widest, align: isNumeric(column, rows) ? "right" : "left" };
  });
  const { shown, hidden } = fit(drawn, width);
  const remaining = width - totalWidth(shown) - GAP;
  const beside =
    intervals && intervals.points.length === rows.length && remaining >= NARROWEST_INTERVALS
      ? drawBeside(intervals.points, Math.min(remaining, WIDEST_INTERVALS), colours)
      : undefined;
  const line = (cells: string[], last: string | undefined) =>
    `${cells.join(" ".repeat(GAP))}${last ? " ".repeat(GAP) + last : ""}`.trimEnd();
  const header = shown.map(({ column, width: size, align }) => pad(truncate(column.label, size), size, align));
  return {
    lines: [
      ...wrap(printable(title), width).map(colours.bold),
      ...wrap(printable(caption ?? ""), width).map(colours.dim),
      line(
        header.map((cell) => colours.underline(cell)),
        beside?.header,
      ),
      ...rows.flatMap((_, n) =>
        drawRow(shown, n).map((cells, first) => line(cells, first === 0 ? beside?.rows[n] : undefined)),
      ),
      ...(rows.length === 0 ? [colours.dim("(no rows)")] : []),
      ...(hidden.length > 0
        ? wrap(`not shown at this width: ${hidden.map(({ column }) => column.label).join(", ")}`, width).map(
            colours.dim,
          )
        : []),
    ],
    hasIntervals: beside !== undefined,
  };
}

/** The lines of one row: prose is wrapped, other text cut. */
function drawRow(shown: DrawnColumn[], n: number): string[][] {
  const wrapped = shown.map(({ column, cells, width }) =>
    column.format === "prose" ? wrap(cells[n], width) : [truncate(cells[n], width)],
  );
  const height = wrapped.reduce((most, lines) => Math.max(most, lines.length), 1);
  return Array.from({ length: height }, (_, at) =>
    shown.map(({ width, align }, c) => pad(wrapped[c][at] ?? "", width, align)),
  );
}

/** Shrinks text columns, the widest first, then drops columns from the end, until the rest fit. */
function fit(columns: DrawnColumn[], width: number): { shown: DrawnColumn[]; hidden: DrawnColumn[] } {
  for (let count = columns.length; count > 0; count--) {
    const shown = columns.slice(0, count).map((column) => ({ ...column }));
    while (totalWidth(shown) > width) {
      const widest = shown
        .filter(({ align, width: size }) => align === "left" && size > NARROWEST_TEXT)
        .reduce<DrawnColumn | undefined>(
          (most, column) => (most && most.width >= column.width ? most : column),
          undefined,
        );
      if (!widest) break;
      widest.width--;
    }
    if (count === 1) shown[0].width = Math.min(shown[0].width, width);
    if (totalWidth(shown) <= width) return { shown, hidden: columns.slice(count) };
  }
  return { shown: [], hidden: columns };
}

function totalWidth(columns: DrawnColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width + GAP, -GAP);
}

function drawBeside(points: readonly Interval[], width: number, colours: Canvas["colours"]) {
  const scale = intervalScale(points, width);
  return {
    header: colours.dim(scale.axis),
    rows: points.map((point) => drawInterval(point, scale, colours)),
  };
}
