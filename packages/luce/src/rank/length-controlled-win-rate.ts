/**
 * Length-controlled win rate: how often a system would be preferred to the baseline if its answers were as
 * long as the baseline's.
 *
 *   logit P(system preferred) = theta + phi tanh((len_baseline - len_system) / sd) + psi gamma_instruction
 *   LC = mean over instructions of s(theta + psi gamma_instruction)
 *
 * sd is the sample standard deviation of the system's own length differences. gamma, how easy an instruction is
 * for all systems alike, comes once from a joint fit of all systems of the file with psi = 1; then each system
 * has its own theta, phi and psi. The paper keeps phi from following a system that games length by adding
 * judgments of the baseline prompted to be verbose and concise, with weight 0.2; they are not part of a file of
 * judgments, so here phi is drawn to the median phi of the file's systems with as much information as those
 * judgments hold. The published gamma was fitted to other systems, once. Both make small differences to
 * the published values (on 36 systems of AlpacaEval 2: 0.5 points on average, 2.3 at most).
 *
 * @see arXiv 2404.04475, section 3
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";
import type { Finding } from "../report/report.ts";
import { choleskyInPlace, choleskySolve } from "./cholesky.ts";
import { comparisonInputs, toComparisons } from "./contract.ts";
import { listNames } from "./identification.ts";
import { type BaselineJudgments, instructionDifficulty } from "./instruction-difficulty.ts";
import { logistic, softplus } from "./pairwise-likelihood.ts";
import { quantile } from "./quantile.ts";
import { defineRating, type RatingFit } from "./rating.ts";
import { indexOfSystem } from "./win-rate.ts";

const parameters = z.object({
  /** The system that all others are rated against. */
  baseline: z.string(),
  /** Weight of the pull of phi towards the other systems' (the paper's lambda for the gamed baselines). */
  lambda: z.number().nonnegative().default(0.2),
  /** Precision of the normal prior on instruction difficulty. */
  difficultyRidge: z.number().positive().default(0.3),
  /** What phi is drawn to; the median over the systems of the file where absent. */
  lengthPrior: z.number().optional(),
});

export type LengthControlledOptions = z.input<typeof parameters>;

/**
 * Length-controlled win rates in percent. Needs the covariate `length`, and clusters that are the prompts.
 *
 * @throws LuceError `invalid-input` without lengths or prompts, `invalid-parameter` for an unknown baseline
 */
export function fitLengthControlledWinRate(comparisons: Comparisons, options: LengthControlledOptions): RatingFit {
  const { baseline, lambda, difficultyRidge, lengthPrior } = parameters.parse(options);
  const { systems } = comparisons;
  const at = indexOfSystem(systems, baseline);
  const { judgments, others } = againstBaseline(comparisons, at);
  const gamma = instructionDifficulty(judgments, difficultyRidge);
  const rowsOf = systems.map((): number[] => []);
  judgments.system.forEach((system, row) => {
    rowsOf[system].push(row);
  });
  const judged = systems.map((_, i) => i).filter((i) => rowsOf[i].length > 0);
  const free = judged.map((i) => fitSystem(judgments, gamma, rowsOf[i], 0, 0)[1]);
  const centre = lengthPrior ?? (free.length > 0 ? quantile(free, 0.5) : 0);
  const terms = systems.map((_, i) =>
    rowsOf[i].length > 0
      ? fitSystem(judgments, gamma, rowsOf[i], lambda * lengthInformation(judgments, rowsOf[i]), centre)
      : null,
  );
  const results = systems.map((_, i) => {
    const own = terms[i];
    if (i === at) return { rate: 0.5, error: 0 };
    return own
      ? controlledRate(judgments, gamma, rowsOf[i], own, lambda, centre)
      : { rate: Number.NaN, error: Number.NaN };
  });
  const never = systems.filter((_, i) => i !== at && rowsOf[i].length === 0);
  return {
    systems,
    logStrengths: Float64Array.from(results, ({ rate }) => Math.log(rate / (1 - rate))),
    standardErrors: Float64Array.from(results, ({ rate, error }) => (error === 0 ? 0 : error / (rate * (1 - rate)))),
    covariance: null,
    components: new Int32Array(systems.length),
    coefficients: judged.map((i) => ({ name: `length of ${systems[i]}`, value: terms[i]![1], standardError: null })),
    winProbability(i, j) {
      const none = [0, 0, 0];
      const a = i === at ? none : terms[i];
      const b = j === at ? none : terms[j];
      if (!a || !b) return Number.NaN;
      return gamma.reduce((sum, g) => sum + logistic(a[0] - b[0] + (a[2] - b[2]) * g), 0) / gamma.length;
    },
    display: "percentage",
    displayed: Float64Array.from(results, ({ rate }) => 100 * rate),
    displayedErrors: Float64Array.from(results, ({ error }) => 100 * error),
    findings: findings({ baseline, centre, given: lengthPrior !== undefined, others, never, judged: judged.length }),
  };
}

