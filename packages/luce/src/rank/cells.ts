import type { Comparisons } from "../data/comparisons.ts";

/**
 * What a pairwise likelihood sums over: distinct (pair, outcome) with their mass. Judgments that agree in
 * both are one cell, whichever side either system was shown on.
 */
export type Cells = {
  readonly systems: number;
  /** [C] the system whose share `outcome` is. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly outcome: Float64Array;
  /** [C] sum of count times weight. */
  readonly mass: Float64Array;
  /** [C] sum of count times weight squared, which is what a sandwich sums. */
  readonly squaredMass: Float64Array;
};

/**
 * Merges rows into cells; `first` is the lower index. Rows without mass and comparisons of a system with
 * itself say nothing about strengths and are left out.
 *
 * @returns the cells, and for each row of `comparisons` the cell it went into (-1: left out). Linear in rows.
 */
export function mergeCells(comparisons: Comparisons): { cells: Cells; cellOfRow: Int32Array } {
  const { left, right, outcome, count, weight } = comparisons;
  const systems = comparisons.systems.length;
  const rows = left.length;
  const cellOfRow = new Int32Array(rows).fill(-1);
  const first = new Int32Array(rows);
  const second = new Int32Array(rows);
  const share = new Float64Array(rows);
  const mass = new Float64Array(rows);
  const squaredMass = new Float64Array(rows);
  const cellIndex = new Map<number, number>();
  const outcomeIndex = new Map<number, number>([
    [0, 0],
    [0.5, 1],
    [1, 2],
  ]);
  const pairs = systems * systems;
  let cells = 0;
  for (let row = 0; row < rows; row++) {
    const w = weight ? weight[row] : 1;
    const rowMass = count[row] * w;
    if (left[row] === right[row] || !(rowMass > 0)) continue;
    const swap = left[row] > right[row];
    const a = swap ? right[row] : left[row];
    const b = swap ? left[row] : right[row];
    const y = swap ? 1 - outcome[row] : outcome[row];
    let outcomeNumber = outcomeIndex.get(y);
    if (outcomeNumber === undefined) {
      outcomeNumber = outcomeIndex.size;
      outcomeIndex.set(y, outcomeNumber);
    }
    const key = outcomeNumber * pairs + a * systems + b;
    let cell = cellIndex.get(key);
    if (cell === undefined) {
      cell = cells++;
      cellIndex.set(key, cell);
      first[cell] = a;
      second[cell] = b;
      share[cell] = y;
    }
    cellOfRow[row] = cell;
    mass[cell] += rowMass;
    squaredMass[cell] += rowMass * w;
  }
  return {
    cells: {
      systems,
      first: first.slice(0, cells),
      second: second.slice(0, cells),
      outcome: share.slice(0, cells),
      mass: mass.slice(0, cells),
      squaredMass: squaredMass.slice(0, cells),
    },
    cellOfRow,
  };
}

/** The rows as they are, one cell each in the given orientation, for models whose rows carry covariates. */
export function rowsAsCells({ systems, left, right, outcome, count, weight }: Comparisons): Cells {
  const mass = count.map((c, row) => (left[row] === right[row] ? 0 : c * (weight?.[row] ?? 1)));
  return {
    systems: systems.length,
    first: left,
    second: right,
    outcome,
    mass,
    squaredMass: mass.map((m, row) => m * (weight?.[row] ?? 1)),
  };
}
