import type { Cell, Column } from "./report.ts";

type Format = Pick<Column, "format" | "digits">;

const MISSING = "–";
const DEFAULT_DIGITS = { decimal: 2, percent: 1, probability: 3 };

/** A cell as people read it; a missing or non-finite value is a dash. */
export function formatCell(value: Cell | undefined, column: Format = {}): string {
  if (value === null || value === undefined) return MISSING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return value;
  return Number.isFinite(value) ? formatNumber(value, column) : MISSING;
}

/** Whether a column holds numbers, which are aligned at their right. */
export function isNumeric(column: Column, rows: readonly Readonly<Record<string, Cell>>[]): boolean {
  if (column.format !== undefined) return column.format !== "text" && column.format !== "prose";
  return rows.some((row) => typeof row[column.key] === "number");
}

export function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function formatNumber(value: number, { format, digits }: Format): string {
  switch (format) {
    case "integer":
      return grouped(value, 0);
    case "decimal":
      return grouped(value, digits ?? DEFAULT_DIGITS.decimal);
    case "percent":
      return `${grouped(100 * value, digits ?? DEFAULT_DIGITS.percent)}%`;
    case "probability":
      return formatProbability(value, digits ?? DEFAULT_DIGITS.probability);
    default:
      return Number.isInteger(value) ? grouped(value, 0) : grouped(value, significantDigits(value));
  }
}

/** Probabilities too near 0 or 1 for their digits say so instead of claiming certainty. */
function formatProbability(value: number, digits: number): string {
  const smallest = 10 ** -digits;
  if (value > 0 && value < smallest / 2) return `<${smallest.toFixed(digits)}`;
  if (value < 1 && value > 1 - smallest / 2) return `>${(1 - smallest).toFixed(digits)}`;
  return value.toFixed(digits);
}

/** Digits after the point that show three significant ones, at most six. */
function significantDigits(value: number): number {
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

function grouped(value: number, digits: number): string {
  const rounded = value.toFixed(digits);
  const [whole, fraction] = (Number(rounded) === 0 ? rounded.replace("-", "") : rounded).split(".");
  const withCommas = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? withCommas : `${withCommas}.${fraction}`;
}
