import { LuceError } from "../errors.ts";
import { defaultDevice, init } from "../jax.ts";

let started: Promise<void> | undefined;

/**
 * Starts jax-js on WebAssembly, once; every later call returns the same promise.
 *
 * Objectives always run on `wasm`: it is the device with float64 that compiles.
 *
 * @throws LuceError `unsupported` where WebAssembly is missing.
 */
export function startRuntime(): Promise<void> {
  started ??= start();
  return started;
}

async function start(): Promise<void> {
  const available = await init("wasm");
  if (!available.includes("wasm")) {
    throw new LuceError("unsupported", "objectives need WebAssembly, which this runtime does not offer");
  }
  defaultDevice("wasm");
}
