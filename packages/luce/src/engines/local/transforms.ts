import { numpy as np } from "../../jax.ts";
import { hold, mapParameters, type Parameters, underPrefix, withPrefix } from "./parameters.ts";
import { constantSchedule, type Schedule } from "./schedules.ts";

/**
 * Gradients, or what the parts of an optimiser have made of them so far: the arrays times one common factor, which is
 * multiplied in where the arrays are read next. Multiplied at once, it would be one more pass over all parameters.
 */
export type Updates = {
  readonly arrays: Parameters;
  readonly factor: np.Array;
  /** The Euclidean norm of all arrays times the factor taken as one vector, where it is known. */
  readonly norm?: np.Array;
};

/**
 * One part of an optimiser: gradients in, changed gradients out; the last part's output is added to the
 * parameters. Parts are joined by `chain`.
 */
export type Transform = {
  /** What it remembers between updates, at the start. Borrows the parameters. */
  init(parameters: Parameters): Parameters;
  /**
   * The numbers of update `step` (from 0) that its formula needs, computed in float64 outside the traced function;
   * `update` gets them as scalars, in this order.
   */
  numbers(step: number): readonly number[];
  /** Traceable. Consumes updates and state, borrows parameters and numbers. */
  update(
    updates: Updates,
    state: Parameters,
    parameters: Parameters,
    numbers: readonly np.Array[],
  ): { updates: Updates; state: Parameters };
};

/** Applies transforms one after the other. */
export function chain(...parts: readonly Transform[]): Transform {
  return {
    init: (parameters) => Object.assign({}, ...parts.map((part, i) => withPrefix(`${i}.`, part.init(parameters)))),
    numbers: (step) => parts.flatMap((part) => part.numbers(step)),
    update(updates, state, parameters, numbers) {
      const states: Parameters[] = [];
      let first = 0;
      for (const [i, part] of parts.entries()) {
        const count = part.numbers(0).length;
        const result = part.update(
          updates,
          underPrefix(`${i}.`, state),
          parameters,
          numbers.slice(first, first + count),
        );
        updates = result.updates;
        states.push(withPrefix(`${i}.`, result.state));
        first += count;
      }
      return { updates, state: Object.assign({}, ...states) };
    },
  };
}

type Stateless = Omit<Transform, "init" | "update"> & {
  update(updates: Updates, parameters: Parameters, numbers: readonly np.Array[]): Updates;
};

function stateless({ numbers, update }: Stateless): Transform {
  return {
    init: () => ({}),
    numbers,
    update: (updates, state, parameters, given) => ({ updates: update(updates, parameters, given), state }),
  };
}

/** Scales all gradients by one factor where their common Euclidean norm exceeds `limit`, down to it. */
export function clipByGlobalNorm(limit: number): Transform {
  return stateless({
    numbers: () => [],
    update({ arrays, factor, norm = globalNorm(hold(arrays)).mul(factor.ref) }) {
      const share = np.minimum(np.array(1), np.array(limit).div(np.maximum(norm, np.array(1e-30))));
      return { arrays, factor: factor.mul(share) };
    },
  });
}

/** The Euclidean norm of all arrays taken as one vector. Consumes them. One pass reads all arrays of a shape. */
export function globalNorm(parameters: Parameters): np.Array {
  const squares = new Map<string, np.Array>();
  for (const array of Object.values(parameters)) {
    const shape = array.shape.join();
    const others = squares.get(shape);
    squares.set(shape, others ? others.add(np.square(array)) : np.square(array));
  }
  const totals = Array.from(squares.values(), (sum) => (sum.shape.length > 1 ? sum.sum(-1) : sum).sum());
  return np.sqrt(totals.reduce((left, right) => left.add(right), np.array(0)));
}

export type AdamOptions = {
  /** Decay of the mean of gradients. */
  beta1?: number;
  /** Decay of the mean of their squares. */
  beta2?: number;
  /** Added to the root, not under it. */
  epsilon?: number;
};

/**
 * m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2;  the update is (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon).
 *
 * @see arXiv 1412.6980, algorithm 1
 */
