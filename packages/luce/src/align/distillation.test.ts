import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { createLogLinearPolicy, evaluateOnPools } from "../testbeds/language/log-linear-policy.ts";
import { drawDirection, drawPools, poolSequence } from "../testbeds/language/pools.ts";
import { distillation } from "./distillation.ts";

const random = createRandom(5);
const direction = drawDirection(6, random);
const pools = drawPools(direction, random, { prompts: 40 });
const prompts = Array.from({ length: 40 }, (_, n) => poolSequence(n, 0).prompt);
const teacher = createLogLinearPolicy(pools, { learningRate: 0, theta: direction.map((value) => 2 * value) });

test.each(["teacher", "student"] as const)(
  "a student comes to act as its teacher, learning from the %s's responses",
  async (from) => {
    const policy = createLogLinearPolicy(pools, { learningRate: 0.5 });
    const job = distillation({ policy, teacher, prompts, batchSize: 40, responses: 8, from, seed: 1 });
    for (let n = 0; n < 150; n++) await job.step(n);
    const [own, goal] = [policy.theta, teacher.theta].map((theta) => evaluateOnPools(pools, theta).reward);
    expect(Math.abs(own - goal)).toBeLessThan(0.1);
    expect(Math.hypot(...policy.theta.map((value, d) => value - teacher.theta[d]))).toBeLessThan(0.5);
  },
);
