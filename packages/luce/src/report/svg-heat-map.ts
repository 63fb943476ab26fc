import * as Plots from "@observablehq/plot";
import { formatCell, isFiniteNumber } from "./format.ts";
import type { Plot } from "./report.ts";
import { labelPixels, type PlotWidth, plotPixels, shorten } from "./svg-size.ts";

type Matrix = Extract<Plot, { kind: "matrix" }>;

const LABEL_PIXELS = { wide: 170, narrow: 96 };
const CELL = { least: 7, mostSmall: 60, leastOfSmall: 14, most: 44, withNumber: 25 };
const LABEL_LINE = 13;
const SHADES = 12;
const DARKEST = 0.78;

/**
 * A heat map, wider than the page where cells would be too small to see: the page scrolls it. Cells of the same
 * shade are one path, so that hundreds of systems stay a small file; labels thin out when cells are smaller than
 * a line of text, and values are written where they fit. O(rows columns).
 */
export function drawHeatMap(plot: Matrix, width: PlotWidth): Plots.PlotOptions {
  const { rows, columns } = plot;
  const labelRoom = labelPixels([...rows, ...columns], LABEL_PIXELS[width]);
  const fitting = (plotPixels[width] - labelRoom - 12) / Math.max(1, columns.length);
  const least = columns.length <= CELL.mostSmall ? CELL.leastOfSmall : CELL.least;
  const cell = Math.max(least, Math.min(CELL.most, fitting));
  const withNumbers = cell >= CELL.withNumber;
  const every = Math.max(1, Math.ceil(LABEL_LINE / cell));
  const named = (labels: readonly string[]) => (index: number) =>
    index % every === 0 ? shorten(labels[index], labelRoom) : "";
  const indices = (labels: readonly string[]) => labels.map((_, index) => index);
  return {
    width: labelRoom + 12 + cell * columns.length,
    height: labelRoom + 8 + cell * rows.length,
    marginLeft: labelRoom,
    marginTop: labelRoom,
    marginRight: 12,
    marginBottom: 8,
    x: {
      type: "band",
      domain: indices(columns),
      padding: 0,
      axis: "top",
      tickSize: 0,
      tickRotate: -90,
      tickFormat: named(columns),
      label: null,
    },
    y: { type: "band", domain: indices(rows), padding: 0, tickSize: 0, tickFormat: named(rows), label: null },
    marks: [shadedCells(plot), ...(withNumbers ? [numbers(plot)] : [])],
  };
}

function shadedCells({ values, midpoint }: Matrix): Plots.RenderFunction {
  const finite = values.flat().filter(isFiniteNumber);
  const middle = midpoint ?? finite.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const reach = finite.reduce((most, value) => Math.max(most, Math.abs(value - middle)), 0);
  return (_index, { x, y }, _values, _dimensions, { document }) => {
    const svg = (name: string) => document.createElementNS("http://www.w3.org/2000/svg", name);
    const group = svg("g") as SVGElement;
    const [columnPixels, rowPixels] = [x, y].map((scale) => (scale as unknown as { bandwidth(): number }).bandwidth());
    const gap = columnPixels < CELL.leastOfSmall ? 0 : 0.5;
    const shadeOf = (value: number | null | undefined) =>
      isFiniteNumber(value) ? (reach > 0 ? Math.round(((value - middle) / reach) * SHADES) : 0) : undefined;
    const paths = new Map<number, string>();
    values.forEach((row, i) => {
      for (let j = 0, next = 1; j < row.length; j = next, next = j + 1) {
        const shade = shadeOf(row[j]);
        if (shade === undefined) continue;
        while (gap === 0 && next < row.length && shadeOf(row[next]) === shade) next++;
        const width = round(columnPixels * (next - j) - gap);
        const [left, top] = [(x as (at: number) => number)(j), (y as (at: number) => number)(i)];
        const rectangle = `M${round(left)},${round(top)}h${width}v${round(rowPixels - gap)}h${-width}z`;
        paths.set(shade, (paths.get(shade) ?? "") + rectangle);
      }
    });
    for (const [shade, path] of [...paths].sort(([a], [b]) => a - b)) {
      const element = svg("path");
      element.setAttribute("d", path);
      element.setAttribute("fill", shade >= 0 ? "var(--above)" : "var(--below)");
      element.setAttribute("fill-opacity", String(round(0.04 + (Math.abs(shade) / SHADES) * (DARKEST - 0.04))));
      group.append(element);
    }
    return group;
  };
}

function numbers({ rows, columns, values, format, digits }: Matrix): Plots.Markish {
  const cells = values
    .flatMap((row, i) => row.map((value, j) => ({ i, j, value })))
    .filter(({ value }) => isFiniteNumber(value));
  const percent = format === "percent" || format === "probability";
  return Plots.text(cells, {
    x: "j",
    y: "i",
    text: ({ value }: { value: number }) =>
      percent ? String(Math.round(100 * value)) : formatCell(value, { format, digits }),
    title: ({ i, j, value }: { i: number; j: number; value: number }) =>
      `${rows[i]} and ${columns[j]}: ${formatCell(value, { format, digits })}`,
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
