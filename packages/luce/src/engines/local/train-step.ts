import { LuceError } from "../../errors.ts";
import { jit, numpy as np, valueAndGrad } from "../../jax.ts";
import { hold, mapParameters, type Parameters, release } from "./parameters.ts";
import { globalNorm, type Transform } from "./transforms.ts";

/** The arrays of one batch by name; the same names and shapes run the same compiled program. */
export type Batch = { readonly [name: string]: np.Array };

/**
 * What a batch costs, traceable: sums over its examples, and their count (or the sum of their weights), so that
 * batches of any size add up. All are scalars.
 */
export type BatchLoss = {
  /** Has the gradient of the summed loss; its own value is not read. See `throughEvidence`. */
  readonly differentiable: np.Array;
  /** The summed loss. */
  readonly total: np.Array;
  readonly count: np.Array;
  /** Means over the batch, to watch. */
  readonly metrics: { readonly [name: string]: np.Array };
};

/** All that changes while learning. */
export type LearnerState = {
  readonly parameters: Parameters;
  readonly optimiser: Parameters;
  /** Updates made. */
  readonly step: number;
};

export type StepResult = {
  readonly state: LearnerState;
  /** The mean loss of the batch, before the update. */
  readonly loss: number;
  /** The Euclidean norm of the gradient, before clipping. */
  readonly gradientNorm: number;
  readonly metrics: { readonly [name: string]: number };
};

export type TrainStepOptions = {
  /** Traceable and differentiable in `parameters`; borrows its arguments. `frozen` are parameters that do not learn. */
  loss(parameters: Parameters, frozen: Parameters, batch: Batch): BatchLoss;
  transform: Transform;
};

export type TrainStep = {
  /** The state before the first update. Consumes the parameters. */
  start(parameters: Parameters): LearnerState;
  /**
   * One update. Consumes the state and the batches, borrows `frozen`. Several batches are one update with the mean
   * gradient over all their examples, as if they were one batch (gradient accumulation).
   *
   * @throws LuceError `not-finite` where the loss or the gradient is not finite; the state is then given up.
   */
  update(state: LearnerState, frozen: Parameters, ...batches: readonly Batch[]): Promise<StepResult>;
  /** The mean loss without an update; borrows parameters and `frozen`, consumes the batch. */
  evaluate(
    parameters: Parameters,
    frozen: Parameters,
    batch: Batch,
  ): Promise<Omit<StepResult, "state" | "gradientNorm">>;
  /** Frees the compiled programs. */
  dispose(): void;
};

type Measured = { total: np.Array; count: np.Array; metrics: Record<string, np.Array> };

/**
 * Compiles forward, loss, backward and update of any differentiable loss into one program.
 * Nothing in it knows what is learned.
 */
