import * as Plots from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { formatCell, isFiniteNumber } from "./format.ts";
import { markup } from "./markup.ts";
import { describePlot } from "./plot-data.ts";
import type { Plot } from "./report.ts";
import { drawHeatMap } from "./svg-heat-map.ts";
import { labelPixels, type PlotWidth, plotPixels, shorten } from "./svg-size.ts";

type PlotOf<Kind extends Plot["kind"]> = Extract<Plot, { kind: Kind }>;

const LABEL_PIXELS = { wide: 240, narrow: 112 };
const SERIES_COLOURS = 8;
const DASHES = ["none", "6,3", "2,3", "8,3,2,3"];

/** A plot as an SVG element that takes its colours from the page's style sheet. */
export function drawSvg(plot: Plot, width: PlotWidth): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plots.plot({ document, className: "plot", width: plotPixels[width], ...marksOf(plot, width) });
  svg.querySelector("style")?.remove();
  svg.setAttribute("role", "img");
  if (plot.kind === "matrix") svg.setAttribute("class", "plot unscaled");
  // Written by hand, because the serializer leaves < and > in attributes as they are.
  return svg.outerHTML.replace("<svg", markup`<svg aria-label="${describePlot(plot)}"`.text);
}

function marksOf(plot: Plot, width: PlotWidth): Plots.PlotOptions {
  switch (plot.kind) {
    case "intervals":
      return drawIntervals(plot, width);
    case "matrix":
      return drawHeatMap(plot, width);
    case "lines":
      return drawLines(plot, width);
    case "bars":
      return drawBars(plot, width);
    case "scatter":
      return drawScatter(plot, width);
  }
}

function drawIntervals({ points, x }: PlotOf<"intervals">, width: PlotWidth): Plots.PlotOptions {
  const rows = points.map((point, row) => ({ ...point, row })).filter(({ value }) => Number.isFinite(value));
  const bounded = rows.filter(({ lower, upper }) => isFiniteNumber(lower) && isFiniteNumber(upper));
  const truths = rows.filter(({ truth }) => isFiniteNumber(truth));
  const title = ({ label, value, lower, upper, truth }: (typeof rows)[number]) =>
    `${label}: ${formatCell(value)}${isFiniteNumber(lower) && isFiniteNumber(upper) ? ` (${formatCell(lower)} to ${formatCell(upper)})` : ""}${isFiniteNumber(truth) ? `, truth ${formatCell(truth)}` : ""}`;
  return {
    ...labelledRows(
      points.map(({ label }) => label),
      width,
    ),
    x: { label: x, labelAnchor: "center", labelArrow: "none", grid: true, nice: true, ticks: width === "wide" ? 8 : 4 },
    marks: [
      Plots.ruleY(bounded, {
        y: "row",
        x1: "lower",
        x2: "upper",
        stroke: "var(--series-1)",
        strokeWidth: 2.5,
        strokeOpacity: 0.55,
      }),
      Plots.dot(rows, { y: "row", x: "value", r: 3.5, fill: "var(--series-1)", title }),
      Plots.dot(truths, { y: "row", x: "truth", r: 4, symbol: "diamond", stroke: "var(--truth)", strokeWidth: 1.75 }),
    ],
  };
}

function drawBars({ bars, x }: PlotOf<"bars">, width: PlotWidth): Plots.PlotOptions {
  const rows = bars.map((bar, row) => ({ ...bar, row })).filter(({ value }) => Number.isFinite(value));
  const bounded = rows.filter(({ lower, upper }) => isFiniteNumber(lower) && isFiniteNumber(upper));
  return {
    ...labelledRows(
      bars.map(({ label }) => label),
      width,
    ),
    x: { label: x, labelAnchor: "center", labelArrow: "none", grid: true, nice: true, ticks: width === "wide" ? 8 : 4 },
    marks: [
      Plots.barX(rows, {
        y: "row",
        x: "value",
        fill: "var(--series-1)",
        fillOpacity: 0.75,
        inset: 1.5,
        title: ({ label, value }: (typeof rows)[number]) => `${label}: ${formatCell(value)}`,
      }),
      Plots.ruleY(bounded, { y: "row", x1: "lower", x2: "upper", stroke: "currentColor", strokeWidth: 1.5 }),
      Plots.ruleX([0], { stroke: "currentColor", strokeOpacity: 0.5 }),
    ],
  };
}

/** One labelled row for each entry: the height grows with them, and the rows get tighter when there are many. */
function labelledRows(labels: readonly string[], width: PlotWidth): Plots.PlotOptions {
  const rowPixels = labels.length > 120 ? 13 : labels.length > 40 ? 16 : 22;
  const marginLeft = labelPixels(labels, LABEL_PIXELS[width]);
  return {
    marginLeft,
    marginRight: 16,
    marginTop: 8,
    marginBottom: 40,
    height: 48 + rowPixels * Math.max(1, labels.length),
    y: {
      type: "band",
      domain: labels.map((_, row) => row),
      tickFormat: (row: number) => shorten(labels[row], marginLeft),
      tickSize: 0,
      label: null,
    },
  };
}