export function scaleByAdam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions = {}): Transform {
  return {
    init: (parameters) => ({
      ...withPrefix("mean.", mapParameters(parameters, zerosLike)),
      ...withPrefix("square.", mapParameters(parameters, zerosLike)),
    }),
    numbers: (step) => [1 / (1 - beta1 ** (step + 1)), 1 / (1 - beta2 ** (step + 1))],
    update({ arrays, factor, norm }, state, _parameters, [meanScale, squareScale]) {
      norm?.dispose();
      const means = underPrefix("mean.", state);
      const squares = underPrefix("square.", state);
      const newMeans = mapParameters(arrays, (array, name) =>
        means[name].mul(beta1).add(array.ref.mul(factor.ref).mul(1 - beta1)),
      );
      const newSquares = mapParameters(arrays, (array, name) =>
        squares[name].mul(beta2).add(np.square(array.mul(factor.ref)).mul(1 - beta2)),
      );
      factor.dispose();
      const scaled = mapParameters(newMeans, (mean, name) =>
        mean.ref.mul(meanScale.ref).div(np.sqrt(newSquares[name].ref.mul(squareScale.ref)).add(epsilon)),
      );
      return {
        updates: { arrays: scaled, factor: np.array(1) },
        state: { ...withPrefix("mean.", newMeans), ...withPrefix("square.", newSquares) },
      };
    },
  };
}

/** The decaying sum of updates: t = decay t + g. */
export function momentum(decay: number): Transform {
  return {
    init: (parameters) => mapParameters(parameters, zerosLike),
    numbers: () => [],
    update(updates, state) {
      const steps = multiplied(updates);
      const sums = mapParameters(steps, (step, name) => state[name].mul(decay).add(step));
      return { updates: { arrays: hold(sums), factor: np.array(1) }, state: sums };
    },
  };
}

/** Adds `weight` times the parameter, for those that `applies` to. By default matrices only: not gains. */
export function addDecayedWeights(
  weight: number,
  applies: (name: string, shape: readonly number[]) => boolean = (_, shape) => shape.length > 1,
): Transform {
  return stateless({
    numbers: () => [],
    update: (updates, parameters) => {
      if (weight === 0) return updates;
      const arrays = mapParameters(multiplied(updates), (update, name) =>
        applies(name, update.shape) ? update.add(parameters[name].ref.mul(weight)) : update,
      );
      return { arrays, factor: np.array(1) };
    },
  });
}

/** Multiplies by minus the learning rate: gradients become steps downhill. */
export function scaleByLearningRate(learningRate: number | Schedule): Transform {
  const schedule = typeof learningRate === "number" ? constantSchedule(learningRate) : learningRate;
  return stateless({
    numbers: (step) => [-schedule(step)],
    update({ arrays, factor, norm }, _parameters, [scale]) {
      norm?.dispose();
      return { arrays, factor: factor.mul(scale.ref) };
    },
  });
}

/** The arrays of updates, their factor multiplied in. Consumes the updates. */
export function multiplied({ arrays, factor, norm }: Updates): Parameters {
  norm?.dispose();
  const products = mapParameters(arrays, (array) => array.mul(factor.ref));
  factor.dispose();
  return products;
}

export type AdamWOptions = AdamOptions & {
  learningRate: number | Schedule;
  /** Decoupled: the learning rate multiplies it. */
  weightDecay?: number;
  /** Null clips nothing. */
  maxGradientNorm?: number | null;
};

/** AdamW with clipping. @see arXiv 1711.05101 */
export function adamW({ learningRate, weightDecay = 0, maxGradientNorm = 1, ...adam }: AdamWOptions): Transform {
  return chain(
    ...(maxGradientNorm === null ? [] : [clipByGlobalNorm(maxGradientNorm)]),
    scaleByAdam(adam),
    addDecayedWeights(weightDecay),
    scaleByLearningRate(learningRate),
  );
}

/** Stochastic gradient descent, with momentum where `decay` is not 0. */
export function sgd({ learningRate, decay = 0 }: { learningRate: number | Schedule; decay?: number }): Transform {
  return chain(...(decay === 0 ? [] : [momentum(decay)]), scaleByLearningRate(learningRate));
}

/** Exponential moving average, traceable: decay average + (1 - decay) parameters. Consumes the average only. */
export function movingAverage(average: Parameters, parameters: Parameters, decay: number): Parameters {
  return mapParameters(average, (array, name) => array.mul(decay).add(parameters[name].ref.mul(1 - decay)));
}

function zerosLike(array: np.Array): np.Array {
  return np.zeros(array.shape, { dtype: array.dtype });
}
