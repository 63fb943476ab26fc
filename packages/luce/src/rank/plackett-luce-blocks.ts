import type { Cells } from "./cells.ts";
import { type Identification, identify } from "./identification.ts";
import type { Orders } from "./plackett-luce-likelihood.ts";

/**
 * What the rankings identify: as for pairs, where every item beats those ranked below its tied group. Under a
 * prior everything is. O(sum over rankings of neighbouring groups' sizes multiplied).
 */
export function identifyRankings(orders: Orders, systems: readonly string[], regularization: number): Identification {
  if (regularization === 0) return identify(neighbouringPairs(orders), systems);
  const block = new Int32Array(systems.length);
  return { component: block, block, offset: new Float64Array(systems.length), findings: [] };
}

/** The distinct pairs of neighbouring groups: where any path of wins joins two systems, one through these does. */
function neighbouringPairs({ systems, offsets, items, groupEnd, mass }: Orders): Cells {
  const seen = new Set<number>();
  const first: number[] = [];
  const second: number[] = [];
  for (let n = 0; n < mass.length; n++) {
    if (!(mass[n] > 0)) continue;
    const end = offsets[n + 1];
    for (let k = offsets[n]; k < end && groupEnd[k] < end; k++) {
      for (let l = groupEnd[k]; l < groupEnd[groupEnd[k]]; l++) {
        const pair = items[k] * systems + items[l];
        if (seen.has(pair)) continue;
        seen.add(pair);
        first.push(items[k]);
        second.push(items[l]);
      }
    }
  }
  const ones = new Float64Array(first.length).fill(1);
  return {
    systems,
    first: Int32Array.from(first),
    second: Int32Array.from(second),
    outcome: ones,
    mass: ones,
    squaredMass: ones,
  };
}

/**
 * The rankings as far as they order systems of one block: a row for each block a ranking has two systems of.
 * Between blocks every choice is certain in the limit that the likelihood tends to, and says no more.
 */
export function splitByBlock(orders: Orders, block: Int32Array): Orders {
  if (block.every((b) => b === block[0])) return orders;
  const { offsets, items, groupEnd } = orders;
  const splitItems: number[] = [];
  const splitGroupEnd: number[] = [];
  const splitOffsets = [0];
  const row: number[] = [];
  for (let n = 0; n < orders.mass.length; n++) {
    const members = new Map<number, number[]>();
    for (let k = offsets[n]; k < offsets[n + 1]; k++) {
      const own = members.get(block[items[k]]);
      if (own) own.push(k);
      else members.set(block[items[k]], [k]);
    }
    for (const places of members.values()) {
      if (places.length < 2) continue;
      const start = splitItems.length;
      for (const [index, k] of places.entries()) {
        splitItems.push(items[k]);
        const next = places.findIndex((place, at) => at > index && place >= groupEnd[k]);
        splitGroupEnd.push(start + (next < 0 ? places.length : next));
      }
      splitOffsets.push(splitItems.length);
      row.push(n);
    }
  }
  const tied = Uint8Array.from(row, (_, n) => {
    for (let k = splitOffsets[n]; k < splitOffsets[n + 1]; k++) {
      if (splitGroupEnd[k] > k + 1 && splitGroupEnd[k] < splitOffsets[n + 1]) return 1;
    }
    return 0;
  });
  return {
    systems: orders.systems,
    offsets: Int32Array.from(splitOffsets),
    items: Int32Array.from(splitItems),
    groupEnd: Int32Array.from(splitGroupEnd),
    tied,
    mass: Float64Array.from(row, (n) => orders.mass[n]),
    row: Int32Array.from(row, (n) => orders.row[n]),
  };
}
