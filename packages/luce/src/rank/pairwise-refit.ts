import type { Comparisons } from "../data/comparisons.ts";
import { type Cells, mergeCells } from "./cells.ts";
import { choleskySolve } from "./cholesky.ts";
import { identify } from "./identification.ts";
import { DENSE_LIMIT, factorInformation, fitPairwise, informationAt, type PairwisePenalty } from "./pairwise-fit.ts";
import { forEachCell, type PairwiseLikelihood } from "./pairwise-likelihood.ts";
import { withinBlocks } from "./pairwise-rating.ts";
import type { RatingFit } from "./rating.ts";
import { largest } from "./vectors.ts";

/**
 * Refits a pairwise model to resampled counts, starting from the fit to all judgments and reusing its factored
 * information for every step: a few passes over the cells and a triangular solve each, where a fresh fit would
 * factor five times. A resample that this does not settle (it lost a system's only wins, say) is fitted anew.
 *
 * @param shared [K] the shared parameters of the full fit
 */
export function createPairwiseRefit(
  comparisons: Comparisons,
  fit: RatingFit,
  likelihood: PairwiseLikelihood,
  penalty: PairwisePenalty,
  shared = new Float64Array(likelihood.sharedCount),
  { cells: merged, cellOfRow } = mergeCells(comparisons),
): (count: Float64Array) => Float64Array {
  const { systems } = comparisons;
  const weight = comparisons.weight;
  const withMass = (count: Float64Array): Cells => {
    const mass = new Float64Array(merged.mass.length);
    const squaredMass = new Float64Array(merged.mass.length);
    for (let row = 0; row < count.length; row++) {
      const cell = cellOfRow[row];
      if (cell < 0) continue;
      const rowMass = count[row] * (weight ? weight[row] : 1);
      mass[cell] += rowMass;
      squaredMass[cell] += rowMass * (weight ? weight[row] : 1);
    }
    return { ...merged, mass, squaredMass };
  };
  const anew = (cells: Cells): Float64Array => {
    if (penalty.strengths > 0) return fitPairwise(cells, likelihood, fit.components, penalty).strengths;
    const { block, offset } = identify(cells, systems);
    const refitted = fitPairwise(withinBlocks(cells, block), likelihood, block, penalty);
    if (!refitted.converged) return new Float64Array(systems.length).fill(Number.NaN);
    return refitted.strengths.map((value, i) => (offset[i] === 0 ? value : offset[i]));
  };

  const size = systems.length + likelihood.sharedCount;
  const isWhole = fit.logStrengths.every(Number.isFinite);
  if (size > DENSE_LIMIT || !isWhole) return (count) => anew(withMass(count));

  const gauge = penalty.strengths > 0 ? null : fit.components;
  const factor = factorInformation(informationAt(merged, likelihood, fit.logStrengths, shared, penalty), gauge);
  const pairs = likelihood.linearInOutcome ? pairsOf(merged) : null;
  return (count) => {
    const cells = withMass(count);
    const summed = pairs ? pairs.sum(cells) : cells;
    const strengths = fit.logStrengths.slice();
    const sharedNow = shared.slice();
    const step = new Float64Array(size);
    let before = Number.POSITIVE_INFINITY;
    for (let iteration = 0; iteration < 60; iteration++) {
      for (let i = 0; i < strengths.length; i++) step[i] = -penalty.strengths * strengths[i];
      for (let k = 0; k < sharedNow.length; k++) step[strengths.length + k] = -penalty.shared * sharedNow[k];
      if (likelihood.slope) addSlopes(summed, likelihood.slope, strengths, step);
      else {
        forEachCell(summed, likelihood, strengths, sharedNow, (cell, { slope, sharedSlope }) => {
          const mass = summed.mass[cell];
          step[summed.first[cell]] += mass * slope;
          step[summed.second[cell]] -= mass * slope;
          for (let k = 0; k < sharedSlope.length; k++) step[strengths.length + k] += mass * sharedSlope[k];
        });
      }
      choleskySolve(factor, size, step);
      const move = largest(step);
      for (let i = 0; i < strengths.length; i++) strengths[i] += step[i];
      for (let k = 0; k < sharedNow.length; k++) sharedNow[k] += step[strengths.length + k];
      if (move < TOLERANCE) return strengths;
      if (!(move < before)) break;
      before = move;
    }
    return anew(cells);
  };
}

/** A thousandth of a point on the Elo scale is 6e-6: far below what a resample varies by. */
const TOLERANCE = 1e-6;

function addSlopes(
  { first, second, outcome, mass }: Cells,
  slope: (outcome: number, d: number) => number,
  strengths: Float64Array,
  gradient: Float64Array,
): void {
  for (let cell = 0; cell < mass.length; cell++) {
    const a = first[cell];
    const b = second[cell];
    const pull = mass[cell] * slope(outcome[cell], strengths[a] - strengths[b]);
    gradient[a] += pull;
    gradient[b] -= pull;
  }
}

/** Cells of one pair merged to their mean outcome, for a likelihood that is linear in the outcome. */
function pairsOf({ systems, first, second, outcome }: Cells) {
  const index = new Map<number, number>();
  const pairOfCell = first.map((a, cell) => {
    const key = a * systems + second[cell];
    const pair = index.get(key) ?? index.size;
    index.set(key, pair);
    return pair;
  });
  const pairs = index.size;
  const pairFirst = new Int32Array(pairs);
  const pairSecond = new Int32Array(pairs);
  pairOfCell.forEach((pair, cell) => {
    pairFirst[pair] = first[cell];
    pairSecond[pair] = second[cell];
  });
  return {
    sum({ mass: cellMass }: Cells): Cells {
      const mass = new Float64Array(pairs);
      const share = new Float64Array(pairs);
      for (let cell = 0; cell < cellMass.length; cell++) {
        mass[pairOfCell[cell]] += cellMass[cell];
        share[pairOfCell[cell]] += cellMass[cell] * outcome[cell];
      }
      for (let pair = 0; pair < pairs; pair++) if (mass[pair] > 0) share[pair] /= mass[pair];
      return { systems, first: pairFirst, second: pairSecond, outcome: share, mass, squaredMass: mass };
    },
  };
}