export const lengthControlledWinRate = defineRating({
  id: "length-controlled-win-rate",
  name: "Length-controlled win rate",
  paper: "Length-Controlled AlpacaEval: A Simple Way to Debias Automatic Evaluators",
  arxiv: "2404.04475",
  reads: "comparisons",
  usesCovariates: true,
  needs: { covariates: ["length"], cluster: "prompt" },
  params: parameters,
  inputs: comparisonInputs.extend({
    prompts: z.array(z.number().int().nonnegative()),
    lengthLeft: z.array(z.number().nonnegative()),
    lengthRight: z.array(z.number().nonnegative()),
  }),
  evaluate({ prompts, lengthLeft, lengthRight, ...inputs }, params) {
    const comparisons: Comparisons = {
      ...toComparisons(inputs),
      cluster: Int32Array.from(prompts),
      covariates: { names: ["length"], left: Float64Array.from(lengthLeft), right: Float64Array.from(lengthRight) },
    };
    const { displayed, displayedErrors } = fitLengthControlledWinRate(comparisons, params);
    return { winRates: displayed, standardErrors: displayedErrors };
  },
  fit: (comparisons: Comparisons, { random: _, ...params }) => fitLengthControlledWinRate(comparisons, params),
});

/** The judgments that involve the baseline, seen from the other system; `others` counts the rest. */
function againstBaseline(comparisons: Comparisons, baseline: number): { judgments: BaselineJudgments; others: number } {
  const { systems, left, right, outcome, count, weight, cluster, covariates } = comparisons;
  const column = covariates?.names.indexOf("length") ?? -1;
  if (!covariates || column < 0 || !cluster) {
    throw new LuceError(
      "invalid-input",
      "length control needs the length of both answers and the prompt of each judgment",
      {
        where: "length-controlled-win-rate",
        hint: "name their columns, as in --columns prompt=instruction_id,leftLength=output_1_chars,rightLength=output_2_chars",
      },
    );
  }
  const columns = covariates.names.length;
  const rows: number[] = [];
  let others = 0;
  for (let row = 0; row < left.length; row++) {
    if (left[row] === right[row] || !(count[row] * (weight?.[row] ?? 1) > 0)) continue;
    if (left[row] === baseline || right[row] === baseline) rows.push(row);
    else others += count[row];
  }
  const isLeft = (row: number) => right[row] === baseline;
  const system = Int32Array.from(rows, (row) => (isLeft(row) ? left[row] : right[row]));
  const mass = Float64Array.from(rows, (row) => count[row] * (weight?.[row] ?? 1));
  const difference = Float64Array.from(rows, (row) => {
    const d = covariates.right[row * columns + column] - covariates.left[row * columns + column];
    return isLeft(row) ? d : -d;
  });
  const deviations = sampleDeviations(systems.length, system, difference, mass);
  const prompts = new Map<number, number>();
  const instruction = Int32Array.from(rows, (row) => {
    // A judgment without a prompt is an instruction of its own.
    const key = cluster[row] < 0 ? -1 - row : cluster[row];
    const number = prompts.get(key) ?? prompts.size;
    prompts.set(key, number);
    return number;
  });
  return {
    others,
    judgments: {
      systems: systems.length,
      instructions: prompts.size,
      system,
      instruction,
      share: Float64Array.from(rows, (row) => (isLeft(row) ? outcome[row] : 1 - outcome[row])),
      length: difference.map((d, n) => (deviations[system[n]] > 0 ? Math.tanh(d / deviations[system[n]]) : 0)),
      mass,
    },
  };
}

