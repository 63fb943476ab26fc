/**
 * Rank Centrality: the stationary distribution of a walk that moves towards what is preferred.
 *
 *   A_ij = share of the comparisons of i and j in which j was preferred (ties half)
 *   P_ij = A_ij / d_max  for i != j,    P_ii = 1 - sum_j A_ij / d_max
 *   pi P = pi,   strength th_i = ln pi_i
 *
 * d_max is the largest number of opponents of one system; pi does not depend on it. Under Bradley-Terry pi
 * estimates the strengths' exponentials. Each pair counts the same however often it was compared, so that
 * bradley-terry is the more precise where counts differ. `regularization` adds that many wins to both sides of
 * every pair that was compared.
 *
 * @see Negahban, Oh and Shah, Rank Centrality: Ranking from Pairwise Comparisons, arXiv 1209.1688, section 2.2
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { type Cells, mergeCells } from "./cells.ts";
import { comparisonInputs, toComparisons } from "./contract.ts";
import { identify } from "./identification.ts";
import { DENSE_LIMIT } from "./pairwise-fit.ts";
import { logistic } from "./pairwise-likelihood.ts";
import { withinBlocks } from "./pairwise-rating.ts";
import { defineRating, type RatingFit } from "./rating.ts";

const parameters = z.object({
  /** Wins added to both sides of every pair that was compared. */
  regularization: z.number().nonnegative().default(0),
});

/** Rank Centrality's strengths, mean 0; it has no standard errors of its own. O(M^3) up to 600 systems, O(pairs) a sweep above. */
export function fitRankCentrality(
  comparisons: Comparisons,
  { regularization = 0 }: z.input<typeof parameters> = {},
): RatingFit {
  const { systems } = comparisons;
  const { cells } = mergeCells(comparisons);
  const { logStrengths, component, findings } = centrality(cells, (i) => systems[i], regularization);
  return {
    systems,
    logStrengths,
    standardErrors: null,
    covariance: null,
    components: component,
    coefficients: [],
    winProbability: (i, j) => {
      if (i === j) return 0.5;
      return component[i] === component[j] ? logistic(logStrengths[i] - logStrengths[j]) : Number.NaN;
    },
    display: "elo",
    findings,
  };
}

export const rankCentrality = defineRating({
  id: "rank-centrality",
  name: "Rank Centrality",
  paper: "Rank Centrality: Ranking from Pairwise Comparisons",
  arxiv: "1209.1688",
  reads: "comparisons",
  params: parameters,
  inputs: comparisonInputs,

  evaluate(inputs, { regularization }) {
    const { cells } = mergeCells(toComparisons(inputs));
    const flows = flowsOf(cells, regularization);
    const { logStrengths, stationary } = centrality(cells, String, regularization);
    return {
      transitions: transitionMatrix(flows, inputs.nItems),
      stationary: stationary && Array.from(stationary),
      logStrengths: Array.from(logStrengths, (value) => (Number.isFinite(value) ? value : null)),
    };
  },

  fit: (comparisons: Comparisons, { regularization }) => fitRankCentrality(comparisons, { regularization }),
});

/** The walk's moves between distinct systems: to the second of each pair at rate `forward`, back at `backward`. */
type Flows = {
  readonly first: readonly number[];
  readonly second: readonly number[];
  readonly forward: readonly number[];
  readonly backward: readonly number[];
};

function flowsOf({ systems, first, second, outcome, mass }: Cells, regularization: number): Flows {
  const pairs = new Map<number, { i: number; j: number; wins: number; total: number }>();
  for (let cell = 0; cell < mass.length; cell++) {
    if (!(mass[cell] > 0)) continue;
    const key = first[cell] * systems + second[cell];
    const pair = pairs.get(key) ?? { i: first[cell], j: second[cell], wins: 0, total: 0 };
    pair.wins += mass[cell] * outcome[cell];
    pair.total += mass[cell];
    pairs.set(key, pair);
  }
  const all = [...pairs.values()];
  const share = (wins: number, total: number) => (wins + regularization) / (total + 2 * regularization);
  return {
    first: all.map(({ i }) => i),
    second: all.map(({ j }) => j),
    forward: all.map(({ wins, total }) => share(total - wins, total)),
    backward: all.map(({ wins, total }) => share(wins, total)),
  };
}

function transitionMatrix({ first, second, forward, backward }: Flows, systems: number): number[][] {
  const matrix = Array.from({ length: systems }, () => Array<number>(systems).fill(0));
  const degree = new Int32Array(systems);
  for (let pair = 0; pair < first.length; pair++) {
    matrix[first[pair]][second[pair]] = forward[pair];
    matrix[second[pair]][first[pair]] = backward[pair];
    degree[first[pair]]++;
    degree[second[pair]]++;
  }
  const most = Math.max(1, ...degree);
  return matrix.map((row, i) => {
    const scaled = row.map((share) => share / most);
    scaled[i] = 1 - scaled.reduce((sum, share) => sum + share, 0);
    return scaled;
  });
}

