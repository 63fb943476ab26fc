import { formatCell } from "./format.ts";
import type { Plot, Table } from "./report.ts";

/** A plot in one sentence, for readers who cannot see it. */
export function describePlot(plot: Plot): string {
  switch (plot.kind) {
    case "intervals":
      return `${plot.title}: ${plot.x} of ${plot.points.length}, with intervals. ${extremes(plot.points)}`;
    case "bars":
      return `${plot.title}: ${plot.x} of ${plot.bars.length}. ${extremes(plot.bars)}`;
    case "matrix": {
      const range = rangeOf(plot.values.flat());
      return `${plot.title}: ${plot.label}, ${plot.rows.length} rows by ${plot.columns.length} columns${range ? `, from ${formatCell(range[0], plot)} to ${formatCell(range[1], plot)}` : ""}.`;
    }
    case "lines":
      return `${plot.title}: ${plot.y} over ${plot.x}; ${plot.series.map(({ name }) => name).join(", ")}.`;
    case "scatter":
      return `${plot.title}: ${plot.points.length} points, ${plot.y} against ${plot.x}.`;
  }
}

function extremes(points: readonly { label: string; value: number }[]): string {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  if (finite.length === 0) return "";
  const highest = finite.reduce((a, b) => (b.value > a.value ? b : a));
  const lowest = finite.reduce((a, b) => (b.value < a.value ? b : a));
  return `Highest: ${highest.label}, ${formatCell(highest.value)}; lowest: ${lowest.label}, ${formatCell(lowest.value)}.`;
}

function rangeOf(values: readonly (number | null)[]): [number, number] | undefined {
  let range: [number, number] | undefined;
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    range = range ? [Math.min(range[0], value), Math.max(range[1], value)] : [value, value];
  }
  return range;
}

const MOST_ROWS = 500;
const MOST_COLUMNS = 24;

/** The numbers of a plot as a table, or undefined where they are too many to read. */
export function plotTable(plot: Plot): Pick<Table, "columns" | "rows"> | undefined {
  const table = allNumbers(plot);
  return table.rows.length > 0 && table.rows.length <= MOST_ROWS && table.columns.length <= MOST_COLUMNS
    ? table
    : undefined;
}

function allNumbers(plot: Plot): Pick<Table, "columns" | "rows"> {
  const used = <K extends string>(keys: readonly K[], rows: readonly { [key in K]?: unknown }[]) =>
    keys.filter((key) => rows.some((row) => row[key] !== undefined && row[key] !== null && row[key] !== ""));
  switch (plot.kind) {
    case "intervals":
      return {
        columns: used(["label", "value", "lower", "upper", "truth"], plot.points).map((key) => ({
          key,
          label: key === "value" ? plot.x : key === "label" ? "" : key,
        })),
        rows: plot.points,
      };
    case "bars":
      return {
        columns: used(["label", "value", "lower", "upper"], plot.bars).map((key) => ({
          key,
          label: key === "value" ? plot.x : key === "label" ? "" : key,
        })),
        rows: plot.bars,
      };
    case "scatter":
      return {
        columns: used(["label", "x", "y"], plot.points).map((key) => ({
          key,
          label: key === "x" ? plot.x : key === "y" ? plot.y : "",
        })),
        rows: plot.points,
      };
    case "lines": {
      const rows = plot.series.flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
      return {
        columns: used(["name", "x", "y", "lower", "upper"], rows).map((key) => ({
          key,
          label: key === "x" ? plot.x : key === "y" ? plot.y : key === "name" ? "" : key,
        })),
        rows,
      };
    }
    case "matrix":
      return {
        columns: [
          { key: "row", label: "", format: "text" },
          ...plot.columns.map((label, j) => ({ key: String(j), label, format: plot.format, digits: plot.digits })),
        ],
        rows: plot.values.map((row, i) => ({ row: plot.rows[i], ...Object.fromEntries(row.entries()) })),
      };
  }
}
