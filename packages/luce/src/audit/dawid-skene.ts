/**
 * Dawid-Skene: the true answer of each unit, and how each annotator confuses answers, by EM.
 *
 *   E: T_u(c)      proportional to  pi_c prod_{votes (k, l) on u} theta_k[c][l]
 *   M: pi_c        = mean_u T_u(c)
 *      theta_k[c][l] = (sum of T_u(c) over k's votes l on u, + smoothing) / (the same over all labels)
 *
 * starting from the share of votes each answer got. With `smoothing` 0 it is the maximum likelihood of the
 * paper; more keeps an annotator of few votes away from certainty. An answer no annotator's vote supports
 * leaves that row of theta uniform. Linear in votes times classes an iteration.
 *
 * @see Dawid and Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm,
 *      Applied Statistics 28 (1979), equations 2.3 to 2.5
 */
import * as z from "zod";
import { LuceError } from "../errors.ts";
import { defineMethod } from "../method.ts";

export type Labels = {
  /** [N] */
  readonly unit: Int32Array;
  /** [N] */
  readonly annotator: Int32Array;
  /** [N] in [0, classes) */
  readonly label: ArrayLike<number>;
  readonly units: number;
  readonly annotators: number;
  readonly classes: number;
};

export type DawidSkeneOptions = {
  /** Pseudo-votes added to every cell of every confusion matrix. */
  smoothing: number;
  maxIterations: number;
  /** Stop where no posterior moves by more. */
  tolerance: number;
};

export type DawidSkeneFit = {
  /** [units, classes] */
  readonly posteriors: Float64Array;
  /** [annotators, classes (true), classes (given)] */
  readonly confusion: Float64Array;
  /** [classes] */
  readonly classPriors: Float64Array;
  /** Of the labels, units summed over their true answers; without the smoothing. */
  readonly logLikelihood: number;
  readonly iterations: number;
};

const index = z.number().int().nonnegative();

export const dawidSkeneMethod = defineMethod({
  id: "dawid-skene",
  name: "Dawid-Skene",
  paper: "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm",
  arxiv: null,
  kind: "audit",
  params: z.object({
    smoothing: z.number().nonnegative().default(0),
    /** Iterations of EM at most. */
    maxIterations: z.number().int().positive().default(10_000),
    /** Stop where no posterior moves by more. */
    tolerance: z.number().positive().default(1e-12),
  }),
  inputs: z.object({
    nUnits: z.number().int().positive(),
    nAnnotators: z.number().int().positive(),
    nClasses: z.number().int().min(2),
    votes: z.array(z.object({ unit: index, annotator: index, label: index })).min(1),
  }),
  evaluate({ nUnits, nAnnotators, nClasses, votes }, params) {
    const wrong = votes.findIndex(
      ({ unit, annotator, label }) => unit >= nUnits || annotator >= nAnnotators || label >= nClasses,
    );
    if (wrong >= 0) {
      throw new LuceError("invalid-input", `vote ${wrong} names a unit, annotator or label out of range`, {
        where: "dawid-skene: votes",
        hint: `units are 0 to ${nUnits - 1}, annotators 0 to ${nAnnotators - 1}, labels 0 to ${nClasses - 1}`,
      });
    }
    const fit = fitDawidSkene(
      {
        unit: Int32Array.from(votes, (vote) => vote.unit),
        annotator: Int32Array.from(votes, (vote) => vote.annotator),
        label: Int32Array.from(votes, (vote) => vote.label),
        units: nUnits,
        annotators: nAnnotators,
        classes: nClasses,
      },
      params,
    );
    const rows = (values: Float64Array) =>
      Array.from({ length: values.length / nClasses }, (_, row) => [
        ...values.subarray(row * nClasses, (row + 1) * nClasses),
      ]);
    const confusionRows = rows(fit.confusion);
    return {
      posteriors: rows(fit.posteriors),
      confusion: Array.from({ length: nAnnotators }, (_, k) => confusionRows.slice(k * nClasses, (k + 1) * nClasses)),
      classPriors: [...fit.classPriors],
      logLikelihood: fit.logLikelihood,
    };
  },
});

export function fitDawidSkene(
  labels: Labels,
  { smoothing, maxIterations, tolerance }: DawidSkeneOptions,
): DawidSkeneFit {
  const { unit, label, units, classes } = labels;
  let posteriors = new Float64Array(units * classes);
  for (let n = 0; n < unit.length; n++) posteriors[unit[n] * classes + label[n]]++;
  normaliseRows(posteriors, classes);
  let iterations = 0;
  let classPriors = new Float64Array(classes);
  let confusion = new Float64Array(0);
  let logLikelihood = Number.NEGATIVE_INFINITY;
  for (let moved = Number.POSITIVE_INFINITY; moved > tolerance && iterations < maxIterations; iterations++) {
    ({ classPriors, confusion } = maximise(labels, posteriors, smoothing));
    ({ posteriors, logLikelihood, moved } = expectation(labels, classPriors, confusion, posteriors));
  }
  return { posteriors, confusion, classPriors, logLikelihood, iterations };
}

function maximise(
  { unit, annotator, label, units, annotators, classes }: Labels,
  posteriors: Float64Array,
  smoothing: number,
) {
  const classPriors = new Float64Array(classes);
  for (let start = 0; start < posteriors.length; start += classes) {
    for (let c = 0; c < classes; c++) classPriors[c] += posteriors[start + c] / units;
  }
  const confusion = new Float64Array(annotators * classes * classes).fill(smoothing);
  for (let n = 0; n < unit.length; n++) {
    for (let c = 0; c < classes; c++) {
      confusion[(annotator[n] * classes + c) * classes + label[n]] += posteriors[unit[n] * classes + c];
    }
  }
  normaliseRows(confusion, classes);
  return { classPriors, confusion };
}

function expectation(
  { unit, annotator, label, units, classes }: Labels,
  classPriors: Float64Array,
  confusion: Float64Array,
  before: Float64Array,
) {
  const posteriors = new Float64Array(units * classes);
  const logPriors = classPriors.map(Math.log);
  const logConfusion = confusion.map(Math.log);
  for (let start = 0; start < posteriors.length; start += classes) posteriors.set(logPriors, start);
  for (let n = 0; n < unit.length; n++) {
    for (let c = 0; c < classes; c++) {
      posteriors[unit[n] * classes + c] += logConfusion[(annotator[n] * classes + c) * classes + label[n]];
    }
  }
  let logLikelihood = 0;
  let moved = 0;
  for (let u = 0; u < units; u++) {
    const start = u * classes;
    let highest = posteriors[start];
    for (let c = 1; c < classes; c++) highest = Math.max(highest, posteriors[start + c]);
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      posteriors[start + c] = Math.exp(posteriors[start + c] - highest);
      sum += posteriors[start + c];
    }
    for (let c = 0; c < classes; c++) {
      posteriors[start + c] /= sum;
      moved = Math.max(moved, Math.abs(posteriors[start + c] - before[start + c]));
    }
    logLikelihood += highest + Math.log(sum);
  }
  return { posteriors, logLikelihood, moved };
}

/** Rows to sum 1; a row of zeros becomes uniform. */
function normaliseRows(values: Float64Array, width: number): void {
  for (let start = 0; start < values.length; start += width) {
    let sum = 0;
    for (let i = start; i < start + width; i++) sum += values[i];
    for (let i = start; i < start + width; i++) values[i] = sum > 0 ? values[i] / sum : 1 / width;
  }
}