function centrality(cells: Cells, nameOf: (system: number) => string, regularization: number) {
  const names = Array.from({ length: cells.systems }, (_, i) => nameOf(i));
  // A pair with pseudo-wins on both sides flows both ways, as one with a tie does.
  const connected = regularization > 0 ? { ...cells, outcome: cells.outcome.map(() => 0.5) } : cells;
  const { component, block, offset, findings } = identify(connected, names);
  const flows = flowsOf(withinBlocks(cells, block), regularization);
  const logStrengths = new Float64Array(cells.systems);
  let stationary: Float64Array | null = null;
  for (const { members, pairs } of blocksOf(flows, block)) {
    const weights = stationaryOf(flows, pairs, members);
    if (members.length === cells.systems) stationary = weights;
    const mean = weights.reduce((sum, weight) => sum + Math.log(weight), 0) / members.length;
    members.forEach((system, at) => {
      logStrengths[system] = offset[system] === 0 ? Math.log(weights[at]) - mean : offset[system];
    });
  }
  return { component, findings, logStrengths, stationary };
}

type Block = { readonly members: number[]; readonly pairs: number[] };

function blocksOf(flows: Flows, block: Int32Array): Block[] {
  const blocks: Block[] = Array.from(block, () => ({ members: [], pairs: [] }));
  block.forEach((b, system) => {
    blocks[b].members.push(system);
  });
  flows.first.forEach((system, pair) => {
    blocks[block[system]].pairs.push(pair);
  });
  return blocks.filter(({ members }) => members.length > 0);
}

/** [members] the stationary distribution of the walk within one strongly connected block, summing to 1. */
function stationaryOf(flows: Flows, pairs: readonly number[], members: readonly number[]): Float64Array {
  const places = new Map(members.map((system, at) => [system, at]));
  const walk: Walk = {
    size: members.length,
    steps: pairs.map((pair) => ({
      i: places.get(flows.first[pair])!,
      j: places.get(flows.second[pair])!,
      forward: flows.forward[pair],
      backward: flows.backward[pair],
    })),
  };
  const weights = members.length <= DENSE_LIMIT ? eliminate(walk) : sweep(walk);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

type Walk = {
  readonly size: number;
  readonly steps: readonly {
    readonly i: number;
    readonly j: number;
    readonly forward: number;
    readonly backward: number;
  }[];
};

/**
 * State reduction without subtractions, exact to the last digits however small a weight is. O(n^3).
 *
 * @see Grassmann, Taksar and Heyman, Operations Research 1985
 */
function eliminate({ size: n, steps }: Walk): Float64Array {
  const rates = new Float64Array(n * n);
  for (const { i, j, forward, backward } of steps) {
    rates[i * n + j] = forward;
    rates[j * n + i] = backward;
  }
  for (let k = n - 1; k > 0; k--) {
    let leaving = 0;
    for (let j = 0; j < k; j++) leaving += rates[k * n + j];
    for (let i = 0; i < k; i++) {
      rates[i * n + k] /= leaving;
      const share = rates[i * n + k];
      if (share === 0) continue;
      for (let j = 0; j < k; j++) rates[i * n + j] += share * rates[k * n + j];
    }
  }
  const weights = new Float64Array(n);
  weights[0] = 1;
  for (let k = 1; k < n; k++) {
    for (let i = 0; i < k; i++) weights[k] += weights[i] * rates[i * n + k];
  }
  return weights;
}

/** Gauss-Seidel on the balance of flows, O(pairs) a sweep, until no weight changes by 1e-10 of itself. */
function sweep({ size: n, steps }: Walk): Float64Array {
  const incoming: { from: number; rate: number }[][] = Array.from({ length: n }, () => []);
  const leaving = new Float64Array(n);
  for (const { i, j, forward, backward } of steps) {
    incoming[j].push({ from: i, rate: forward });
    incoming[i].push({ from: j, rate: backward });
    leaving[i] += forward;
    leaving[j] += backward;
  }
  const weights = new Float64Array(n).fill(1);
  for (let round = 0; round < 10_000; round++) {
    let change = 0;
    for (let j = 0; j < n; j++) {
      let flow = 0;
      for (const { from, rate } of incoming[j]) flow += weights[from] * rate;
      const next = flow / leaving[j];
      change = Math.max(change, Math.abs(next / weights[j] - 1));
      weights[j] = next;
    }
    if (change < 1e-10) break;
  }
  return weights;
}
