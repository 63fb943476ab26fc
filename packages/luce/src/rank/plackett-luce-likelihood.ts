import type { Rankings } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";
import { unrecordedOrder } from "./unrecorded-order.ts";

/** Rankings in the order of preference, as the likelihood walks them. */
export type Orders = {
  readonly systems: number;
  /** [N + 1] */
  readonly offsets: Int32Array;
  /** Indices of systems, each ranking from best to worst. */
  readonly items: Int32Array;
  /** Parallel to `items`: where its tied group ends (an index into `items`, exclusive). */
  readonly groupEnd: Int32Array;
  /** [N] whether some group other than the last holds several items. */
  readonly tied: Uint8Array;
  /** [N] count times weight. */
  readonly mass: Float64Array;
  /** [N] the row of the votes that each ranking comes from. */
  readonly row: Int32Array;
};

/**
 * Sorts each ranking by rank. O(sum K log K).
 *
 * @throws LuceError `invalid-input` for a ranking that holds a system twice
 */
export function orderItems({ systems, offsets, items, ranks, count, weight }: Rankings): Orders {
  const sorted = new Int32Array(items.length);
  const groupEnd = new Int32Array(items.length);
  const tied = new Uint8Array(count.length);
  const places: number[] = [];
  const seenIn = new Int32Array(systems.length).fill(-1);
  for (let n = 0; n < count.length; n++) {
    const start = offsets[n];
    const end = offsets[n + 1];
    places.length = 0;
    let inOrder = true;
    for (let k = start; k < end; k++) {
      places.push(k);
      if (k > start && ranks[k] < ranks[k - 1]) inOrder = false;
    }
    if (!inOrder) places.sort((a, b) => ranks[a] - ranks[b] || a - b);
    for (let k = end - 1; k >= start; k--) {
      sorted[k] = items[places[k - start]];
      if (seenIn[sorted[k]] === n) {
        throw new LuceError("invalid-input", `"${systems[sorted[k]]}" is ranked twice`, { where: `ranking ${n}` });
      }
      seenIn[sorted[k]] = n;
      const sameAsNext = k + 1 < end && ranks[places[k - start]] === ranks[places[k + 1 - start]];
      groupEnd[k] = sameAsNext ? groupEnd[k + 1] : k + 1;
      if (sameAsNext && groupEnd[k] < end) tied[n] = 1;
    }
  }
  return {
    systems: systems.length,
    offsets,
    items: sorted,
    groupEnd,
    tied,
    mass: count.map((value, n) => value * (weight?.[n] ?? 1)),
    row: Int32Array.from(count, (_, n) => n),
  };
}

/** What a ranking whose ties are not at its end adds: minus its second derivatives by its items' strengths. */
type TiedBlock = { readonly items: Int32Array; readonly information: Float64Array };

/** The log-likelihood at some strengths, with what its derivatives are made of. */
export type PlackettLuceState = {
  readonly logLikelihood: number;
  /** [M] */
  readonly gradient: Float64Array;
  /** [M] exp(strength) */
  readonly gamma: Float64Array;
  /** [M] sum over the stages that a system is still there of mass / (sum of gamma); of rankings without ties. */
  readonly exposure: Float64Array;
  /** Parallel to `items`: derivative of one ranking's log-likelihood, without its mass. */
  readonly scores: Float64Array;
  readonly tiedBlocks: readonly TiedBlock[];
};

/**
 * The log-likelihood and its gradient:
 *
 *   ln P(ranking) = sum over stages of ln gamma_winner - ln(sum of gamma of those that remain)
 *
 * A tie at the end is an unordered remainder, without stages of its own. A tie elsewhere is an order that was
 * not recorded: the stages of its items become the sum over their orders. O(sum K) without such ties.
 */
