import type { Rankings } from "./comparisons.ts";

/** Rankings as they come, in typed arrays that grow; with `merged`, equal ones become one row with their counts added. */
export type RankingRows = {
  /**
   * Adds `times` rankings of the first `size` of `items` by their `ranks` (1 is best, equal ranks are ties).
   * Without merging each is a row of its own.
   */
  add(items: Int32Array, ranks: Int32Array, size: number, times: number, weight?: number, cluster?: number): void;
  finish(systems: readonly string[], isClustered: boolean): Rankings;
};

/** @param merged whether rankings with the same items, ranks, weight and cluster become one row */
export function rankingRows({ merged }: { merged: boolean }): RankingRows {
  let items = new Int32Array(1024);
  let ranks = new Int32Array(1024);
  let offsets = new Int32Array(256);
  let count = new Float64Array(256);
  let weights = new Float64Array(256);
  let clusters = new Int32Array(256);
  /** An open-addressing table of row numbers plus 1; 0 is free. */
  let slots = new Int32Array(merged ? 1024 : 0);
  let hashes = new Int32Array(256);
  let rows = 0;
  let isWeighted = false;

  function isSame(row: number, otherItems: Int32Array, otherRanks: Int32Array, size: number): boolean {
    const start = offsets[row];
    if (offsets[row + 1] - start !== size) return false;
    for (let k = 0; k < size; k++) {
      if (items[start + k] !== otherItems[k] || ranks[start + k] !== otherRanks[k]) return false;
    }
    return true;
  }

  function grow(size: number): void {
    if (offsets[rows] + size > items.length) {
      const length = Math.max(2 * items.length, offsets[rows] + size);
      items = grown(items, new Int32Array(length));
      ranks = grown(ranks, new Int32Array(length));
    }
    if (rows + 1 < offsets.length) return;
    const length = 2 * offsets.length;
    offsets = grown(offsets, new Int32Array(length));
    count = grown(count, new Float64Array(length));
    weights = grown(weights, new Float64Array(length));
    clusters = grown(clusters, new Int32Array(length));
    if (!merged) return;
    hashes = grown(hashes, new Int32Array(length));
    slots = new Int32Array(4 * length);
    for (let row = 0; row < rows; row++) slots[freeSlot(hashes[row])] = row + 1;
  }

  function freeSlot(hash: number): number {
    let slot = hash & (slots.length - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
    return slot;
  }

  function append(from: Int32Array, by: Int32Array, size: number, times: number, weight: number, cluster: number) {
    grow(size);
    const start = offsets[rows];
    for (let k = 0; k < size; k++) {
      items[start + k] = from[k];
      ranks[start + k] = by[k];
    }
    count[rows] = times;
    weights[rows] = weight;
    clusters[rows] = cluster;
    isWeighted ||= weight !== 1;
    offsets[++rows] = start + size;
  }

  return {
    add(from, by, size, times, weight = 1, cluster = 0) {
      if (!merged) {
        for (let copy = 0; copy < times; copy++) append(from, by, size, 1, weight, cluster);
        return;
      }
      const hash = hashOf(from, by, size, cluster);
      for (let slot = hash & (slots.length - 1); slots[slot] !== 0; slot = (slot + 1) & (slots.length - 1)) {
        const row = slots[slot] - 1;
        const isKnown = hashes[row] === hash && weights[row] === weight && clusters[row] === cluster;
        if (isKnown && isSame(row, from, by, size)) {
          count[row] += times;
          return;
        }
      }
      append(from, by, size, times, weight, cluster);
      hashes[rows - 1] = hash;
      slots[freeSlot(hash)] = rows;
    },
    finish: (systems, isClustered) => ({
      systems,
      offsets: offsets.slice(0, rows + 1),
      items: items.slice(0, offsets[rows]),
      ranks: ranks.slice(0, offsets[rows]),
      count: count.slice(0, rows),
      ...(isWeighted && { weight: weights.slice(0, rows) }),
      ...(isClustered && { cluster: clusters.slice(0, rows) }),
    }),
  };
}

function hashOf(items: Int32Array, ranks: Int32Array, size: number, cluster: number): number {
  let hash = cluster ^ size;
  for (let k = 0; k < size; k++) {
    hash = Math.imul(hash ^ items[k], 0x9e3779b1);
    hash = Math.imul((hash >>> 15) ^ hash ^ ranks[k], 0x85ebca6b);
  }
  return hash ^ (hash >>> 13);
}

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
