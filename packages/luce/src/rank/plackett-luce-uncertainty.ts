import type { Rankings } from "../data/comparisons.ts";
import type { Random } from "../random.ts";
import type { Finding } from "../report/report.ts";
import { solveConjugateGradient } from "./conjugate-gradient.ts";
import { DENSE_LIMIT } from "./pairwise-fit.ts";
import { informationOperator, inverseInformation, type PlackettLuceFit } from "./plackett-luce-fit.ts";
import type { Orders } from "./plackett-luce-likelihood.ts";
import { rowsByCluster, sandwich } from "./sandwich.ts";

/** Variances of the strengths: dense up to 600 systems, drawn above. */
export type PlackettLuceUncertainty = {
  /** [M] from the sandwich H^+ B H^+. */
  readonly variances: Float64Array;
  /** [M, M] the sandwich; null above 600 systems. */
  readonly covariance: Float64Array | null;
  /** [M, M] H^+, the inverse observed information; null above 600 systems. */
  readonly modelCovariance: Float64Array | null;
  readonly findings: readonly Finding[];
};

/**
 * How sure the strengths are: the sandwich, robust to a wrong model, whose middle B sums the outer products of
 * the rankings' scores, or of the clusters' where the rankings have clusters.
 *
 * @param votes the rankings that `orders` were made from
 * @param block the gauge of the fit; with a prior there is none, and the prior counts as one more ranking
 */
export function plackettLuceUncertainty(
  votes: Pick<Rankings, "count" | "weight" | "cluster">,
  orders: Orders,
  { state }: PlackettLuceFit,
  block: Int32Array,
  regularization: number,
  random: Random,
): PlackettLuceUncertainty {
  const M = orders.systems;
  if (M > DENSE_LIMIT) {
    return {
      variances: drawnVariances(votes, orders, state, regularization, random),
      covariance: null,
      modelCovariance: null,
      findings: [
        {
          severity: "note",
          text: `With ${M} systems standard errors are drawn (${DRAWS} draws, exact to about 9%) and do not know of correlations between systems.`,
        },
      ],
    };
  }
  const modelCovariance = inverseInformation(orders, state, regularization > 0 ? null : block, regularization);
  const { meat, findings } = meatOf(votes, orders, state.scores);
  for (let i = 0; i < M; i++) meat[i * M + i] += regularization;
  const covariance = sandwich(modelCovariance, meat, M);
  const variances = Float64Array.from({ length: M }, (_, i) => Math.max(0, covariance[i * M + i]));
  return { variances, covariance, modelCovariance, findings };
}

const DRAWS = 64;

/** B. O(sum K^2), or O(sum over clusters of their systems squared). */
function meatOf(
  { count, weight, cluster }: Pick<Rankings, "count" | "weight" | "cluster">,
  { offsets, items, row: rowOf, systems: M }: Orders,
  scores: Float64Array,
): { meat: Float64Array; findings: Finding[] } {
  const meat = new Float64Array(M * M);
  const groups = cluster && rowsByCluster(Int32Array.from(rowOf, (row) => cluster[row]));
  if (!cluster || !groups || groups.length < 2) {
    for (let n = 0; n < rowOf.length; n++) {
      const squaredMass = count[rowOf[n]] * (weight?.[rowOf[n]] ?? 1) ** 2;
      for (let a = offsets[n]; a < offsets[n + 1]; a++) {
        const row = items[a] * M;
        const score = squaredMass * scores[a];
        for (let b = offsets[n]; b < offsets[n + 1]; b++) meat[row + items[b]] += score * scores[b];
      }
    }
    const text =
      "All rankings come from one cluster, so how clusters differ cannot be known; the intervals take rankings as independent.";
    return { meat, findings: groups ? [{ severity: "caution", text }] : [] };
  }
  const sum = new Float64Array(M);
  for (const rows of groups) {
    const members = new Set<number>();
    for (const n of rows) {
      // A ranking without a cluster is `count` judgments on their own: the square root makes them add up as such.
      const times = cluster[rowOf[n]] < 0 ? Math.sqrt(count[rowOf[n]]) : count[rowOf[n]];
      for (let k = offsets[n]; k < offsets[n + 1]; k++) {
        members.add(items[k]);
        sum[items[k]] += times * (weight?.[rowOf[n]] ?? 1) * scores[k];
      }
    }
    for (const i of members) for (const j of members) meat[i * M + j] += sum[i] * sum[j];
    for (const i of members) sum[i] = 0;
  }
  const correction = groups.length / (groups.length - 1);
  const findings: Finding[] = [];
  if (groups.length < 20) {
    findings.push({
      severity: "caution",
      text: `The intervals rest on only ${groups.length} clusters and are likely too narrow.`,
      advice: "Collect judgments from more annotators or prompts (20 at least).",
    });
  }
  return { meat: meat.map((entry) => correction * entry), findings };
}

/** Draws z with covariance B, solves H x = z and averages x^2: no M x M array. O(draws x iterations x sum K). */
function drawnVariances(
  { count, weight }: Pick<Rankings, "count" | "weight">,
  orders: Orders,
  state: PlackettLuceFit["state"],
  regularization: number,
  random: Random,
): Float64Array {
  const { offsets, items, row: rowOf, systems } = orders;
  const operator = informationOperator(orders, state, regularization);
  const sums = new Float64Array(systems);
  for (let draw = 0; draw < DRAWS; draw++) {
    const z = Float64Array.from(sums, () => (regularization > 0 ? Math.sqrt(regularization) * random.normal() : 0));
    for (let n = 0; n < rowOf.length; n++) {
      const factor = Math.sqrt(count[rowOf[n]]) * (weight?.[rowOf[n]] ?? 1) * random.normal();
      for (let k = offsets[n]; k < offsets[n + 1]; k++) z[items[k]] += factor * state.scores[k];
    }
    const x = solveConjugateGradient(operator, z, 1e-3);
    for (let i = 0; i < systems; i++) sums[i] += x[i] ** 2;
  }
  return sums.map((sum) => sum / DRAWS);
}
