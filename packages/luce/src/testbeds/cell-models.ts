import type { EvidenceArray, LossAndGradient, Objective } from "../objectives/index.ts";
import type { Random } from "../random.ts";

/**
 * A model small enough to write down: what it says is a table of numbers, its cells, such as the log-probability of
 * every response of every prompt, or the reward of every item.
 */
export type CellModel = {
  /** Changed in place by training. */
  readonly parameters: Float64Array;
  /** What it says, a number a cell. */
  says(): Float64Array;
  /** d loss / d parameters, from d loss / d what it says. */
  backward(onSaid: Float64Array): Float64Array;
};

/** Says its own parameters; starts from a copy of `values`. */
export function freeCells(values: Float64Array): CellModel {
  const parameters = values.slice();
  return { parameters, says: () => parameters.slice(), backward: (onSaid) => onSaid };
}

/** Says `features . theta` of each of n cells, from theta = 0; `features` [n, dimensions]. */
export function linearCells(features: Float64Array, dimensions: number): CellModel {
  const parameters = new Float64Array(dimensions);
  return {
    parameters,
    says: () => linearScores(features, parameters),
    backward(onSaid) {
      const gradient = new Float64Array(dimensions);
      for (const [cell, slope] of onSaid.entries()) {
        if (slope === 0) continue;
        for (let d = 0; d < dimensions; d++) gradient[d] += slope * features[cell * dimensions + d];
      }
      return gradient;
    },
  };
}

/** A policy: says the log-softmax of each row of `columns` of the logits that another model says. */
export function softmaxCells(columns: number, logits: CellModel): CellModel {
  return {
    parameters: logits.parameters,
    says: () => logSoftmaxRows(logits.says(), columns),
    backward: (onSaid) => logits.backward(throughLogSoftmax(onSaid, logSoftmaxRows(logits.says(), columns), columns)),
  };
}

/** [n] `features . theta`; `features` [n, dimensions]. */
export function linearScores(features: Float64Array, theta: Float64Array): Float64Array {
  const dimensions = theta.length;
  return Float64Array.from({ length: features.length / dimensions }, (_, n) => {
    let score = 0;
    for (let d = 0; d < dimensions; d++) score += features[n * dimensions + d] * theta[d];
    return score;
  });
}

/** The cosine of the angle between two vectors, neither of them 0. */
export function cosine(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, d) => sum + value * b[d], 0) / (Math.hypot(...a) * Math.hypot(...b));
}

/** The log-softmax of each row of `columns` values. */
export function logSoftmaxRows(logits: Float64Array, columns: number): Float64Array {
  const logps = logits.slice();
  for (let first = 0; first < logps.length; first += columns) {
    const row = logps.subarray(first, first + columns);
    const most = row.reduce((a, b) => Math.max(a, b));
    const total = most + Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    for (let c = 0; c < columns; c++) row[c] -= total;
  }
  return logps;
}

/** d loss / d logits, from d loss / d log-probabilities, row by row. */
function throughLogSoftmax(onLogps: Float64Array, logps: Float64Array, columns: number): Float64Array {
  const onLogits = onLogps.slice();
  for (let first = 0; first < onLogits.length; first += columns) {
    let sum = 0;
    for (let c = first; c < first + columns; c++) sum += onLogps[c];
    if (sum !== 0) for (let c = first; c < first + columns; c++) onLogits[c] -= sum * Math.exp(logps[c]);
  }
  return onLogits;
}

/** KL(p || q) of each row, nats, from [rows, columns] log-probabilities. */
export function rowDivergences(p: Float64Array, q: Float64Array, columns: number): Float64Array {
  const divergences = new Float64Array(p.length / columns);
  for (const [cell, logp] of p.entries()) divergences[Math.floor(cell / columns)] += Math.exp(logp) * (logp - q[cell]);
  return divergences;
}

/** A cell of a row, drawn by [rows, columns] log-probabilities. */
export function drawCell(logps: Float64Array, row: number, columns: number, random: Random): number {
  const last = (row + 1) * columns - 1;
  let rest = random.uniform();
  for (let cell = row * columns; cell < last; cell++) {
    rest -= Math.exp(logps[cell]);
    if (rest < 0) return cell;
  }
  return last;
}

