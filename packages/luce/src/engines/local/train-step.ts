import { LuceError } from "../../errors.ts";
import { DType, defaultDevice, jit, lax, numpy as np, type OwnedFunction, valueAndGrad, vjp } from "../../jax.ts";
import { hold, mapParameters, type Parameters, release } from "./parameters.ts";
import { differentiateAcrossDevices } from "./split-evidence.ts";
import type { Transform } from "./transforms.ts";
import { type Applied, checkUpdate, type LearnerState, numbersOf, startLearning, updateOf } from "./update.ts";

/** The arrays of one batch by name; the same names and shapes run the same compiled program. */
export type Batch = { readonly [name: string]: np.Array };

/**
 * What a batch costs, traceable: sums over its examples, and their count (or the sum of their weights), so that
 * batches of any size add up. All are scalars.
 */
export type BatchLoss = {
  /** Has the gradient of the summed loss; its own value is not read.  */
  readonly differentiable: np.Array;
  /** The summed loss. */
  readonly total: np.Array;
  readonly count: np.Array;
  /** Means over the batch, to watch. */
  readonly metrics: { readonly [name: string]: np.Array };
};

export type StepResult = {
  readonly state: LearnerState;
  /** The mean loss of the batch, before the update. */
  readonly loss: number;
  /** The Euclidean norm of the gradient, before clipping. */
  readonly gradientNorm: number;
  readonly metrics: { readonly [name: string]: number };
};

/** A loss of the parameters, traceable and differentiable in `parameters`; borrows its arguments. */
export type DirectLoss = (parameters: Parameters, frozen: Parameters, batch: Batch) => BatchLoss;

/**
 * A loss of evidence. The policy makes evidence in float32, the loss reads it in float64, and its gradient with
 * respect to the evidence is all that goes back: neither sees the other.
 */
export type LossThroughEvidence = {
  /** Traceable and differentiable in `parameters`; borrows its arguments. */
  evidence(parameters: Parameters, frozen: Parameters, batch: Batch): Parameters;
  /** Traceable; consumes the evidence, borrows the batch. `total` is differentiated. */
  objective(evidence: Parameters, batch: Batch): Omit<BatchLoss, "differentiable">;
};

export type TrainStepOptions = {
  /** `frozen`, wherever it is an argument, are parameters that do not learn. */
  readonly loss: DirectLoss | LossThroughEvidence;
  readonly transform: Transform;
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
  const measureAndDifferentiate =
    typeof loss === "function" ? differentiateDirectly(loss) : differentiateThroughEvidence(loss);

  const apply = updateOf(transform);

  const single = jit(
    (parameters: Parameters, optimiser: Parameters, numbers: np.Array, frozen: Parameters, batch: Batch) => {
      const { measured, gradients } = measureAndDifferentiate(hold(parameters), frozen, batch);
      const applied = apply(parameters, optimiser, gradients, measured.count.ref, numbers);
      return { ...applied, measured };
    },
  );
  const accumulate = jit(measureAndDifferentiate);
  const acrossDevices =
    typeof loss === "function" ? null : differentiateAcrossDevices(loss, jit(differentiateObjective(loss)));
  /** Float64 is on WebAssembly alone. */
  const isSplit = () => acrossDevices !== null && defaultDevice() !== "wasm";
  const differentiate = async (parameters: Parameters, frozen: Parameters, batch: Batch) =>
    acrossDevices && isSplit()
      ? acrossDevices(parameters, frozen, batch)
      : accumulate(hold(parameters), hold(frozen), batch);
  const add = jit((left: Parameters, right: Parameters) =>
    mapParameters(left, (array, name) => array.add(right[name])),
  );
  const applyOnce = jit(apply);
  const evaluate = jit((parameters: Parameters, frozen: Parameters, batch: Batch): Measured => {
    if (typeof loss !== "function")
      return { ...loss.objective(exact(loss.evidence(parameters, frozen, batch)), batch) };
    const { differentiable, ...measured } = loss(parameters, frozen, batch);
    differentiable.dispose();
    return { ...measured };
  }) as unknown as OwnedFunction<(parameters: Parameters, frozen: Parameters, batch: Batch) => Measured>;

  return {
    start: (parameters) => startLearning(transform, parameters),

    async update({ parameters, optimiser, step }, frozen, ...batches) {
      if (batches.length === 0) throw new LuceError("invalid-input", "a training step needs at least one batch");
      const numbers = numbersOf(transform, step);
      let applied: Applied;
      let measured: Measured;
      if (batches.length === 1 && !isSplit()) {
        const result = single(parameters, optimiser, numbers, hold(frozen), batches[0]);
        applied = result;
        measured = result.measured;
      } else {
        const [first, ...rest] = batches;
        let sum = await differentiate(parameters, frozen, first);
        for (const batch of rest) {
          const next = await differentiate(parameters, frozen, batch);
          sum = {
            gradients: add(sum.gradients, next.gradients),
            measured: addMeasured(sum.measured, next.measured),
          };
        }
        measured = sum.measured;
        const count = np.array(Float32Array.of(await readScalar(measured.count.ref))).reshape([]);
        applied = applyOnce(parameters, optimiser, sum.gradients, count, numbers);
      }
      const result = await readMeasured(measured);
      return { ...(await checkUpdate(applied, step + 1, result.loss)), ...result };
    },

    async evaluate(parameters, frozen, batch) {
      if (!isSplit()) return readMeasured(evaluate(hold(parameters), hold(frozen), batch));
      const { measured, gradients } = await differentiate(parameters, frozen, batch);
      release(gradients);
      return readMeasured(measured);
    },

    dispose() {
      for (const program of [single, accumulate, add, applyOnce, evaluate]) program.dispose();
    },
  };
}

