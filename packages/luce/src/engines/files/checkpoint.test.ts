import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { numpy as np } from "../../jax.ts";
import { createRandom } from "../../random.ts";
import {
  adamW,
  cosineSchedule,
  createTrainStep,
  decodeSafetensors,
  encodeSafetensors,
  hold,
  type LearnerState,
  normalArray,
  release,
  startEngine,
  storeFloat32,
  toDevice,
} from "../index.ts";
import { readCheckpoint, writeCheckpoint } from "./index.ts";

let folder: string;
beforeAll(async () => {
  await startEngine();
  folder = await mkdtemp(path.join(tmpdir(), "luce-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A two-layer regression that is not convex, so that trajectories part if anything differs. */
const step = createTrainStep({
  transform: adamW({ learningRate: cosineSchedule(0.05, 0.001, 30), weightDecay: 0.01 }),
  loss({ first, second }, _frozen, { x, y }) {
    const hidden = np.tanh(np.matmul(x.ref, first.ref));
    const errors = np.square(np.matmul(hidden, second.ref).sub(y.ref)).sum();
    return { differentiable: errors.ref, total: errors, count: np.array(x.shape[0]), metrics: {} };
  },
});

function fresh(width = 8): LearnerState {
  const random = createRandom(1);
  return step.start(
    toDevice({ first: normalArray([3, width], 0.5, random), second: normalArray([width, 1], 0.5, random) }),
  );
}

function batchAt(n: number) {
  const random = createRandom(100 + n);
  return toDevice({ x: normalArray([16, 3], 1, random), y: normalArray([16, 1], 1, random) });
}

async function run(state: LearnerState, from: number, to: number) {
  const losses: number[] = [];
  for (let n = from; n < to; n++) {
    const result = await step.update(state, {}, batchAt(n));
    state = result.state;
    losses.push(result.loss);
  }
  return { state, losses };
}

test("a resumed run has the losses of one that was never stopped, to the last bit", async () => {
  const file = path.join(folder, "resumed.safetensors");
  const whole = await run(fresh(), 0, 20);
  const before = await run(fresh(), 0, 11);
  await writeCheckpoint(file, { state: before.state, progress: { next: 11 }, average: before.state.parameters });
  const like = fresh();
  const { state, progress, average } = await readCheckpoint(file, like);
  expect(progress).toEqual({ next: 11 });
  expect(state.step).toBe(11);
  expect(Object.keys(average ?? {})).toEqual(["first", "second"]);
  const after = await run(state, 11, 20);
  expect([...before.losses, ...after.losses]).toEqual(whole.losses);
});

test("a bad state never replaces a good checkpoint", async () => {
  const file = path.join(folder, "kept.safetensors");
  const { state } = await run(fresh(), 0, 2);
  await writeCheckpoint(file, { state, progress: null });
  const good = await readFile(file);
  const bad = { ...state, parameters: { ...hold(state.parameters), second: np.full([8, 1], Number.NaN) } };
  await expect(writeCheckpoint(file, { state: bad, progress: null })).rejects.toMatchObject({ code: "not-finite" });
  expect((await readFile(file)).equals(good)).toBe(true);
  expect((await readdir(folder)).filter((name) => name.endsWith(".partial"))).toEqual([]);
});

test("a checkpoint of another shape, a damaged one and a missing one are each refused as such", async () => {
  const file = path.join(folder, "refused.safetensors");
  const { state } = await run(fresh(), 0, 1);
  await writeCheckpoint(file, { state, progress: null });
  await expect(readCheckpoint(file, fresh(9))).rejects.toMatchObject({ code: "shape-mismatch", where: file });
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(0, bytes.length - 1));
  await expect(readCheckpoint(file, state)).rejects.toMatchObject({ code: "invalid-input", where: file });
  await writeFile(file, encodeSafetensors({ tensors: {}, metadata: {} }));
  await expect(readCheckpoint(file, state)).rejects.toThrow(/no checkpoint/);
  await expect(readCheckpoint(path.join(folder, "absent"), state)).rejects.toMatchObject({ code: "not-found" });
  release(state.parameters);
});

test("every damage to a safetensors header is found", () => {
  const tensors = { a: storeFloat32(Float32Array.of(1, 2), [2]), b: storeFloat32(Float32Array.of(3), [1]) };
  const file = encodeSafetensors({ tensors, metadata: { format: "pt" } });
  const read = decodeSafetensors(file, "file");
  expect(read.metadata).toEqual({ format: "pt" });
  expect(Array.from(new Float32Array(read.tensors.a.bytes.slice().buffer))).toEqual([1, 2]);

  const withHeader = (header: unknown, data: number) => {
    const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + data);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    return bytes;
  };
  const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = "F32") => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const damaged: [Uint8Array, RegExp][] = [
    [file.subarray(0, 5), /5 bytes/],
    [file.subarray(0, 20), /header claims/],
    [file.subarray(0, file.length - 4), /lies at/],
    [withHeader("[", 0), /no JSON/],
    [withHeader([1], 0), /no JSON object|broken/],
    [withHeader({ a: { ...entry(0, 4), more: 1 } }, 4), /broken/],
    [withHeader({ a: entry(0, 4, [1], "F31") }, 4), /broken/],
    [withHeader({ a: entry(0, 4, [2]) }, 4), /has 4 bytes, not 8/],
    [withHeader({ a: entry(0, 8), b: entry(4, 8) }, 8), /overlap/],
    [withHeader({ a: entry(0, 4), b: entry(8, 12) }, 12), /no array's/],
    [withHeader({ a: entry(0, 4) }, 8), /at its end/],
    [withHeader({ a: entry(4, 0, [1]) }, 8), /lies at/],
    [withHeader({ __metadata__: { a: 1 } }, 0), /metadata/],
  ];
  for (const [bytes, message] of damaged) expect(() => decodeSafetensors(bytes, "file")).toThrow(message);
  const huge = withHeader("{}", 0);
  new DataView(huge.buffer).setBigUint64(0, 2n ** 60n, true);
  expect(() => decodeSafetensors(huge, "file")).toThrow(/header claims/);
});