/** [M] sample standard deviation of each system's values. */
function sampleDeviations(systems: number, system: Int32Array, values: Float64Array, mass: Float64Array): Float64Array {
  const total = new Float64Array(systems);
  const sum = new Float64Array(systems);
  values.forEach((value, n) => {
    total[system[n]] += mass[n];
    sum[system[n]] += mass[n] * value;
  });
  const squares = new Float64Array(systems);
  values.forEach((value, n) => {
    squares[system[n]] += mass[n] * (value - sum[system[n]] / total[system[n]]) ** 2;
  });
  return squares.map((square, i) => (total[i] > 1 ? Math.sqrt(square / (total[i] - 1)) : 0));
}

/** What the rows would say of phi if every judgment were a toss-up: those of a gamed baseline nearly are. */
function lengthInformation({ length, mass }: BaselineJudgments, rows: readonly number[]): number {
  return rows.reduce((sum, row) => sum + (mass[row] * length[row] ** 2) / 4, 0);
}

/** Precision of the priors on theta (at 0) and psi (at 1): weak, but finite for a system that never wins. */
const WEAK = 0.01;

/** [theta, phi, psi] of one system, by Newton's method; phi has a normal prior. */
function fitSystem(
  judgments: BaselineJudgments,
  gamma: Float64Array,
  rows: readonly number[],
  precision: number,
  centre: number,
): number[] {
  const prior = { precision: [WEAK, precision + WEAK, WEAK], mean: [0, centre, 1] };
  let terms = [0, centre, 1];
  let value = systemObjective(judgments, gamma, rows, terms, prior);
  for (let iteration = 0; iteration < 100; iteration++) {
    const { matrix, slope } = systemInformation(judgments, gamma, rows, terms, prior);
    choleskyInPlace(matrix, 3);
    const step = choleskySolve(matrix, 3, slope);
    let scale = 1;
    let next = terms.map((term, k) => term + step[k]);
    let nextValue = systemObjective(judgments, gamma, rows, next, prior);
    while (!(nextValue >= value - 1e-12 * Math.abs(value)) && scale > 1e-6) {
      scale /= 2;
      next = terms.map((term, k) => term + scale * step[k]);
      nextValue = systemObjective(judgments, gamma, rows, next, prior);
    }
    [terms, value] = [next, nextValue];
    if (Math.max(...step.map(Math.abs)) < 1e-10) break;
  }
  return terms;
}

type Prior = { precision: readonly number[]; mean: readonly number[] };

function systemObjective(
  { instruction, length, share, mass }: BaselineJudgments,
  gamma: Float64Array,
  rows: readonly number[],
  terms: readonly number[],
  { precision, mean }: Prior,
): number {
  let value = 0;
  for (const row of rows) {
    const z = terms[0] + terms[1] * length[row] + terms[2] * gamma[instruction[row]];
    value += mass[row] * (share[row] * z - softplus(z));
  }
  terms.forEach((term, k) => {
    value -= 0.5 * precision[k] * (term - mean[k]) ** 2;
  });
  return value;
}

