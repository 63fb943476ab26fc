import stringWidth from "string-width";
import { formatCell, isFiniteNumber } from "./format.ts";
import type { Plot } from "./report.ts";
import type { Canvas } from "./terminal.ts";
import { pad, printable, wrap } from "./terminal-text.ts";
import { truncate } from "./text-width.ts";

type PlotOf<Kind extends Plot["kind"]> = Extract<Plot, { kind: Kind }>;
export type Interval = PlotOf<"intervals">["points"][number];

const MOST_LINES = 40;
const WIDEST_LABEL = 28;
const LEAST_MARKS = 8;
const SPARKS = "▁▂▃▄▅▆▇█";

/** A plot as lines of text; what text cannot draw is left to HTML, and says so. */
export function drawPlot(plot: Plot, canvas: Canvas): string[] {
  const lines = drawMarks(plot, canvas);
  const { colours, width } = canvas;
  return [
    ...wrap(printable(plot.title), width).map(colours.bold),
    ...wrap(printable(plot.caption ?? ""), width).map(colours.dim),
    ...lines,
  ];
}

function drawMarks(plot: Plot, canvas: Canvas): string[] {
  switch (plot.kind) {
    case "intervals":
      return drawIntervals(plot, canvas);
    case "matrix":
      return drawMatrix(plot, canvas);
    case "lines":
      return drawLines(plot, canvas);
    case "bars":
      return drawBars(plot, canvas);
    case "scatter":
      return remark(`${plot.points.length} points, ${plot.y} against ${plot.x}: see the HTML report`, canvas);
  }
}

function drawIntervals({ points }: PlotOf<"intervals">, canvas: Canvas): string[] {
  const { width, colours } = canvas;
  const shown = points.slice(0, MOST_LINES);
  const labels = shownLabels(
    shown.map(({ label }) => label),
    width,
  );
  const labelWidth = widest(labels);
  const values = shown.map(({ value }) => formatCell(value));
  const valueWidth = widest(values);
  const scale = intervalScale(shown, Math.max(1, width - labelWidth - valueWidth - 4));
  return [
    ...shown.map(
      (point, n) =>
        `${pad(labels[n], labelWidth)}  ${pad(values[n], valueWidth, "right")}  ${drawInterval(point, scale, colours)}`,
    ),
    colours.dim(`${" ".repeat(labelWidth + valueWidth + 4)}${scale.axis}`),
    ...andMore(points.length - shown.length, canvas),
  ];
}

export type IntervalScale = { width: number; axis: string; at(value: number): number };

/** Maps values to columns 0 to width - 1; `axis` names the two ends. */
export function intervalScale(points: readonly Interval[], width: number): IntervalScale {
  const ends = points
    .flatMap(({ value, lower, upper, truth }) => [value, lower, upper, truth])
    .filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  const low = ends.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = ends.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const [from, to] = ends.length === 0 ? ["", ""] : [formatCell(low), formatCell(high)];
  return {
    width,
    axis: truncate(from + " ".repeat(Math.max(1, width - from.length - to.length)) + to, width),
    at: (value) => (high > low ? Math.round(((value - low) / (high - low)) * (width - 1)) : Math.floor(width / 2)),
  };
}

/** `├──●──◇┤`: the interval, the estimate, and the truth where it is known (`◈` where they coincide). */
export function drawInterval(
  { value, lower, upper, truth }: Interval,
  { width, at }: IntervalScale,
  colours: Canvas["colours"],
): string {
  const cells: string[] = Array<string>(width).fill(" ");
  if (isFiniteNumber(lower) && isFiniteNumber(upper)) {
    const [from, to] = [at(lower), at(upper)];
    for (let i = from; i <= to; i++) cells[i] = colours.blue("─");
    if (to > from) {
      cells[from] = colours.blue("├");
      cells[to] = colours.blue("┤");
    }
  }
  if (isFiniteNumber(truth)) cells[at(truth)] = colours.yellow("◇");
  if (isFiniteNumber(value)) {
    const same = isFiniteNumber(truth) && at(truth) === at(value);
    cells[at(value)] = same ? colours.yellow("◈") : colours.bold("●");
  }
  return cells.join("").trimEnd();
}

/** Shaded cells with their values where these fit; rows are named, columns numbered as the rows are. */
function drawMatrix({ rows, columns, values, midpoint, format, digits }: PlotOf<"matrix">, canvas: Canvas): string[] {
  const { width, colours } = canvas;
  const percent = format === "percent" || format === "probability";
  const text = (value: number | null) =>
    value === null || !Number.isFinite(value)
      ? ""
      : percent
        ? String(Math.round(100 * value))
        : formatCell(value, { format, digits });
  const cells = values.map((row) => row.map(text));
  const square = rows.length === columns.length && rows.every((row, i) => row === columns[i]);
  const digitsOfLast = String(rows.length).length;
  const heads = columns.map((column, j) => (square ? String(j + 1) : printable(column)));
  const labels = shownLabels(
    rows.map((row, i) => (square ? `${String(i + 1).padStart(digitsOfLast)} ${row}` : row)),
    width,
  );
  const labelWidth = widest(labels);
  const cellWidth = Math.max(...cells.flat().map((cell) => cell.length), ...heads.map((head) => stringWidth(head))) + 1;
  if (labelWidth + cellWidth * columns.length > width || rows.length > MOST_LINES) {
    return remark(
      `${rows.length} × ${columns.length} cells are too many for this terminal: see the HTML report`,
      canvas,
    );
  }
  const shade = shader(values, midpoint, colours);
  return [
    " ".repeat(labelWidth) + heads.map((head) => colours.dim(pad(head, cellWidth, "right"))).join(""),
    ...cells.map(
      (row, i) =>
        pad(labels[i], labelWidth) + row.map((cell, j) => shade(pad(cell, cellWidth, "right"), values[i][j])).join(""),
    ),
    ...(percent ? [colours.dim("in percent")] : []),
  ];
}

