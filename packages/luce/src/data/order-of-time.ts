import type { Comparisons, Rankings } from "./comparisons.ts";

/** Rows sorted by time, those of the same time as they came; as they are where some row has no time. */
export function comparisonsByTime(comparisons: Comparisons, time: Float64Array): Comparisons {
  const order = orderOf(time);
  if (!order) return comparisons;
  const { left, right, outcome, count, weight, cluster, covariates } = comparisons;
  const K = covariates?.names.length ?? 0;
  return {
    ...comparisons,
    left: left.map((_, row) => left[order[row]]),
    right: right.map((_, row) => right[order[row]]),
    outcome: outcome.map((_, row) => outcome[order[row]]),
    count: count.map((_, row) => count[order[row]]),
    ...(weight && { weight: weight.map((_, row) => weight[order[row]]) }),
    ...(cluster && { cluster: cluster.map((_, row) => cluster[order[row]]) }),
    ...(covariates && {
      covariates: {
        names: covariates.names,
        left: covariates.left.map((_, at) => covariates.left[order[Math.floor(at / K)] * K + (at % K)]),
        right: covariates.right.map((_, at) => covariates.right[order[Math.floor(at / K)] * K + (at % K)]),
      },
    }),
  };
}

/** As `comparisonsByTime`. */
export function rankingsByTime(rankings: Rankings, time: Float64Array): Rankings {
  const order = orderOf(time);
  if (!order) return rankings;
  const { offsets, items, ranks, count, weight, cluster } = rankings;
  const newOffsets = new Int32Array(offsets.length);
  const newItems = new Int32Array(items.length);
  const newRanks = new Int32Array(ranks.length);
  order.forEach((row, n) => {
    newItems.set(items.subarray(offsets[row], offsets[row + 1]), newOffsets[n]);
    newRanks.set(ranks.subarray(offsets[row], offsets[row + 1]), newOffsets[n]);
    newOffsets[n + 1] = newOffsets[n] + offsets[row + 1] - offsets[row];
  });
  return {
    ...rankings,
    offsets: newOffsets,
    items: newItems,
    ranks: newRanks,
    count: count.map((_, n) => count[order[n]]),
    ...(weight && { weight: weight.map((_, n) => weight[order[n]]) }),
    ...(cluster && { cluster: cluster.map((_, n) => cluster[order[n]]) }),
  };
}

/** The rows in order of time; undefined where they are so already, or some time is missing. */
function orderOf(time: Float64Array): Uint32Array | undefined {
  let isSorted = true;
  for (let row = 0; row < time.length; row++) {
    if (Number.isNaN(time[row])) return undefined;
    isSorted &&= row === 0 || time[row - 1] <= time[row];
  }
  if (isSorted) return undefined;
  return Uint32Array.from(time, (_, row) => row).sort((a, b) => time[a] - time[b] || a - b);
}
