import * as z from "zod";
import type { Comparisons, Rankings } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";

/** Comparisons as the golden vectors write them; systems are numbered. */
export const comparisonInputs = z.object({
  nItems: z.number().int().positive(),
  comparisons: z.array(
    z.object({
      left: z.number().int().nonnegative(),
      right: z.number().int().nonnegative(),
      outcome: z.number().min(0).max(1),
      weight: z.number().nonnegative().optional(),
    }),
  ),
});

/** K-wise rankings as the golden vectors write them. */
export const rankingInputs = z.object({
  nItems: z.number().int().positive(),
  comparisons: z.array(
    z.object({
      items: z.array(z.number().int().nonnegative()),
      ranks: z.array(z.number().int().positive()),
      weight: z.number().nonnegative().optional(),
    }),
  ),
});

export function toComparisons({ nItems, comparisons }: z.output<typeof comparisonInputs>): Comparisons {
  return {
    systems: numberedSystems(nItems),
    left: Int32Array.from(comparisons, (row) => row.left),
    right: Int32Array.from(comparisons, (row) => row.right),
    outcome: Float64Array.from(comparisons, (row) => row.outcome),
    count: new Float64Array(comparisons.length).fill(1),
    weight: Float64Array.from(comparisons, (row) => row.weight ?? 1),
  };
}

export function toRankings({ nItems, comparisons }: z.output<typeof rankingInputs>): Rankings {
  const offsets = new Int32Array(comparisons.length + 1);
  comparisons.forEach((row, n) => {
    offsets[n + 1] = offsets[n] + row.items.length;
  });
  return {
    systems: numberedSystems(nItems),
    offsets,
    items: Int32Array.from(comparisons.flatMap((row) => row.items)),
    ranks: Int32Array.from(comparisons.flatMap((row) => row.ranks)),
    count: new Float64Array(comparisons.length).fill(1),
    weight: Float64Array.from(comparisons, (row) => row.weight ?? 1),
  };
}

/** @throws LuceError `shape-mismatch` for an input of a method, named in the message, of another length */
export function requireLength(method: string, name: string, values: ArrayLike<unknown>, expected: number): void {
  if (values.length === expected) return;
  throw new LuceError("shape-mismatch", `${name} has length ${values.length}, expected ${expected}`, {
    where: `${method}: inputs`,
  });
}

/** The rows of a row-major matrix; none where they have no width. */
export function toRows(values: Float64Array, width: number): Float64Array[] {
  const rows = width > 0 ? values.length / width : 0;
  return Array.from({ length: rows }, (_, row) => values.slice(row * width, (row + 1) * width));
}

function numberedSystems(count: number): string[] {
  return Array.from({ length: count }, (_, i) => String(i));
}