/** Background shades of the 256-colour palette: blue above the midpoint, red below, stronger when further from it. */
function shader(values: PlotOf<"matrix">["values"], midpoint: number | undefined, colours: Canvas["colours"]) {
  const finite = values.flat().filter((value): value is number => isFiniteNumber(value));
  const middle = midpoint ?? Math.min(...finite);
  const reach = Math.max(...finite.map((value) => Math.abs(value - middle)));
  const above = [236, 237, 24, 25, 26];
  const below = [236, 237, 52, 88, 124];
  return (cell: string, value: number | null): string => {
    if (!colours.isColorSupported || !isFiniteNumber(value)) return cell;
    const step = reach > 0 ? Math.min(4, Math.floor((Math.abs(value - middle) / reach) * 5)) : 0;
    return `\u001B[38;5;255;48;5;${(value >= middle ? above : below)[step]}m${cell}\u001B[0m`;
  };
}

function drawLines({ series, x, y, logarithmic }: PlotOf<"lines">, canvas: Canvas): string[] {
  const { width, colours } = canvas;
  const shown = series.slice(0, MOST_LINES);
  const labels = shownLabels(
    shown.map(({ name }) => name),
    width,
  );
  const labelWidth = widest(labels);
  const ends = shown.map(({ points }) =>
    points.length > 0 ? `${formatCell(points[0].y)} → ${formatCell(points[points.length - 1].y)}` : "",
  );
  const endsWidth = width - labelWidth - widest(ends) < LEAST_MARKS + 4 ? 0 : widest(ends);
  const longest = shown.reduce((most, { points }) => Math.max(most, points.length), 0);
  const sparkWidth = Math.min(60, longest, width - labelWidth - endsWidth - 4);
  const transform = (value: number) => (logarithmic === "y" || logarithmic === "both" ? Math.log(value) : value);
  const heights = shown.flatMap(({ points }) => points.map((point) => transform(point.y))).filter(Number.isFinite);
  const low = heights.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = heights.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  return [
    ...shown.map(({ points }, n) => {
      const spark = Array.from({ length: Math.min(sparkWidth, points.length) }, (_, i) => {
        const at = Math.round((i / Math.max(1, Math.min(sparkWidth, points.length) - 1)) * (points.length - 1));
        const height = high > low ? (transform(points[at].y) - low) / (high - low) : 0.5;
        return Number.isFinite(height) ? SPARKS[Math.min(7, Math.floor(height * 8))] : " ";
      }).join("");
      return `${pad(labels[n], labelWidth)}  ${colours.blue(pad(spark, sparkWidth))}${endsWidth > 0 ? `  ${ends[n]}` : ""}`;
    }),
    ...remark(`${y} over ${x}`, canvas),
    ...andMore(series.length - shown.length, canvas),
  ];
}

function drawBars({ bars, x }: PlotOf<"bars">, canvas: Canvas): string[] {
  const { width, colours } = canvas;
  const shown = bars.slice(0, MOST_LINES);
  const labels = shownLabels(
    shown.map(({ label }) => label),
    width,
  );
  const labelWidth = widest(labels);
  const bounded = shown.map(({ value, lower, upper }) =>
    lower !== undefined && upper !== undefined
      ? `${formatCell(value)} (${formatCell(lower)} to ${formatCell(upper)})`
      : formatCell(value),
  );
  const hasRoom = width - labelWidth - widest(bounded) >= LEAST_MARKS + 4;
  const values = hasRoom ? bounded : shown.map(({ value }) => formatCell(value));
  const barWidth = Math.max(1, Math.min(50, width - labelWidth - widest(values) - 4));
  const longest = shown.reduce((most, { value }) => Math.max(most, Math.abs(value) || 0), 0);
  return [
    ...shown.map(({ value }, n) => {
      const length = longest > 0 && Number.isFinite(value) ? Math.round((Math.abs(value) / longest) * barWidth) : 0;
      const bar = (value < 0 ? colours.red : colours.blue)("█".repeat(length));
      return `${pad(labels[n], labelWidth)}  ${bar}${" ".repeat(barWidth - length)}  ${values[n]}`;
    }),
    ...remark(x, canvas),
    ...andMore(bars.length - shown.length, canvas),
  ];
}

function shownLabels(labels: readonly string[], width: number): string[] {
  return labels.map((label) => truncate(printable(label), Math.min(WIDEST_LABEL, Math.floor(width / 3))));
}

function remark(text: string, { width, colours }: Canvas): string[] {
  return wrap(text, width).map(colours.dim);
}

function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, stringWidth(text)), 0);
}

function andMore(count: number, canvas: Canvas): string[] {
  return count > 0 ? remark(`… and ${count} more: see the HTML report`, canvas) : [];
}
