import type { Comparisons } from "../data/comparisons.ts";
import type { Random } from "../random.ts";
import type { Cells } from "./cells.ts";
import { choleskyInverse } from "./cholesky.ts";
import { conjugateGradient } from "./conjugate-gradient.ts";
import { addGauge, factorInformation, type Information } from "./pairwise-fit.ts";
import { type createDerivatives, forEachCell, type PairwiseLikelihood } from "./pairwise-likelihood.ts";

/**
 * Score of one judgment of each cell: `slope` for the first system, its negative for the second, `shared` for
 * the shared parameters.
 */
export type CellScores = { readonly slope: Float64Array; readonly shared: Float64Array };

export function scoresAt(
  cells: Cells,
  likelihood: PairwiseLikelihood,
  strengths: Float64Array,
  shared: Float64Array,
): CellScores {
  const slope = new Float64Array(cells.mass.length);
  const sharedScores = new Float64Array(cells.mass.length * likelihood.sharedCount);
  forEachCell(cells, likelihood, strengths, shared, (cell, derivatives: ReturnType<typeof createDerivatives>) => {
    slope[cell] = derivatives.slope;
    sharedScores.set(derivatives.sharedSlope, cell * likelihood.sharedCount);
  });
  return { slope, shared: sharedScores };
}

/** Pseudo-inverse of the information, (H + J/M)^-1 - J/M by blocks; [M + K, M + K]. O((M + K)^3). */
export function modelCovariance(information: Information, gauge: Int32Array | null): Float64Array {
  const size = information.cells.systems + information.sharedCount;
  const inverse = choleskyInverse(factorInformation(information, gauge), size);
  if (gauge) addGauge(inverse, size, gauge, -1);
  return inverse;
}

/** Standard errors [size] from a row-major covariance [size, size]. */
export function rootDiagonal(covariance: Float64Array, size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => Math.sqrt(Math.max(0, covariance[i * size + i])));
}

/** H^+ B H^+. O((M + K)^3). */
export function sandwich(modelBased: Float64Array, meat: Float64Array, size: number): Float64Array {
  const half = multiply(modelBased, meat, size);
  const product = multiply(half, modelBased, size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const mean = (product[i * size + j] + product[j * size + i]) / 2;
      product[i * size + j] = mean;
      product[j * size + i] = mean;
    }
  }
  return product;
}

/** B: the sum over judgments of the outer product of their scores, weights squared and counts not. */
export function independentMeat(cells: Cells, scores: CellScores, sharedCount: number): Float64Array {
  const size = cells.systems + sharedCount;
  const meat = new Float64Array(size * size);
  const touched = new Int32Array(2 + sharedCount);
  const values = new Float64Array(2 + sharedCount);
  for (let cell = 0; cell < cells.mass.length; cell++) {
    const mass = cells.squaredMass[cell];
    if (mass === 0) continue;
    fillScore(cells, scores, sharedCount, cell, touched, values);
    for (let a = 0; a < touched.length; a++) {
      for (let b = 0; b < touched.length; b++) {
        meat[touched[a] * size + touched[b]] += mass * values[a] * values[b];
      }
    }
  }
  return meat;
}

/**
 * B where the judgments of one annotator (or prompt) may depend on one another: the sum over clusters of the
 * outer product of the cluster's summed scores, times G / (G - 1). Rows with cluster -1 stand for themselves.
 */
export function clusteredMeat(
  comparisons: Comparisons,
  cells: Cells,
  cellOfRow: Int32Array,
  scores: CellScores,
  sharedCount: number,
): { meat: Float64Array; clusters: number } {
  const size = cells.systems + sharedCount;
  const meat = new Float64Array(size * size);
  const touched = new Int32Array(2 + sharedCount);
  const values = new Float64Array(2 + sharedCount);
  const sum = new Float64Array(size);
  let clusters = 0;
  const addOuter = (members: readonly number[] | Int32Array, v: Float64Array, factor: number) => {
    for (const a of members) for (const b of members) meat[a * size + b] += factor * v[a] * v[b];
  };
  for (const rows of rowsByCluster(comparisons.cluster!)) {
    const members = new Set<number>();
    for (const row of rows) {
      const cell = cellOfRow[row];
      if (cell < 0 || cells.mass[cell] === 0) continue;
      const weight = comparisons.weight?.[row] ?? 1;
      const alone = comparisons.cluster![row] < 0;
      fillScore(cells, scores, sharedCount, cell, touched, values);
      // A row without a cluster is `count` judgments on their own: the square root makes them add up as such.
      const factor = weight * (alone ? Math.sqrt(comparisons.count[row]) : comparisons.count[row]);
      for (let a = 0; a < touched.length; a++) {
        members.add(touched[a]);
        sum[touched[a]] += factor * values[a];
      }
    }
    if (members.size === 0) continue;
    clusters++;
    const list = [...members];
    addOuter(list, sum, 1);
    for (const index of list) sum[index] = 0;
  }
  const correction = clusters > 1 ? clusters / (clusters - 1) : 1;
  for (let k = 0; k < meat.length; k++) meat[k] *= correction;
  return { meat, clusters };
}

/** Row numbers grouped by cluster; every row without one is a group of its own. */
export function rowsByCluster(cluster: Int32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (let row = 0; row < cluster.length; row++) {
    const key = cluster[row] < 0 ? -1 - row : cluster[row];
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return [...groups.values()];
}

/**
 * Variances of the sandwich without any M x M array: draws z with covariance B, solves H x = z and averages
 * x^2. A standard error is then known to one part in sqrt(2 draws). O(draws x iterations x C).
 *
 * @returns [M + K]
 */
export function drawnVariances(
  information: Information,
  scores: CellScores,
  random: Random,
  draws: number,
): Float64Array {
  const { cells, sharedCount, penalty } = information;
  const size = cells.systems + sharedCount;
  const sums = new Float64Array(size);
  const touched = new Int32Array(2 + sharedCount);
  const values = new Float64Array(2 + sharedCount);
  for (let draw = 0; draw < draws; draw++) {
    const z = new Float64Array(size);
    if (penalty.strengths > 0) {
      for (let i = 0; i < cells.systems; i++) z[i] = Math.sqrt(penalty.strengths) * random.normal();
    }
    for (let cell = 0; cell < cells.mass.length; cell++) {
      if (cells.mass[cell] === 0) continue;
      fillScore(cells, scores, sharedCount, cell, touched, values);
      const factor = Math.sqrt(cells.squaredMass[cell]) * random.normal();
      for (let a = 0; a < touched.length; a++) z[touched[a]] += factor * values[a];
    }
    const x = conjugateGradient(information, z, 1e-2);
    for (let i = 0; i < size; i++) sums[i] += x[i] ** 2;
  }
  return sums.map((sum) => sum / draws);
}

function fillScore(
  cells: Cells,
  scores: CellScores,
  sharedCount: number,
  cell: number,
  touched: Int32Array,
  values: Float64Array,
): void {
  touched[0] = cells.first[cell];
  touched[1] = cells.second[cell];
  values[0] = scores.slope[cell];
  values[1] = -scores.slope[cell];
  for (let k = 0; k < sharedCount; k++) {
    touched[2 + k] = cells.systems + k;
    values[2 + k] = scores.shared[cell * sharedCount + k];
  }
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k];
      if (factor === 0) continue;
      const row = k * n;
      const out = i * n;
      for (let j = 0; j < n; j++) product[out + j] += factor * b[row + j];
    }
  }
  return product;
}
