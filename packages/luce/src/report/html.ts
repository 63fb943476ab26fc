import { formatCell, isNumeric } from "./format.ts";
import { intervalColumn } from "./html-intervals.ts";
import { Markup, markup } from "./markup.ts";
import { plotTable } from "./plot-data.ts";
import type { Cell, Column, Finding, Plot, Provenance, Report, Table } from "./report.ts";
import { stylesheet } from "./stylesheet.ts";

/**
 * The report as one HTML file: no scripts, nothing loaded from anywhere, light and dark, wide and narrow.
 * All text is escaped, and the content security policy forbids scripts and the network besides.
 */
export async function renderHtml(report: Report): Promise<string> {
  // Plots bring a megabyte of code, which only HTML needs.
  const { drawLegend, drawSvg } = await import("./svg-plots.ts");
  const besideOf = (table: Table) => report.plots.find((plot) => isBeside(plot, table)) as Intervals | undefined;
  const drawPlot = (plot: Plot, where: "everywhere" | "narrow") =>
    drawFigure(plot, where, {
      legend: new Markup(drawLegend(plot)),
      wide: where === "narrow" ? undefined : new Markup(drawSvg(plot, "wide")),
      narrow: new Markup(drawSvg(plot, "narrow")),
    });
  const tables = report.tables.map((table) => {
    const intervals = besideOf(table);
    if (!intervals) return drawTable(table);
    return [drawTable(table, intervals, new Markup(drawLegend(intervals))), drawPlot(intervals, "narrow")];
  });
  const plots = report.plots.filter((plot) => !report.tables.some((table) => isBeside(plot, table)));
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${report.title}</title>
<style>${new Markup(stylesheet)}</style>
</head>
<body>
<main>
<header>
<h1>${report.title}</h1>
${report.summary ? markup`<p class="summary">${report.summary}</p>` : ""}
</header>
${drawFindings(report.findings)}
${tables}
${plots.map((plot) => drawPlot(plot, "everywhere"))}
</main>
<footer>${drawProvenance(report.provenance)}</footer>
</body>
</html>
`.text;
}

const SEVERITIES = { problem: "Problem", caution: "Caution", note: "Note" };

function drawFindings(findings: readonly Finding[]): Markup | undefined {
  if (findings.length === 0) return undefined;
  return markup`<section aria-labelledby="findings">
<h2 id="findings">Findings</h2>
<ul class="findings">${findings.map(
    ({ severity, text, advice }) => markup`
<li class="${severity}"><p><strong>${SEVERITIES[severity]}</strong> ${text}</p>${advice ? markup`<p class="advice">${advice}</p>` : ""}</li>`,
  )}
</ul>
</section>`;
}

type Intervals = Extract<Plot, { kind: "intervals" }>;

function isBeside(plot: Plot, { id, rows }: Table): boolean {
  return plot.kind === "intervals" && plot.beside === id && plot.points.length === rows.length;
}

function drawTable(table: Table, intervals?: Intervals, legend?: Markup): Markup {
  const id = `table-${anchor(table.id)}`;
  return markup`<section aria-labelledby="${id}">
<h2 id="${id}">${table.title}</h2>
${table.caption ? markup`<p class="caption">${table.caption}</p>` : ""}
${legend ? markup`<div class="wide">${legend}</div>` : ""}
${drawRows(table, id, intervals && intervalColumn(intervals))}
</section>
`;
}

function drawRows(
  { columns, rows }: Pick<Table, "columns" | "rows">,
  labelledBy: string,
  beside?: ReturnType<typeof intervalColumn>,
): Markup {
  const numeric = columns.map((column) => isNumeric(column, rows));
  const heads = columns.map(({ label }, n) => markup`<th scope="col"${alignment(numeric[n])}>${label}</th>`);
  return markup`<div class="scroll" role="region" aria-labelledby="${labelledBy}" tabindex="0">
<table>
<thead><tr>${heads}${beside?.header}</tr></thead>
<tbody>${rows.map((row, n) => markup`\n<tr>${drawCells(row, columns, numeric)}${beside?.cells[n]}</tr>`)}
</tbody>
</table>
</div>`;
}

function drawCells(row: Readonly<Record<string, Cell>>, columns: readonly Column[], numeric: boolean[]): Markup[] {
  const header = numeric.indexOf(false);
  return columns.map((column, n) => {
    const text = formatCell(row[column.key], column);
    const shape = column.format === "prose" ? new Markup(' class="prose"') : alignment(numeric[n]);
    return n === header ? markup`<th scope="row"${shape}>${text}</th>` : markup`<td${shape}>${text}</td>`;
  });
}

function alignment(numeric: boolean): Markup | undefined {
  return numeric ? new Markup(' class="number"') : undefined;
}

type Drawings = { legend: Markup; wide: Markup | undefined; narrow: Markup };

function drawFigure(plot: Plot, where: "everywhere" | "narrow", { legend, wide, narrow }: Drawings): Markup {
  const id = `plot-${anchor(plot.id)}`;
  const numbers = plotTable(plot);
  return markup`<section aria-labelledby="${id}"${where === "narrow" ? new Markup(' class="narrow"') : ""}>
<h2 id="${id}">${plot.title}</h2>
<figure>
${legend}
${wide ? markup`<div class="wide scroll">${wide}</div>` : ""}
<div class="narrow scroll">${narrow}</div>
${plot.caption ? markup`<figcaption>${plot.caption}</figcaption>` : ""}
${numbers ? markup`<details><summary>Numbers of this plot</summary>${drawRows(numbers, id)}</details>` : ""}
</figure>
</section>
`;
}

function drawProvenance({ luce, command, seed, inputs, createdAt }: Provenance): Markup {
  const fact = (term: string, description: string | Markup | undefined) =>
    description === undefined ? undefined : markup`<div><dt>${term}</dt><dd>${description}</dd></div>`;
  return markup`<h2>Provenance</h2>
<dl>${fact("Luce", luce)}${fact("Command", command && markup`<code>${command}</code>`)}${fact("Seed", seed?.toString())}${inputs.map(
    ({ name, sha256, bytes }) =>
      fact("Input", markup`${name}, ${formatCell(bytes, { format: "integer" })} bytes, SHA-256 <code>${sha256}</code>`),
  )}${fact("Created", createdAt)}</dl>`;
}

function anchor(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]+/g, "-");
}
