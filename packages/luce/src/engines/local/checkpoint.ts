import * as z from "zod";
import { LuceError } from "../../errors.ts";
import { parseWith } from "../../method.ts";
import { checkShapes, type HostParameters, type Parameters, toDevice, toHost } from "./parameters.ts";
import { decodeSafetensors, encodeSafetensors, readFloat32, type StoredTensor, storeFloat32 } from "./safetensors.ts";
import type { LearnerState } from "./update.ts";

/** What resumes a run exactly: the state, and what its trainer must remember (random state, place in the data). */
export type Checkpoint<Progress = unknown> = {
  readonly state: LearnerState;
  /** JSON. */
  readonly progress: Progress;
  /** A moving average of the parameters, where one is kept. */
  readonly average?: Parameters;
};

const HEADER = "luce.checkpoint";
const headerSchema = z.strictObject({ version: z.literal(1), step: z.int().nonnegative(), progress: z.unknown() });
const parts = ["parameters", "optimiser", "average"] as const;

/**
 * A checkpoint as the bytes of a safetensors file, its numbers to the last bit. Borrows the state.
 *
 * @throws LuceError `not-finite` for a state with a number that is none: a bad state never becomes a file.
 */
export async function encodeCheckpoint({ state, progress, average }: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const tensors: Record<string, StoredTensor> = {};
  const arrays = { parameters: state.parameters, optimiser: state.optimiser, average: average ?? {} };
  for (const part of parts) {
    for (const [name, { data, shape }] of Object.entries(await toHost(arrays[part]))) {
      checkFinite(data, `${part}.${name}`);
      tensors[`${part}.${name}`] = storeFloat32(data, shape);
    }
  }
  const header = JSON.stringify({ version: 1, step: state.step, progress });
  return encodeSafetensors({ tensors, metadata: { [HEADER]: header } });
}

/**
 * Reads a checkpoint into the engine. `like` is a state of the run that resumes (freshly started): names and shapes
 * must be its own.
 *
 * @throws LuceError `invalid-input` for a file that is no checkpoint or is damaged, `shape-mismatch` for one of
 *   another model or optimiser.
 */
export function decodeCheckpoint(file: Uint8Array, like: Omit<LearnerState, "step">, where: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(file, where);
  if (!Object.hasOwn(metadata, HEADER)) {
    throw new LuceError("invalid-input", "this safetensors file is no checkpoint of a run", { where });
  }
  const { step, progress } = parseWith(headerSchema, parseJson(metadata[HEADER], where), where);
  const read = { parameters: {}, optimiser: {}, average: {} } as Record<
    (typeof parts)[number],
    Record<string, StoredTensor>
  >;
  for (const [name, tensor] of Object.entries(tensors)) {
    const part = parts.find((candidate) => name.startsWith(`${candidate}.`));
    if (!part) throw new LuceError("invalid-input", `a checkpoint has no array "${name}"`, { where });
    read[part][name.slice(part.length + 1)] = tensor;
  }
  checkShapes(read.parameters, like.parameters, where);
  checkShapes(read.optimiser, like.optimiser, `${where}: the optimiser's state`);
  // In the order of the run's own state: sums over arrays, such as the gradient's norm, depend on it in the last bit.
  const arrays = (part: (typeof parts)[number]) => {
    const names = Object.keys(part === "optimiser" ? like.optimiser : like.parameters);
    const found = names.filter((name) => Object.hasOwn(read[part], name)).map((name) => [name, read[part][name]]);
    return toDevice(readTensors(Object.fromEntries(found), where));
  };
  return {
    state: { parameters: arrays("parameters"), optimiser: arrays("optimiser"), step },
    progress,
    ...(Object.keys(read.average).length > 0 && { average: arrays("average") }),
  };
}

/** Arrays of floats outside the engine, from a file's. */
export function readTensors(tensors: { readonly [name: string]: StoredTensor }, where: string): HostParameters {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      { data: readFloat32(tensor, `${where}: "${name}"`), shape: tensor.shape },
    ]),
  );
}

/** @throws LuceError `not-finite` naming the array. */
export function checkFinite(data: Float32Array, name: string): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new LuceError("not-finite", `"${name}" holds ${data[i]} at place ${i}: such a state is not saved`, {
        hint: "resume from the last checkpoint with a lower learning rate",
      });
    }
  }
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LuceError("invalid-input", "the checkpoint's header is no JSON", { where, cause });
  }
}
