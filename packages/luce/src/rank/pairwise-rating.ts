import type { Comparisons } from "../data/comparisons.ts";
import type { Random } from "../random.ts";
import type { Finding } from "../report/report.ts";
import type { Cells } from "./cells.ts";
import { type Identification, identify } from "./identification.ts";
import { DENSE_LIMIT, fitPairwise, informationAt, type PairwiseFit, type PairwisePenalty } from "./pairwise-fit.ts";
import { logistic, type PairwiseLikelihood } from "./pairwise-likelihood.ts";
import type { RatingFit } from "./rating.ts";
import { clusteredMeat, drawnVariances, independentMeat, modelCovariance, sandwich, scoresAt } from "./sandwich.ts";

export type PairwiseRatingInput = {
  readonly comparisons: Comparisons;
  readonly cells: Cells;
  /** [N] the cell of each row, -1 for a row left out. */
  readonly cellOfRow: Int32Array;
  readonly likelihood: PairwiseLikelihood;
  readonly penalty: PairwisePenalty;
  readonly random: Random;
  /** Probability that a system ahead by `d` is preferred, ties counted half; the logistic where absent. */
  readonly winProbability?: (d: number, shared: Float64Array) => number;
  /** Shared parameters as they are reported, with the derivative of each by the fitted one. */
  readonly coefficients?: (shared: Float64Array) => readonly { name: string; value: number; derivative: number }[];
};

/**
 * A rating from a pairwise likelihood: finds what the judgments identify, fits that, and gives it the
 * sandwich covariance H^+ B H^+ (robust to a wrong model; clustered where the comparisons have clusters).
 *
 * Under a prior (`penalty.strengths` > 0) everything is identified, and the prior counts as one more
 * judgment of each system: H and B both gain penalty * I.
 */
export function ratePairwise(input: PairwiseRatingInput): RatingFit {
  const { comparisons, likelihood, penalty, random } = input;
  const { systems } = comparisons;
  const identified = penalty.strengths > 0 ? joinedByPrior(systems.length) : identify(input.cells, systems);
  const cells = withinBlocks(input.cells, identified.block);
  const fit = fitPairwise(cells, likelihood, identified.block, penalty);
  const findings: Finding[] = [...identified.findings];
  if (systems.length > 0 && input.cells.mass.every((mass) => mass === 0)) {
    findings.push({
      severity: "problem",
      text: "No judgment compares two different systems with a positive weight: nothing can be rated.",
    });
  } else if (!fit.converged) {
    findings.push({
      severity: "problem",
      text: `The likelihood has no finite maximum (after 100 steps strengths reach ${Math.max(...fit.strengths.map(Math.abs)).toPrecision(3)}): the ratings are not to be trusted.`,
      advice: "Accept an explicit prior (--prior), or drop what separates wins from losses perfectly.",
    });
  }
  const logStrengths = fit.converged
    ? fit.strengths.map((value, i) => (identified.offset[i] === 0 ? value : identified.offset[i]))
    : new Float64Array(systems.length).fill(Number.NaN);
  const { covariance, standardErrors, sharedErrors } = uncertainty(input, cells, fit, identified, random, findings);
  const probability = input.winProbability ?? logistic;
  return {
    systems,
    logStrengths,
    standardErrors,
    covariance,
    components: identified.component,
    coefficients: (input.coefficients?.(fit.shared) ?? []).map(({ name, value, derivative }, k) => ({
      name,
      value,
      standardError: Number.isFinite(sharedErrors[k]) ? Math.abs(derivative) * sharedErrors[k] : null,
    })),
    winProbability: (i, j) => {
      if (i === j) return 0.5;
      if (identified.component[i] !== identified.component[j]) return Number.NaN;
      return probability(logStrengths[i] - logStrengths[j], fit.shared);
    },
    display: "elo",
    findings,
  };
}

/** Under a prior every system is comparable with every other. */
function joinedByPrior(systems: number): Identification {
  return {
    component: new Int32Array(systems),
    block: new Int32Array(systems),
    offset: new Float64Array(systems),
    findings: [],
  };
}