/**
 * The cells that make up a tensor of evidence: one an entry, or where there are several times as many cells as
 * entries, that many in a row, which are added up (the tokens of a response).
 */
export type Cells = { readonly cells: ArrayLike<number>; readonly shape: readonly number[] };

/** The evidence in what a model says of some cells. */
export function readCells(said: Float64Array, { cells, shape }: Cells): EvidenceArray {
  const data = new Float64Array(sizeOf(shape));
  const span = cells.length / data.length;
  for (let n = 0; n < cells.length; n++) data[Math.floor(n / span)] += said[cells[n]];
  return { data, shape };
}

/** The evidence of an objective on chosen and rejected responses: what a policy says of them, and what it said at the start. */
export function pairEvidence(
  policy: CellModel,
  start: Float64Array,
  [chosen, rejected]: readonly Cells[],
): Required<Pick<CellLesson, "learnt" | "given">> {
  return {
    learnt: { policyChosenLogps: { ...chosen, by: policy }, policyRejectedLogps: { ...rejected, by: policy } },
    given: { referenceChosenLogps: readCells(start, chosen), referenceRejectedLogps: readCells(start, rejected) },
  };
}

/** What models are to learn from. */
export type CellLesson = {
  readonly objective: Objective;
  readonly params?: Record<string, unknown>;
  /** Evidence that a model in training says, by its name. */
  readonly learnt: Readonly<Record<string, Cells & { readonly by: CellModel }>>;
  /** The rest of the evidence, by its name. */
  readonly given?: Readonly<Record<string, EvidenceArray>>;
  /** Of plain gradient descent; with `normalised`, the length of each model's step. */
  readonly learningRate: number;
  readonly normalised?: boolean;
  /** Adds half of this times the squared norm of each model's parameters to the loss. */
  readonly ridge?: number;
  /** Whether the result has the objective's further outputs. */
  readonly outputs?: boolean;
};

/** One step of gradient descent, of every model that says some of the evidence. */
export async function learnFromCells(lesson: CellLesson): Promise<LossAndGradient> {
  const {
    objective,
    params = {},
    learnt,
    given = {},
    learningRate,
    normalised = false,
    ridge = 0,
    outputs = false,
  } = lesson;
  const said = new Map<CellModel, Float64Array>();
  for (const { by } of Object.values(learnt)) if (!said.has(by)) said.set(by, by.says());
  const evidence = Object.entries(learnt).map(([name, cells]) => [
    name,
    readCells(said.get(cells.by) as Float64Array, cells),
  ]);
  const result = await objective.lossAndGradient({ ...Object.fromEntries(evidence), ...given }, params, { outputs });
  // Models that share their parameters, such as a policy's logits and its log-probabilities, take one step together.
  const gradients = new Map<Float64Array, Float64Array>();
  for (const [model, values] of said) {
    const onSaid = new Float64Array(values.length);
    for (const [name, { by, cells, shape }] of Object.entries(learnt)) {
      if (by !== model) continue;
      const span = cells.length / sizeOf(shape);
      const { data } = result.gradients[name];
      for (let n = 0; n < cells.length; n++) onSaid[cells[n]] += data[Math.floor(n / span)];
    }
    const gradient = gradients.get(model.parameters) ?? new Float64Array(model.parameters.length);
    for (const [d, slope] of model.backward(onSaid).entries()) gradient[d] += slope;
    gradients.set(model.parameters, gradient);
  }
  for (const [parameters, gradient] of gradients) {
    for (let d = 0; d < gradient.length; d++) gradient[d] += ridge * parameters[d];
    const step = learningRate / (normalised ? Math.hypot(...gradient) || 1 : 1);
    for (let d = 0; d < gradient.length; d++) parameters[d] -= step * gradient[d];
  }
  return result;
}

/** Learns the same lesson `steps` times. */
export async function learnRepeatedly(steps: number, lesson: CellLesson): Promise<void> {
  for (let n = 0; n < steps; n++) await learnFromCells(lesson);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}