function systemInformation(
  { instruction, length, share, mass }: BaselineJudgments,
  gamma: Float64Array,
  rows: readonly number[],
  terms: readonly number[],
  { precision, mean }: Prior,
): { matrix: Float64Array; slope: Float64Array } {
  const matrix = new Float64Array(9);
  const slope = new Float64Array(3);
  for (let k = 0; k < 3; k++) {
    matrix[4 * k] = precision[k];
    slope[k] = -precision[k] * (terms[k] - mean[k]);
  }
  for (const row of rows) {
    const features = [1, length[row], gamma[instruction[row]]];
    const p = logistic(terms[0] + terms[1] * features[1] + terms[2] * features[2]);
    for (let k = 0; k < 3; k++) {
      slope[k] += mass[row] * (share[row] - p) * features[k];
      for (let l = 0; l < 3; l++) matrix[3 * k + l] += mass[row] * p * (1 - p) * features[k] * features[l];
    }
  }
  return { matrix, slope };
}

/**
 * The mean prediction at equal length and its standard error, from the influence of each judgment on it: through
 * the instruction it adds, and through the fitted terms. (AlpacaEval's published error has the first part only.)
 */
function controlledRate(
  judgments: BaselineJudgments,
  gamma: Float64Array,
  rows: readonly number[],
  terms: readonly number[],
  lambda: number,
  centre: number,
): { rate: number; error: number } {
  const { instruction, length, share, mass } = judgments;
  const total = rows.reduce((sum, row) => sum + mass[row], 0);
  const predictions = rows.map((row) => logistic(terms[0] + terms[2] * gamma[instruction[row]]));
  const rate = predictions.reduce((sum, p, n) => sum + mass[rows[n]] * p, 0) / total;
  const gradient = new Float64Array(3);
  predictions.forEach((p, n) => {
    const slope = (mass[rows[n]] * p * (1 - p)) / total;
    gradient[0] += slope;
    gradient[2] += slope * gamma[instruction[rows[n]]];
  });
  const prior = {
    precision: [WEAK, lambda * lengthInformation(judgments, rows) + WEAK, WEAK],
    mean: [0, centre, 1],
  };
  const { matrix } = systemInformation(judgments, gamma, rows, terms, prior);
  choleskyInPlace(matrix, 3);
  const direction = choleskySolve(matrix, 3, gradient);
  let squares = 0;
  rows.forEach((row, n) => {
    const g = gamma[instruction[row]];
    const p = logistic(terms[0] + terms[1] * length[row] + terms[2] * g);
    const through = (share[row] - p) * (direction[0] + direction[1] * length[row] + direction[2] * g);
    squares += mass[row] * ((predictions[n] - rate) / total + through) ** 2;
  });
  return { rate, error: total > 1 ? Math.sqrt((squares * total) / (total - 1)) : Number.NaN };
}

function findings(known: {
  baseline: string;
  centre: number;
  given: boolean;
  others: number;
  never: readonly string[];
  judged: number;
}): Finding[] {
  const found: Finding[] = [
    {
      severity: "note",
      text: `The effect of length is drawn to ${known.centre.toFixed(2)}, ${known.given ? "as given" : `the median over the ${known.judged} of the file`}.`,
    },
  ];
  if (known.judged < 5 && !known.given) {
    found.push({
      severity: "caution",
      text: `With ${known.judged} ${known.judged === 1 ? "system" : "systems"} besides the baseline, how hard an instruction is and what length is worth can hardly be told from how good the systems are.`,
      advice:
        "Add judgments of more systems against the same baseline, or give the effect of length (--params lengthPrior=-2).",
    });
  }
  if (known.others > 0) {
    found.push({
      severity: "note",
      text: `${known.others} judgments do not involve ${known.baseline} and are not used.`,
    });
  }
  if (known.never.length > 0) {
    found.push({
      severity: "problem",
      text: `${listNames(known.never)} never met ${known.baseline}: there is no win rate.`,
    });
  }
  return found;
}