export type Differentiated = { measured: Measured; gradients: Record<string, np.Array> };
type Differentiate = (parameters: Parameters, frozen: Parameters, batch: Batch) => Differentiated;

function differentiateDirectly(loss: DirectLoss): Differentiate {
  const traced = (parameters: Parameters, frozen: Parameters, batch: Batch): [np.Array, Measured] => {
    const { differentiable, total, count, metrics } = loss(parameters, frozen, batch);
    // What leaves a differentiated function beside its value must not carry a derivative.
    const constant = (array: np.Array) => lax.stopGradient(array);
    return [
      differentiable,
      { total: constant(total), count: constant(count), metrics: mapParameters(metrics, constant) },
    ];
  };
  const differentiate = valueAndGrad(traced, { hasAux: true });
  return (parameters, frozen, batch) => {
    const [[value, measured], gradients] = differentiate(parameters, frozen, batch) as unknown as [
      [np.Array, Measured],
      Record<string, np.Array>,
    ];
    value.dispose();
    return { measured, gradients };
  };
}

/** jax-js differentiates no cast between float types: the gradient is carried over by hand. */
function differentiateThroughEvidence({ evidence, objective }: LossThroughEvidence): Differentiate {
  return (parameters, frozen, batch) => {
    const [made, back] = vjp((own: Parameters) => ({ ...evidence(own, frozen, batch) }), [parameters]);
    const { measured, gradients: slopes } = differentiateObjective({ objective })(exact(hold(made)), batch);
    const cotangents = mapParameters(made, (array, name) => slopes[name].astype(array.dtype));
    const [gradients] = back(cotangents) as unknown as [Record<string, np.Array>];
    back.dispose();
    return { measured, gradients };
  };
}

/** The loss of evidence (float64) and its gradient in it. */
function differentiateObjective({ objective }: Pick<LossThroughEvidence, "objective">) {
  return (evidence: Parameters, batch: Batch): Differentiated => {
    const traced = (arrays: Parameters): [np.Array, Omit<Measured, "total">] => {
      const { total, count, metrics } = objective(arrays, batch);
      const constant = (array: np.Array) => lax.stopGradient(array);
      return [total, { count: constant(count), metrics: mapParameters(metrics, constant) }];
    };
    const [[total, rest], gradients] = valueAndGrad(traced, { hasAux: true })(evidence) as unknown as [
      [np.Array, Omit<Measured, "total">],
      Record<string, np.Array>,
    ];
    return { measured: { total, ...rest }, gradients };
  };
}

function exact(evidence: Parameters): Record<string, np.Array> {
  return mapParameters(evidence, (array) => array.astype(DType.Float64));
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