export function plackettLuceAt(orders: Orders, strengths: Float64Array): PlackettLuceState {
  const { offsets, items, groupEnd, tied, mass, systems } = orders;
  const gamma = strengths.map(Math.exp);
  const gradient = new Float64Array(systems);
  const exposure = new Float64Array(systems);
  const scores = new Float64Array(items.length);
  const tiedBlocks: TiedBlock[] = [];
  const remaining = new Float64Array(longest(offsets) + 1);
  let logLikelihood = 0;
  for (let n = 0; n < mass.length; n++) {
    if (mass[n] === 0) continue;
    const start = offsets[n];
    const end = offsets[n + 1];
    const size = end - start;
    remaining[size] = 0;
    for (let k = size - 1; k >= 0; k--) remaining[k] = remaining[k + 1] + gamma[items[start + k]];
    if (tied[n] === 1) {
      const { value, block } = tiedRankingAt(orders, n, gamma, remaining, scores);
      logLikelihood += mass[n] * value;
      tiedBlocks.push(block);
      for (let k = start; k < end; k++) gradient[items[k]] += mass[n] * scores[k];
      continue;
    }
    let value = 0;
    let inverses = 0;
    // One logarithm of a product in place of one a stage.
    let product = 1;
    for (let k = start; k < end; k++) {
      const item = items[k];
      const picked = groupEnd[k] < end;
      if (picked) {
        inverses += 1 / remaining[k - start];
        value += strengths[item];
        product *= remaining[k - start];
        if (!(product > 1e-100 && product < 1e100)) {
          value -= Math.log(product);
          product = 1;
        }
      }
      const score = (picked ? 1 : 0) - gamma[item] * inverses;
      scores[k] = score;
      gradient[item] += mass[n] * score;
      exposure[item] += mass[n] * inverses;
    }
    logLikelihood += mass[n] * (value - Math.log(product));
  }
  return { logLikelihood, gradient, gamma, exposure, scores, tiedBlocks };
}

/** Minus the second derivatives, row-major [M, M]. O(sum K^2 + M^2). */
export function denseInformation(orders: Orders, { gamma, exposure, tiedBlocks }: PlackettLuceState): Float64Array {
  const { offsets, items, groupEnd, tied, mass, systems: M } = orders;
  // Pairs collect sum over their common stages of mass / (sum of gamma)^2; gamma_i gamma_j multiplies it last.
  const shared = new Float64Array(M * M);
  const remaining = new Float64Array(longest(offsets) + 1);
  for (let n = 0; n < mass.length; n++) {
    if (mass[n] === 0 || tied[n] === 1) continue;
    const start = offsets[n];
    const end = offsets[n + 1];
    const size = end - start;
    remaining[size] = 0;
    for (let k = size - 1; k >= 0; k--) remaining[k] = remaining[k + 1] + gamma[items[start + k]];
    let squares = 0;
    for (let a = start; a < end; a++) {
      if (groupEnd[a] < end) squares += mass[n] / remaining[a - start] ** 2;
      const row = items[a] * M;
      shared[row + items[a]] += 0.5 * squares;
      for (let b = a + 1; b < end; b++) shared[row + items[b]] += squares;
    }
  }
  const information = new Float64Array(M * M);
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < M; j++) {
      information[i * M + j] = -(shared[i * M + j] + shared[j * M + i]) * gamma[i] * gamma[j];
    }
    information[i * M + i] += gamma[i] * exposure[i];
  }
  for (const block of tiedBlocks) {
    const size = block.items.length;
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++)
        information[block.items[a] * M + block.items[b]] += block.information[a * size + b];
    }
  }
  return information;
}

/** Writes information * v into `out` without an M x M array. O(sum K). */
export function applyInformation(
  orders: Orders,
  { gamma, exposure, tiedBlocks }: PlackettLuceState,
  v: Float64Array,
  out: Float64Array,
): void {
  const { offsets, items, groupEnd, tied, mass } = orders;
  const length = longest(offsets) + 1;
  const remaining = new Float64Array(length);
  const moved = new Float64Array(length);
  for (let i = 0; i < out.length; i++) out[i] = gamma[i] * exposure[i] * v[i];
  for (let n = 0; n < mass.length; n++) {
    if (mass[n] === 0 || tied[n] === 1) continue;
    const start = offsets[n];
    const end = offsets[n + 1];
    const size = end - start;
    remaining[size] = 0;
    moved[size] = 0;
    for (let k = size - 1; k >= 0; k--) {
      const item = items[start + k];
      remaining[k] = remaining[k + 1] + gamma[item];
      moved[k] = moved[k + 1] + gamma[item] * v[item];
    }
    let pull = 0;
    for (let k = start; k < end; k++) {
      if (groupEnd[k] < end) pull += (mass[n] * moved[k - start]) / remaining[k - start] ** 2;
      out[items[k]] -= gamma[items[k]] * pull;
    }
  }
  for (const { items: members, information } of tiedBlocks) {
    for (let a = 0; a < members.length; a++) {
      let sum = 0;
      for (let b = 0; b < members.length; b++) sum += information[a * members.length + b] * v[members[b]];
      out[members[a]] += sum;
    }
  }
}

