import { beforeAll, expect, test } from "vitest";
import { numpy as np } from "../../jax.ts";
import { createRandom } from "../../random.ts";
import { encodeCheckpoint } from "./checkpoint.ts";
import { startEngine } from "./device.ts";
import { normalArray, toDevice } from "./parameters.ts";
import { createTrainStep } from "./train-step.ts";
import { adamW } from "./transforms.ts";

/** jax-js has no counter of the buffers it holds; it keeps them in a Map of { ptr, size, ref }, watched here. */
let held = 0;
const { set, delete: remove } = Map.prototype;
const isBuffer = (value: unknown) => typeof value === "object" && value !== null && "ptr" in value && "ref" in value;
Map.prototype.set = function (key, value) {
  if (isBuffer(value) && !this.has(key)) held++;
  return set.call(this, key, value);
};
Map.prototype.delete = function (key) {
  if (isBuffer(this.get(key))) held--;
  return remove.call(this, key);
};

beforeAll(async () => {
  await startEngine();
});

test("a thousand training steps hold no more arrays than ten", async () => {
  const random = createRandom(1);
  const step = createTrainStep({
    transform: adamW({ learningRate: 0.01, weightDecay: 0.1 }),
    loss: {
      evidence: ({ weights }, { offset }, { x, y }) => ({
        errors: np.square(np.matmul(x.ref, weights.ref).add(offset.ref).sub(y.ref)).sum(-1),
      }),
      objective({ errors }) {
        const mean = errors.ref.mean();
        return { total: errors.sum(), count: np.array(4), metrics: { mean } };
      },
    },
  });
  const frozen = toDevice({ offset: normalArray([2], 1, random) });
  const batch = () => toDevice({ x: normalArray([4, 3], 1, random), y: normalArray([4, 2], 1, random) });
  let state = step.start(toDevice({ weights: normalArray([3, 2], 1, random) }));
  const counts: number[] = [];
  for (let i = 1; i <= 1000; i++) {
    const batches = i % 5 === 0 ? [batch(), batch()] : [batch()];
    ({ state } = await step.update(state, frozen, ...batches));
    if (i % 100 === 0) {
      await step.evaluate(state.parameters, frozen, batch());
      await encodeCheckpoint({ state, progress: i });
    }
    if (i === 10 || i === 1000) {
      // Buffers are let go one turn after the kernel that read them.
      await new Promise((resolve) => setTimeout(resolve, 5));
      counts.push(held);
    }
  }
  expect(counts[0]).toBeGreaterThan(0);
  expect(counts[1]).toBeLessThanOrEqual(counts[0]);
});
