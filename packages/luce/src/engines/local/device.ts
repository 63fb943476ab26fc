import { LuceError } from "../../errors.ts";
import { type Device, defaultDevice, init } from "../../jax.ts";

let started: Promise<Device> | undefined;

/**
 * Starts the embedded engine, once: on WebGPU in a browser that has it, else on WebAssembly with worker threads.
 * Arrays are then made on the device it returns.
 *
 * @throws LuceError `unsupported` where there is neither.
 */
export function startEngine(): Promise<Device> {
  started ??= start();
  return started;
}

async function start(): Promise<Device> {
  const available = await init("wasm", "webgpu");
  const device = (["webgpu", "wasm"] as const).find((name) => available.includes(name));
  if (!device) throw new LuceError("unsupported", "the embedded engine needs WebGPU or WebAssembly; here is neither");
  defaultDevice(device);
  return device;
}