/** [M] the diagonal of the information. O(sum K). */
export function informationDiagonal(orders: Orders, { gamma, exposure, tiedBlocks }: PlackettLuceState): Float64Array {
  const { offsets, items, groupEnd, tied, mass } = orders;
  const diagonal = gamma.map((value, i) => value * exposure[i]);
  const remaining = new Float64Array(longest(offsets) + 1);
  for (let n = 0; n < mass.length; n++) {
    if (mass[n] === 0 || tied[n] === 1) continue;
    const start = offsets[n];
    const end = offsets[n + 1];
    remaining[end - start] = 0;
    for (let k = end - 1; k >= start; k--) remaining[k - start] = remaining[k - start + 1] + gamma[items[k]];
    let squares = 0;
    for (let k = start; k < end; k++) {
      if (groupEnd[k] < end) squares += mass[n] / remaining[k - start] ** 2;
      diagonal[items[k]] -= gamma[items[k]] ** 2 * squares;
    }
  }
  for (const { items: members, information } of tiedBlocks) {
    for (let a = 0; a < members.length; a++) diagonal[members[a]] += information[a * members.length + a];
  }
  return diagonal;
}

/**
 * One step of Hunter's MM algorithm, gamma_i <- (stages won by i) / (sum over stages with i of 1 / sum of gamma),
 * scaled to geometric mean 1. It never lowers the likelihood. Null where it does not exist: a system wins no
 * stage or is in none, or a tie stands elsewhere than at the end.
 *
 * @see Hunter, MM algorithms for generalized Bradley-Terry models, Annals of Statistics 2004, equation 30
 */
export function minorizeMaximize(orders: Orders, strengths: Float64Array): Float64Array | null {
  const { offsets, items, groupEnd, mass } = orders;
  const { exposure, tiedBlocks } = plackettLuceAt(orders, strengths);
  if (tiedBlocks.length > 0) return null;
  const wins = new Float64Array(strengths.length);
  for (let n = 0; n < mass.length; n++) {
    for (let k = offsets[n]; k < offsets[n + 1]; k++) {
      if (groupEnd[k] < offsets[n + 1]) wins[items[k]] += mass[n];
    }
  }
  const next = wins.map((won, i) => Math.log(won / exposure[i]));
  const mean = next.reduce((sum, value) => sum + value, 0) / next.length;
  return Number.isFinite(mean) ? next.map((value) => Math.exp(value - mean)) : null;
}

/** A ranking with ties before its end: writes its scores, returns its log-likelihood and information. */
function tiedRankingAt(
  { offsets, items, groupEnd, mass }: Orders,
  n: number,
  gamma: Float64Array,
  remaining: Float64Array,
  scores: Float64Array,
): { value: number; block: TiedBlock } {
  const start = offsets[n];
  const end = offsets[n + 1];
  const size = end - start;
  const information = new Float64Array(size * size);
  let value = 0;
  for (let from = start; groupEnd[from] < end; from = groupEnd[from]) {
    const below = groupEnd[from];
    const rest = remaining[below - start];
    const group = Float64Array.from(items.subarray(from, below), (item) => gamma[item] / rest);
    const order = unrecordedOrder(group);
    value += order.logProbability;
    const d = group.length;
    const total = order.gradient.reduce((sum, slope) => sum + slope, 0);
    const rowSums = Float64Array.from({ length: d }, (_, i) =>
      order.information.subarray(i * d, (i + 1) * d).reduce((sum, entry) => sum + entry, 0),
    );
    const all = rowSums.reduce((sum, entry) => sum + entry, 0);
    const at = (k: number) => k - start;
    for (let i = from; i < below; i++) {
      scores[i] += order.gradient[i - from];
      for (let j = from; j < below; j++) {
        information[at(i) * size + at(j)] += mass[n] * order.information[(i - from) * d + j - from];
      }
      for (let j = below; j < end; j++) {
        const entry = -mass[n] * rowSums[i - from] * (gamma[items[j]] / rest);
        information[at(i) * size + at(j)] += entry;
        information[at(j) * size + at(i)] += entry;
      }
    }
    for (let i = below; i < end; i++) {
      const p = gamma[items[i]] / rest;
      scores[i] -= total * p;
      information[at(i) * size + at(i)] += mass[n] * total * p;
      for (let j = below; j < end; j++) {
        information[at(i) * size + at(j)] += mass[n] * (all - total) * p * (gamma[items[j]] / rest);
      }
    }
  }
  return { value, block: { items: items.slice(start, end), information } };
}

function longest(offsets: Int32Array): number {
  let most = 0;
  for (let n = 1; n < offsets.length; n++) most = Math.max(most, offsets[n] - offsets[n - 1]);
  return most;
}
