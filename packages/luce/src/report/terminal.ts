import { createColors } from "picocolors";
import type { Finding, Provenance, Report } from "./report.ts";
import { drawPlot } from "./terminal-plots.ts";
import { drawTable } from "./terminal-table.ts";
import { printable, wrap } from "./terminal-text.ts";

export type TerminalOptions = {
  /** Columns of the terminal, at least 20. */
  width: number;
  /** Whether to colour; the caller knows about NO_COLOR and whether anybody watches. */
  colour: boolean;
};

export type Colours = ReturnType<typeof createColors>;

/** How a renderer of a part draws: within `width` columns, with `colours` that do nothing where there is no colour. */
export type Canvas = { width: number; colours: Colours };

/** The report as text: findings first, then tables, then the plots that text can draw. Ends with a newline. */
export function renderTerminal(report: Report, { width, colour }: TerminalOptions): string {
  const canvas = { width: Math.max(20, width), colours: createColors(colour) };
  const intervalsBeside = (id: string) =>
    report.plots.find((plot) => plot.kind === "intervals" && plot.beside === id) as
      | Extract<Report["plots"][number], { kind: "intervals" }>
      | undefined;
  const drawnBeside = new Set<string>();
  const tables = report.tables.map((table) => {
    const intervals = intervalsBeside(table.id);
    const { lines, hasIntervals } = drawTable(table, canvas, intervals);
    if (intervals && hasIntervals) drawnBeside.add(intervals.id);
    return lines;
  });
  const sections = [
    [
      ...wrap(printable(report.title), canvas.width).map(canvas.colours.bold),
      ...wrap(printable(report.summary ?? ""), canvas.width),
    ],
    report.findings.flatMap((finding) => drawFinding(finding, canvas)),
    ...tables,
    ...report.plots.filter(({ id }) => !drawnBeside.has(id)).map((plot) => drawPlot(plot, canvas)),
    drawProvenance(report.provenance, canvas),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function drawFinding({ severity, text, advice }: Finding, { width, colours }: Canvas): string[] {
  const { mark, paint } = {
    problem: { mark: "✖ problem", paint: colours.red },
    caution: { mark: "▲ caution", paint: colours.yellow },
    note: { mark: "● note", paint: colours.cyan },
  }[severity];
  const [first = "", ...rest] = wrap(`${mark}: ${printable(text)}`, width - 2);
  return [
    colours.bold(paint(first.slice(0, mark.length + 1))) + first.slice(mark.length + 1),
    ...rest.map((line) => `  ${line}`),
    ...wrap(printable(advice ?? ""), width - 4).map((line, n) => colours.dim(`${n === 0 ? "  → " : "    "}${line}`)),
  ];
}

function drawProvenance({ luce, command, seed, inputs, createdAt }: Provenance, { width, colours }: Canvas): string[] {
  const facts = [
    `luce ${luce}`,
    ...(command === undefined ? [] : [command]),
    ...(seed === undefined ? [] : [`seed ${seed}`]),
    ...inputs.map(({ name, sha256 }) => `${name} (sha256 ${sha256.slice(0, 12)})`),
    ...(createdAt === undefined ? [] : [createdAt]),
  ];
  return wrap(printable(facts.join(" · ")), width).map((line) => colours.dim(line));
}
