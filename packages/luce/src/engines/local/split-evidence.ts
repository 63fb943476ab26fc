import { DType, defaultDevice, jit, numpy as np, vjp } from "../../jax.ts";
import { hold, type Parameters, release } from "./parameters.ts";
import type { Batch, Differentiated, LossThroughEvidence } from "./train-step.ts";

/** The device that has float64. */
const EXACT = "wasm";

type ObjectiveProgram = (evidence: Parameters, batch: Batch) => Differentiated;

/**
 * Differentiates a loss of evidence where the policy's device has no float64 (WebGPU): the evidence is read, the
 * objective runs on WebAssembly, and its gradient goes back to the policy's device, into a second forward pass. Borrows
 * parameters and `frozen`, consumes the batch.
 */
export function differentiateAcrossDevices(
  { evidence }: LossThroughEvidence,
  objective: ObjectiveProgram,
): (parameters: Parameters, frozen: Parameters, batch: Batch) => Promise<Differentiated> {
  const forward = jit((own: Parameters, frozen: Parameters, batch: Batch) => ({ ...evidence(own, frozen, batch) }));
  const backward = jit((own: Parameters, frozen: Parameters, batch: Batch, cotangents: Parameters) => {
    const [made, back] = vjp((parameters: Parameters) => ({ ...evidence(parameters, frozen, batch) }), [own]);
    release(made);
    const [gradients] = back({ ...cotangents }) as unknown as [Record<string, np.Array>];
    back.dispose();
    return gradients;
  });
  return async (parameters, frozen, batch) => {
    const policyDevice = defaultDevice();
    const made = forward(hold(parameters), hold(frozen), hold(batch)) as Record<string, np.Array>;
    const exact = await copyAll(made, (data, shape) =>
      np.array(Float64Array.from(data), { shape, dtype: DType.Float64, device: EXACT }),
    );
    const exactBatch = await copyAll(hold(batch), (data, shape, dtype) =>
      np.array(data, { shape, dtype, device: EXACT }),
    );
    // Constants of the objective are made where it runs.
    defaultDevice(EXACT);
    const { measured, gradients: slopes } = objective(exact, exactBatch);
    defaultDevice(policyDevice);
    const cotangents = await copyAll(slopes, (data, shape) =>
      np.array(Float32Array.from(data), { shape, dtype: DType.Float32, device: policyDevice }),
    );
    const gradients = backward(hold(parameters), hold(frozen), batch, cotangents) as Record<string, np.Array>;
    return { measured, gradients };
  };
}

type Data = Awaited<ReturnType<np.Array["data"]>>;

/** New arrays from the values of others, which it consumes. */
async function copyAll(
  arrays: Parameters,
  make: (data: Data, shape: number[], dtype: DType) => np.Array,
): Promise<Record<string, np.Array>> {
  const copies: Record<string, np.Array> = {};
  for (const [name, array] of Object.entries(arrays)) {
    const { shape, dtype } = array;
    copies[name] = make(await array.data(), shape, dtype);
  }
  return copies;
}