export function createTrainStep({ loss, transform }: TrainStepOptions): TrainStep {
  const numberCount = transform.numbers(0).length;

  const gradientOf = valueAndGrad(
    (parameters: Parameters, frozen: Parameters, batch: Batch): [np.Array, Measured] => {
      const { differentiable, total, count, metrics } = loss(parameters, frozen, batch);
      return [differentiable, { total, count, metrics: { ...metrics } }];
    },
    { hasAux: true },
  ) as unknown as (p: Parameters, f: Parameters, b: Batch) => [[np.Array, Measured], Record<string, np.Array>];

  const measureAndDifferentiate = (parameters: Parameters, frozen: Parameters, batch: Batch) => {
    const [[differentiable, measured], gradients] = gradientOf(parameters, frozen, batch);
    differentiable.dispose();
    return { measured, gradients };
  };

  const apply = (
    parameters: Parameters,
    optimiser: Parameters,
    gradients: Parameters,
    count: np.Array,
    numbers: np.Array,
  ) => {
    const means = mapParameters(gradients, (gradient) => gradient.div(count.ref.astype(gradient.dtype)));
    const gradientNorm = globalNorm(hold(means));
    const scalars = Array.from({ length: numberCount }, (_, i) => numbers.ref.slice(i));
    const result = transform.update(means, optimiser, parameters, scalars);
    return {
      parameters: mapParameters(parameters, (parameter, name) => parameter.ref.add(result.updates[name])),
      optimiser: { ...result.state },
      gradientNorm,
    };
  };

  const single = jit(
    (parameters: Parameters, optimiser: Parameters, numbers: np.Array, frozen: Parameters, batch: Batch) => {
      const { measured, gradients } = measureAndDifferentiate(hold(parameters), frozen, batch);
      const applied = apply(parameters, optimiser, gradients, measured.count.ref, numbers);
      return { ...applied, measured };
    },
  );
  const accumulate = jit(measureAndDifferentiate);
  const add = jit((left: Parameters, right: Parameters) =>
    mapParameters(left, (array, name) => array.add(right[name])),
  );
  const applyOnce = jit(apply);
  const evaluate = jit((parameters: Parameters, frozen: Parameters, batch: Batch): Measured => {
    const { differentiable, total, count, metrics } = loss(parameters, frozen, batch);
    differentiable.dispose();
    return { total, count, metrics: { ...metrics } };
  });

  return {
    start: (parameters) => ({ parameters, optimiser: transform.init(parameters), step: 0 }),

    async update({ parameters, optimiser, step }, frozen, ...batches) {
      if (batches.length === 0) throw new LuceError("invalid-input", "a training step needs at least one batch");
      const numbers = np.array(Float32Array.from([...transform.numbers(step), 0]));
      let applied: { parameters: Parameters; optimiser: Parameters; gradientNorm: np.Array };
      let measured: Measured;
      if (batches.length === 1) {
        const result = single(parameters, optimiser, numbers, hold(frozen), batches[0]);
        applied = result;
        measured = result.measured;
      } else {
        const [first, ...rest] = batches;
        let sum = accumulate(hold(parameters), hold(frozen), first);
        for (const batch of rest) {
          const next = accumulate(hold(parameters), hold(frozen), batch);
          // Metrics are means of their batch: weigh them so that they stay so.
          sum = {
            gradients: add(sum.gradients, next.gradients),
            measured: addMeasured(sum.measured, next.measured),
          };
        }
        measured = sum.measured;
        applied = applyOnce(parameters, optimiser, sum.gradients, measured.count.ref, numbers);
      }
      const state = { parameters: applied.parameters, optimiser: applied.optimiser, step: step + 1 };
      const gradientNorm = await readScalar(applied.gradientNorm);
      const result = await readMeasured(measured);
      if (!Number.isFinite(result.loss) || !Number.isFinite(gradientNorm)) {
        release(state.parameters);
        release(state.optimiser);
        const what = Number.isFinite(result.loss) ? "gradient" : "loss";
        throw new LuceError("not-finite", `the ${what} of update ${step + 1} is not finite`, {
          hint: "lower the learning rate, or resume from the last checkpoint",
        });
      }
      return { state, gradientNorm, ...result };
    },

    async evaluate(parameters, frozen, batch) {
      return readMeasured(evaluate(hold(parameters), hold(frozen), batch) as Measured);
    },

    dispose() {
      for (const program of [single, accumulate, add, applyOnce, evaluate]) program.dispose();
    },
  };
}

/** Sums of two batches; metrics weighed by their batch's count. */
function addMeasured(left: Measured, right: Measured): Measured {
  const count = left.count.ref.add(right.count.ref);
  const share = left.count.div(count.ref);
  const rest = right.count.div(count.ref);
  const metrics = mapParameters(left.metrics, (metric, name) =>
    metric.mul(share.ref).add(right.metrics[name].mul(rest.ref)),
  );
  share.dispose();
  rest.dispose();
  return { total: left.total.add(right.total), count, metrics };
}

async function readMeasured({ total, count, metrics }: Measured) {
  const read: Record<string, number> = {};
  for (const [name, metric] of Object.entries(metrics)) read[name] = await readScalar(metric);
  return { loss: (await readScalar(total)) / (await readScalar(count)), metrics: read };
}

async function readScalar(array: np.Array): Promise<number> {
  return (await array.data())[0];
}
