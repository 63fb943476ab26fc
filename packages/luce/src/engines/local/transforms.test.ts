import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { numpy as np } from "../../jax.ts";
import { startEngine } from "./device.ts";
import { constantSchedule, cosineSchedule, linearSchedule, withWarmUp } from "./schedules.ts";
import { createTrainStep } from "./train-step.ts";
import {
  adamW,
  chain,
  clipByGlobalNorm,
  movingAverage,
  scaleByLearningRate,
  sgd,
  type Transform,
} from "./transforms.ts";
import type { LearnerState } from "./update.ts";

beforeAll(async () => {
  await startEngine();
});

/** Minimises sum of (a_i - target_i)^2 / 2, whose gradient is a - target, and gives the parameters after each step. */
async function descend(transform: Transform, start: readonly number[], target: readonly number[], steps: number) {
  const step = createTrainStep({
    transform,
    loss({ a }, _frozen, { target: wanted }) {
      const half = np.square(a.sub(wanted)).sum().mul(0.5);
      return { differentiable: half.ref, total: half, count: np.array(1), metrics: {} };
    },
  });
  let state: LearnerState = step.start({ a: np.array([...start]).reshape([1, start.length]) });
  const path: number[][] = [];
  for (let i = 0; i < steps; i++) {
    state = (await step.update(state, {}, { target: np.array([...target]).reshape([1, target.length]) })).state;
    path.push(Array.from(await state.parameters.a.ref.data()));
  }
  return path;
}

test("AdamW follows its formula", async () => {
  const [learningRate, weightDecay, beta1, beta2, epsilon] = [0.05, 0.1, 0.8, 0.9, 1e-6];
  const target = [1, -2, 0.5];
  const found = await descend(
    adamW({ learningRate, weightDecay, beta1, beta2, epsilon, maxGradientNorm: null }),
    [0, 0.5, 3],
    target,
    6,
  );
  const a = [0, 0.5, 3];
  const m = [0, 0, 0];
  const v = [0, 0, 0];
  for (let t = 1; t <= 6; t++) {
    for (let i = 0; i < 3; i++) {
      const g = a[i] - target[i];
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      const step = m[i] / (1 - beta1 ** t) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + epsilon);
      a[i] -= learningRate * (step + weightDecay * a[i]);
      expect(found[t - 1][i]).toBeCloseTo(a[i], 5);
    }
  }
});

test("gradient descent with momentum and a schedule follows its formula", async () => {
  const schedule = linearSchedule(0.2, 0.1, 4);
  const found = await descend(sgd({ learningRate: schedule, decay: 0.9 }), [2], [0.5], 5);
  let a = 2;
  let trace = 0;
  for (let t = 0; t < 5; t++) {
    trace = 0.9 * trace + (a - 0.5);
    a -= schedule(t) * trace;
    expect(found[t][0]).toBeCloseTo(a, 5);
  }
});

test("clipping keeps the direction and bounds the global norm", async () => {
  const clipped = (limit: number) => descend(chain(clipByGlobalNorm(limit), scaleByLearningRate(1)), [0, 0], [3, 4], 1);
  expect((await clipped(1))[0]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)]);
  expect((await clipped(10))[0]).toEqual([expect.closeTo(3, 6), expect.closeTo(4, 6)]);
  expect((await descend(chain(clipByGlobalNorm(1), scaleByLearningRate(1)), [0, 0], [0, 0], 1))[0]).toEqual([0, 0]);
});

test("schedules meet at their ends", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-6, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 50 }),
      (a, b, n) => {
        for (const schedule of [linearSchedule(a, b, n), cosineSchedule(a, b, n)]) {
          expect(schedule(0)).toBeCloseTo(a, 12);
          expect(schedule(n / 2)).toBeCloseTo((a + b) / 2, 12);
          expect(schedule(n)).toBeCloseTo(b, 12);
          expect(schedule(10 * n)).toBeCloseTo(b, 12);
        }
        const warm = withWarmUp(n, constantSchedule(a));
        expect(warm(0)).toBeCloseTo(a / (n + 1), 12);
        expect(warm(n)).toBe(a);
      },
    ),
  );
});

test("a moving average of a constant is that constant, and else lies between", async () => {
  const average = movingAverage({ a: np.array([1, 5]) }, { a: np.array([1, 9]) }, 0.75);
  expect(Array.from(await average.a.data())).toEqual([1, 6]);
});

test("a loss that is not finite stops the run with its step", async () => {
  await expect(descend(sgd({ learningRate: 1e30 }), [1], [0], 20)).rejects.toMatchObject({ code: "not-finite" });
});