/** Judgments between blocks are certain in the limit that the likelihood tends to, and say no more. */
export function withinBlocks(cells: Cells, block: Int32Array): Cells {
  const inside = (cell: number) => block[cells.first[cell]] === block[cells.second[cell]];
  return {
    ...cells,
    mass: cells.mass.map((mass, cell) => (inside(cell) ? mass : 0)),
    squaredMass: cells.squaredMass.map((mass, cell) => (inside(cell) ? mass : 0)),
  };
}

function uncertainty(
  { comparisons, cellOfRow, likelihood, penalty }: PairwiseRatingInput,
  cells: Cells,
  fit: PairwiseFit,
  { block, offset }: Identification,
  random: Random,
  findings: Finding[],
) {
  const M = cells.systems;
  const K = likelihood.sharedCount;
  const size = M + K;
  const unknown = {
    covariance: null,
    standardErrors: new Float64Array(M).fill(Number.NaN),
    sharedErrors: new Float64Array(K).fill(Number.NaN),
  };
  if (!fit.converged) return unknown;
  const information = informationAt(cells, likelihood, fit.strengths, fit.shared, penalty);
  const scores = scoresAt(cells, likelihood, fit.strengths, fit.shared);
  const finite = (variances: (index: number) => number) => ({
    standardErrors: Float64Array.from({ length: M }, (_, i) =>
      offset[i] === 0 ? Math.sqrt(Math.max(0, variances(i))) : Number.NaN,
    ),
    sharedErrors: Float64Array.from({ length: K }, (_, k) => Math.sqrt(Math.max(0, variances(M + k)))),
  });
  if (size > DENSE_LIMIT) {
    const draws = Math.max(24, Math.min(64, Math.round(1e7 / cells.mass.length)));
    const variances = drawnVariances(information, scores, random, draws);
    findings.push({
      severity: "note",
      text: `With ${M} systems standard errors are drawn (${draws} draws, exact to about ${Math.round(100 / Math.sqrt(2 * draws))}%) and do not know of correlations between systems.`,
    });
    return { covariance: null, ...finite((index) => variances[index]) };
  }
  const modelBased = modelCovariance(information, penalty.strengths > 0 ? null : block);
  let meat = independentMeat(cells, scores, K);
  if (comparisons.cluster) {
    const clustered = clusteredMeat(comparisons, cells, cellOfRow, scores, K);
    if (clustered.clusters < 2) {
      findings.push({
        severity: "caution",
        text: "All judgments come from one cluster, so how clusters differ cannot be known; the intervals take judgments as independent.",
      });
    } else {
      meat = clustered.meat;
      if (clustered.clusters < 20) {
        findings.push({
          severity: "caution",
          text: `The intervals rest on only ${clustered.clusters} clusters and are likely too narrow.`,
          advice: "Collect judgments from more annotators or prompts (20 at least).",
        });
      }
    }
  }
  for (let i = 0; i < M; i++) meat[i * size + i] += penalty.strengths;
  for (let k = 0; k < K; k++) meat[(M + k) * size + M + k] += penalty.shared;
  let covariance = sandwich(modelBased, meat, size);
  if (isDegenerate(covariance, modelBased, size, M)) {
    covariance = modelBased;
    findings.push({
      severity: "caution",
      text: "Some systems' judgments all equal what the model expects (all ties, or a single pattern), so the robust interval would have no width; the model-based interval is shown.",
    });
  }
  const strengthsCovariance = new Float64Array(M * M);
  for (let i = 0; i < M; i++) {
    for (let j = 0; j < M; j++) {
      strengthsCovariance[i * M + j] = offset[i] === 0 && offset[j] === 0 ? covariance[i * size + j] : Number.NaN;
    }
  }
  return { covariance: strengthsCovariance, ...finite((index) => covariance[index * size + index]) };
}

/** Whether a system that the model is unsure of has a sandwich variance of nothing. */
function isDegenerate(covariance: Float64Array, modelBased: Float64Array, size: number, systems: number): boolean {
  for (let i = 0; i < systems; i++) {
    const model = modelBased[i * size + i];
    if (model > 1e-12 && covariance[i * size + i] < 1e-9 * model) return true;
  }
  return false;
}
