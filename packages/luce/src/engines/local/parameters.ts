import { LuceError } from "../../errors.ts";
import { DType, numpy as np } from "../../jax.ts";
import type { Random } from "../../random.ts";

/**
 * Named arrays: a policy's parameters, an optimiser's state, gradients. Flat, with the names they have in a
 * saved file, so that what is trained, saved, adapted and averaged is one kind of thing.
 *
 * The arrays are jax-js's: a function consumes those it is given unless its documentation says it borrows them.
 */
export type Parameters = { readonly [name: string]: np.Array };

/** An array outside the engine: row-major values and shape. */
export type HostArray = { readonly data: Float32Array<ArrayBuffer>; readonly shape: readonly number[] };

/** Named arrays outside the engine. */
export type HostParameters = { readonly [name: string]: HostArray };

/** The same arrays, held once more. */
export function hold(parameters: Parameters): Parameters {
  return mapParameters(parameters, (array) => array.ref);
}

/** Lets the arrays go. */
export function release(parameters: Parameters): void {
  for (const array of Object.values(parameters)) array.dispose();
}

export function mapParameters(
  parameters: Parameters,
  change: (array: np.Array, name: string) => np.Array,
): Record<string, np.Array> {
  return Object.fromEntries(Object.entries(parameters).map(([name, array]) => [name, change(array, name)]));
}

/** The arrays with `prefix` before their names. */
export function withPrefix(prefix: string, parameters: Parameters): Record<string, np.Array> {
  return Object.fromEntries(Object.entries(parameters).map(([name, array]) => [prefix + name, array]));
}

/** Those whose names begin with `prefix`, without it. */
export function underPrefix(prefix: string, parameters: Parameters): Record<string, np.Array> {
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, array]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), array]] : [],
    ),
  );
}

/** Copies arrays into the engine. */
export function toDevice(host: HostParameters): Record<string, np.Array> {
  return Object.fromEntries(
    Object.entries(host).map(([name, { data, shape }]) => [
      name,
      np.array(data, { shape: [...shape], dtype: DType.Float32 }),
    ]),
  );
}

/** Copies arrays out of the engine; borrows them. */
export async function toHost(parameters: Parameters): Promise<Record<string, HostArray>> {
  const host: Record<string, HostArray> = {};
  for (const [name, array] of Object.entries(parameters)) {
    host[name] = { data: (await array.ref.data()) as Float32Array<ArrayBuffer>, shape: array.shape };
  }
  return host;
}

/** Draws from a normal distribution of the given standard deviation. */
export function normalArray(shape: readonly number[], deviation: number, random: Random): HostArray {
  const data = new Float32Array(shape.reduce((size, length) => size * length, 1));
  for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal();
  return { data, shape };
}

/** @throws LuceError `shape-mismatch` naming the first array that is missing, unexpected or of another shape. */
export function checkShapes(
  found: { readonly [name: string]: { readonly shape: readonly number[] } },
  expected: { readonly [name: string]: { readonly shape: readonly number[] } },
  where: string,
): void {
  for (const [name, { shape }] of Object.entries(expected)) {
    if (!Object.hasOwn(found, name)) {
      throw new LuceError("shape-mismatch", `there is no array "${name}" of shape [${shape.join(", ")}]`, { where });
    }
    if (found[name].shape.join() !== shape.join()) {
      const given = found[name].shape.join(", ");
      throw new LuceError("shape-mismatch", `"${name}" has shape [${given}], expected [${shape.join(", ")}]`, {
        where,
        hint: "it was saved by a model of another size",
      });
    }
  }
  const unexpected = Object.keys(found).find((name) => !Object.hasOwn(expected, name));
  if (unexpected !== undefined) {
    throw new LuceError("shape-mismatch", `there is an array "${unexpected}" that this model does not have`, { where });
  }
}