function drawLines({ series, x, y, logarithmic }: PlotOf<"lines">, width: PlotWidth): Plots.PlotOptions {
  const logX = logarithmic === "x" || logarithmic === "both";
  const logY = logarithmic === "y" || logarithmic === "both";
  const drawable = (at: number | undefined, log: boolean) => isFiniteNumber(at) && (!log || at > 0);
  const marks = series.flatMap(({ name, points }, n) => {
    const stroke = n < SERIES_COLOURS ? `var(--series-${n + 1})` : "var(--muted)";
    const shown = points.filter((point) => drawable(point.x, logX) && drawable(point.y, logY));
    const banded = shown.filter(({ lower, upper }) => drawable(lower, logY) && drawable(upper, logY));
    return [
      Plots.areaY(banded, { x: "x", y1: "lower", y2: "upper", fill: stroke, fillOpacity: 0.15 }),
      Plots.lineY(shown, {
        x: "x",
        y: "y",
        stroke,
        strokeWidth: 2,
        strokeDasharray: DASHES[n % DASHES.length],
        title: () => name,
      }),
      ...(shown.length === 1 ? [Plots.dot(shown, { x: "x", y: "y", fill: stroke })] : []),
    ];
  });
  return {
    height: width === "wide" ? 380 : 280,
    marginLeft: 56,
    marginTop: 32,
    marginBottom: 40,
    marginRight: 16,
    x: { ...axis(x, logX), ticks: width === "wide" ? 8 : 4 },
    y: { ...axis(y, logY), labelAnchor: "top", ticks: 6 },
    marks,
  };
}

function axis(label: string, logarithmic: boolean): Plots.ScaleOptions {
  return {
    label,
    labelAnchor: "center",
    labelArrow: "none",
    grid: true,
    ...(logarithmic ? { type: "log", tickFormat: formatLogTick } : { nice: true }),
  };
}

/** Only 1, 2 and 5 of each power of ten, so that labels do not run into each other. */
function formatLogTick(value: number): string {
  const leading = Number(value.toExponential(6)[0]);
  if (![1, 2, 5].includes(leading)) return "";
  return value >= 1e4 || value < 1e-3 ? compact.format(value) : String(Number(value.toPrecision(6)));
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

const MOST_POINT_LABELS = 25;
const POINT_LABEL_PIXELS = 130;

function drawScatter({ points, x, y, diagonal }: PlotOf<"scatter">, width: PlotWidth): Plots.PlotOptions {
  const shown = points.filter((point) => Number.isFinite(point.x) && Number.isFinite(point.y));
  const values = shown.flatMap((point) => [point.x, point.y]);
  const low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const labelled = width === "wide" && shown.length <= MOST_POINT_LABELS;
  return {
    width: width === "wide" ? 720 : plotPixels.narrow,
    height: width === "wide" ? 520 : 320,
    marginLeft: 56,
    marginBottom: 40,
    marginTop: 32,
    marginRight: labelled ? POINT_LABEL_PIXELS : 16,
    x: { ...axis(x, false), ticks: width === "wide" ? 8 : 4 },
    y: { ...axis(y, false), labelAnchor: "top" },
    marks: [
      ...(diagonal && shown.length > 0
        ? [
            Plots.line(
              [
                [low, low],
                [high, high],
              ],
              { stroke: "currentColor", strokeOpacity: 0.5, strokeDasharray: "4,4" },
            ),
          ]
        : []),
      Plots.dot(shown, {
        x: "x",
        y: "y",
        r: shown.length > 500 ? 2 : 3.5,
        fill: "var(--series-1)",
        fillOpacity: shown.length > 500 ? 0.4 : 0.8,
        title: (point: (typeof shown)[number]) =>
          `${point.label ? `${point.label}: ` : ""}${formatCell(point.x)}, ${formatCell(point.y)}`,
      }),
      ...(labelled
        ? [
            Plots.text(shown, {
              x: "x",
              y: "y",
              text: (point) => shorten(point.label ?? "", POINT_LABEL_PIXELS),
              dx: 7,
              textAnchor: "start",
            }),
          ]
        : []),
    ],
  };
}

/** What the marks of a plot mean, as HTML; empty where the title says it all. */
export function drawLegend(plot: Plot): string {
  if (plot.kind === "intervals") {
    const hasIntervals = plot.points.some(({ lower }) => isFiniteNumber(lower));
    const hasTruth = plot.points.some(({ truth }) => isFiniteNumber(truth));
    if (!hasIntervals && !hasTruth) return "";
    return markup`<p class="legend"><span class="key dot">●</span> estimate${hasIntervals ? markup` <span class="key bar">▬</span> interval` : ""}${hasTruth ? markup` <span class="key truth">◇</span> truth` : ""}</p>`
      .text;
  }
  if (plot.kind === "lines" && plot.series.length > 1) {
    const named = plot.series.slice(0, SERIES_COLOURS);
    const rest = plot.series.length - named.length;
    return markup`<ul class="legend">${named.map(
      ({ name }, n) =>
        markup`<li><svg class="key" width="26" height="10" aria-hidden="true"><line x1="0" y1="5" x2="26" y2="5" stroke="var(--series-${n + 1})" stroke-width="2.5" stroke-dasharray="${DASHES[n % DASHES.length]}"></line></svg> ${name}</li>`,
    )}${rest > 0 ? markup`<li>and ${rest} more in grey</li>` : ""}</ul>`.text;
  }
  if (plot.kind === "matrix") {
    const values = plot.values.flat().filter(isFiniteNumber);
    if (values.length === 0) return "";
    const show = (value: number) => formatCell(value, plot);
    const low = values.reduce((least, value) => Math.min(least, value));
    const high = values.reduce((most, value) => Math.max(most, value));
    return plot.midpoint === undefined
      ? markup`<p class="legend">${plot.label}: ${show(low)} <span class="ramp sequential"></span> ${show(high)}</p>`
          .text
      : markup`<p class="legend">${plot.label}: ${show(low)} <span class="ramp diverging"></span> ${show(high)}; the middle is ${show(plot.midpoint)}</p>`
          .text;
  }
  return "";
}
