import type { Comparisons } from "../data/comparisons.ts";

/**
 * The same judgments in fewer rows: sides exchanged so that `left` is the lower index, and rows that agree in
 * pair, outcome, weight and cluster added up. For methods to which the side and the order do not matter.
 * Comparisons with covariates are returned as they are.
 */
export function mergeRows(comparisons: Comparisons): Comparisons {
  if (comparisons.covariates) return comparisons;
  const { systems, left, right, outcome, count, weight, cluster } = comparisons;
  const merged = new Map<string | number, number>();
  const kept: number[] = [];
  const shares: number[] = [];
  const counts: number[] = [];
  for (let row = 0; row < left.length; row++) {
    const swap = left[row] > right[row];
    const a = swap ? right[row] : left[row];
    const b = swap ? left[row] : right[row];
    const y = swap ? 1 - outcome[row] : outcome[row];
    const pair = a * systems.length + b;
    // A number wherever it is unambiguous: hashing a million strings would cost more than the fit.
    const isPlain = (y === 0 || y === 0.5 || y === 1) && !weight && !cluster;
    const key = isPlain ? pair * 3 + 2 * y : `${pair} ${y} ${weight?.[row] ?? 1} ${cluster?.[row] ?? -1}`;
    const at = cluster && cluster[row] < 0 ? undefined : merged.get(key);
    if (at === undefined) {
      merged.set(key, kept.length);
      kept.push(row);
      shares.push(y);
      counts.push(count[row]);
    } else counts[at] += count[row];
  }
  const lower = (row: number) => Math.min(left[row], right[row]);
  const upper = (row: number) => Math.max(left[row], right[row]);
  return {
    systems,
    left: Int32Array.from(kept, lower),
    right: Int32Array.from(kept, upper),
    outcome: Float64Array.from(shares),
    count: Float64Array.from(counts),
    ...(weight && { weight: Float64Array.from(kept, (row) => weight[row]) }),
    ...(cluster && { cluster: Int32Array.from(kept, (row) => cluster[row]) }),
  };
}
