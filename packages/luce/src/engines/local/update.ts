import { LuceError } from "../../errors.ts";
import { DType, numpy as np } from "../../jax.ts";
import { hold, mapParameters, type Parameters, release } from "./parameters.ts";
import { globalNorm, multiplied, type Transform } from "./transforms.ts";

/** All that changes while learning. */
export type LearnerState = {
  readonly parameters: Parameters;
  readonly optimiser: Parameters;
  /** Updates made. */
  readonly step: number;
};

/** One update, traced. */
export type Applied = { parameters: Parameters; optimiser: Parameters; gradientNorm: np.Array };

export function startLearning(transform: Transform, parameters: Parameters): LearnerState {
  return { parameters, optimiser: transform.init(parameters), step: 0 };
}

/** Traceable: one update along the mean of summed float32 gradients. Borrows the parameters, consumes the rest. */
export function updateOf(transform: Transform) {
  const numberCount = transform.numbers(0).length;
  return (
    parameters: Parameters,
    optimiser: Parameters,
    gradients: Parameters,
    count: np.Array,
    numbers: np.Array,
  ): Applied => {
    const factor = np.reciprocal(count).astype(DType.Float32);
    const gradientNorm = globalNorm(hold(gradients)).mul(factor.ref);
    const scalars = Array.from({ length: numberCount }, (_, i) => numbers.ref.slice(i));
    const means = { arrays: gradients, factor, norm: gradientNorm.ref };
    const { updates, state } = transform.update(means, optimiser, parameters, scalars);
    const steps = multiplied(updates);
    return {
      parameters: mapParameters(parameters, (parameter, name) => parameter.ref.add(steps[name])),
      optimiser: { ...state },
      gradientNorm,
    };
  };
}

/** The numbers of update `step`, as the traced update takes them. */
export function numbersOf(transform: Transform, step: number): np.Array {
  return np.array(Float32Array.from([...transform.numbers(step), 0]));
}

/** The state after update number `step`, once its gradient is known to be finite. */
export async function checkUpdate(
  { parameters, optimiser, gradientNorm: norm }: Applied,
  step: number,
  loss = 0,
): Promise<{ state: LearnerState; gradientNorm: number }> {
  const [gradientNorm] = await norm.data();
  if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
    release(parameters);
    release(optimiser);
    const what = Number.isFinite(loss) ? "gradient" : "loss";
    throw new LuceError("not-finite", `the ${what} of update ${step} is not finite`, {
      hint: "lower the learning rate, or resume from the last checkpoint",
    });
  }
  return { state: { parameters, optimiser, step }, gradientNorm };
}
