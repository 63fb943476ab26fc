import { describe, expect, test } from "vitest";
import { loadMethod } from "../methods.ts";
import { grpo } from "../objectives/group/grpo.ts";
import type { Objective } from "../objectives/index.ts";
import { bradleyTerryReward } from "../objectives/pairwise/bradley-terry-reward.ts";
import { dpo } from "../objectives/pairwise/dpo.ts";
import { ipo } from "../objectives/pairwise/ipo.ts";
import { orpo } from "../objectives/pairwise/orpo.ts";
import { simpo } from "../objectives/pairwise/simpo.ts";
import { kto } from "../objectives/unpaired/kto.ts";
import { createRandom } from "../random.ts";
import { createLogLinearPolicy, evaluateOnPools } from "../testbeds/language/log-linear-policy.ts";
import { drawDirection, drawPools, rankPools } from "../testbeds/language/pools.ts";
import { createEvidenceCache } from "./evidence-cache.ts";
import type { TrainablePolicy } from "./policy.ts";
import { readPreferenceLists } from "./preference-lists.ts";
import { type PreferenceSource, preferenceTraining } from "./preference-training.ts";
import { scoredRollouts } from "./rollouts.ts";
import { createMemoryStore, type RunStore, runTraining } from "./run.ts";

const random = createRandom(1);
const direction = drawDirection(10, random);
const pools = drawPools(direction, random, { prompts: 120, longest: 4 });
const heldOut = drawPools(direction, random, { prompts: 150, longest: 4 });
const lists = readPreferenceLists(rankPools(pools, random));
const ranked = readPreferenceLists(rankPools(pools, random, { count: 4 }));

const offline: PreferenceSource = { kind: "offline", lists };
/** Groups of the policy's own responses, rewarded by the truth. */
const online: PreferenceSource = {
  kind: "online",
  every: 3,
  reference: "start",
  rollout: scoredRollouts(
    { prompts: Array.from({ length: pools.prompts }, (_, n) => `prompt ${n}`), promptsAtOnce: 24, responses: 8 },
    async (prompt, responses) =>
      responses.map((text) => pools.rewards[Number(prompt.slice(7)) * pools.candidates + Number(text.slice(10))]),
  ),
};

function createJob(objective: Objective, source: PreferenceSource, learningRate: number, batchSize = 120, params = {}) {
  const policy = createLogLinearPolicy(pools, { learningRate });
  const start = createLogLinearPolicy(pools, { learningRate });
  const reference = createEvidenceCache((sequences) => start.evidence(sequences));
  return { policy, job: preferenceTraining({ policy, objective, params, source, reference, batchSize, seed: 1 }) };
}

async function train(objective: Objective, source: PreferenceSource, learningRate: number, steps = 60, params = {}) {
  const { policy, job } = createJob(objective, source, learningRate, source.kind === "online" ? 12 : 240, params);
  for (let n = 0; n < steps; n++) await job.step(n);
  return evaluateOnPools(heldOut, policy.theta);
}

describe("one trainer serves objectives of every family", () => {
  test.each([
    ["pairs, against a reference", dpo, offline, 30, {}],
    ["pairs, by mean log-probabilities against a reference", ipo, offline, 0.3, {}],
    ["pairs, without a reference, by lengths", simpo, offline, 1, {}],
    ["pairs, with a likelihood term", orpo, offline, 1, {}],
    ["single responses, with mismatched pairs", kto, offline, 30, {}],
    ["groups of rollouts, by token", grpo, online, 0.3, {}],
  ] as const)("%s", async (_, objective, source, learningRate, params) => {
    const before = evaluateOnPools(heldOut, new Float64Array(10));
    const after = await train(objective, source, learningRate, 60, params);
    expect(before.kl).toBe(0);
    expect(after.reward).toBeGreaterThan(before.reward + 0.2);
    expect(after.winRate).toBeGreaterThan(0.55);
    expect(after.rankingAccuracy).toBeGreaterThan(0.7);
  });

  test("every registered objective is either trained on what preferences give, or says which evidence is missing", async () => {
    const { loadMethods } = await import("../methods.ts");
    const { isObjective } = await import("../objectives/index.ts");
    for (const objective of (await loadMethods()).filter(isObjective)) {
      const source = objective.family === "group" ? online : ({ kind: "offline", lists: ranked } as const);
      const outcome = await createJob(objective, source, 0.01, 8)
        .job.step(0)
        .then(
          (metrics) => Number.isFinite(metrics.loss),
          (error) => error.code === "unsupported" || error.code === "invalid-parameter" || error.message,
        );
      expect(outcome, objective.id).toBe(true);
    }
  });
});

test("the gradient a policy is trained with is that of the loss in its parameters", async () => {
  const lossAt = async (theta: Float64Array) => {
    const policy = createLogLinearPolicy(pools, { learningRate: 0, theta });
    const start = createLogLinearPolicy(pools, { learningRate: 0 });
    const reference = createEvidenceCache((sequences) => start.evidence(sequences));
    const training = { objective: dpo, params: { beta: 0.5 }, source: offline, reference, batchSize: 40, seed: 2 };
    return (await preferenceTraining({ ...training, policy }).step(0)).loss;
  };
  const theta = Float64Array.from({ length: 10 }, (_, d) => 0.3 * Math.sin(d));
  const policy = createLogLinearPolicy(pools, { learningRate: 1, theta });
  const start = createLogLinearPolicy(pools, { learningRate: 1 });
  const reference = createEvidenceCache((sequences) => start.evidence(sequences));
  await preferenceTraining({
    policy,
    objective: dpo,
    params: { beta: 0.5 },
    source: offline,
    reference,
    batchSize: 40,
    seed: 2,
  }).step(0);
  for (let d = 0; d < 10; d++) {
    const h = 1e-5;
    const up = await lossAt(theta.map((value, i) => value + (i === d ? h : 0)));
    const down = await lossAt(theta.map((value, i) => value - (i === d ? h : 0)));
    expect(theta[d] - policy.theta[d]).toBeCloseTo((up - down) / (2 * h), 6);
  }
});

describe("learning from the policy's own responses", () => {
  const idle = (learnt: string[][]): TrainablePolicy => {
    const policy = createLogLinearPolicy(pools, { learningRate: 0 });
    return {
      ...policy,
      async learn(sequences, gradientOf) {
        learnt.push(sequences.map(({ prompt }) => prompt));
        return policy.learn(sequences, gradientOf);
      },
    };
  };
  const jobOn = (every: number, batchSize: number, promptsAtOnce: number, learnt: string[][]) => {
    const start = createLogLinearPolicy(pools, { learningRate: 0 });
    const prompts = Array.from({ length: pools.prompts }, (_, n) => `prompt ${n}`);
    return preferenceTraining({
      policy: idle(learnt),
      objective: grpo,
      params: {},
      source: {
        kind: "online",
        every,
        reference: "start",
        rollout: scoredRollouts({ prompts, promptsAtOnce, responses: 2 }, async () => [0, 1]),
      },
      reference: createEvidenceCache((sequences) => start.evidence(sequences)),
      batchSize,
      seed: 1,
    });
  };

  test("the steps of a rollout share its examples out, each once", async () => {
    const learnt: string[][] = [];
    const job = jobOn(3, 8, 24, learnt);
    for (let n = 0; n < 6; n++) await job.step(n);
    for (const rollout of [learnt.slice(0, 3), learnt.slice(3)]) {
      const prompts = rollout.map((sequences) => new Set(sequences));
      expect(prompts.map(({ size }) => size)).toEqual([8, 8, 8]);
      expect(new Set(prompts.flatMap((of) => [...of])).size).toBe(24);
    }
  });

  test("a rollout too small for its steps is gone through once before any of its examples comes again", async () => {
    const learnt: string[][] = [];
    const job = jobOn(4, 8, 16, learnt);
    for (let n = 0; n < 4; n++) await job.step(n);
    for (const pass of [learnt.slice(0, 2), learnt.slice(2)]) expect(new Set(pass.flat()).size).toBe(16);
  });

  test("a rollout asks the prompts that follow those of the one before", async () => {
    const learnt: string[][] = [];
    const job = jobOn(2, 20, 40, learnt);
    for (let n = 0; n < 4; n++) await job.step(n);
    expect(new Set(learnt.flat()).size).toBe(80);
  });
});

describe("a run that is interrupted and resumed", () => {
  const settings = {
    steps: 14,
    evaluateEvery: 4,
    checkpointEvery: 5,
    watch: { metric: "reward", better: "higher" },
  } as const;
  const start = (objective: Objective, source: PreferenceSource) => {
    const { policy, job } = createJob(objective, source, 0.2, 16);
    return { ...job, evaluate: async () => ({ reward: evaluateOnPools(heldOut, policy.theta).reward }), policy };
  };

  test.each([
    ["offline", dpo, offline],
    ["in the middle of a rollout", grpo, online],
    ["iterative, with the rollout's policy as the reference", dpo, { ...online, reference: "rollout" } as const],
  ])("has the log and the parameters of one that was not: %s", async (_, objective, source) => {
    const whole = start(objective, source);
    const outcome = await runTraining(whole, settings, createMemoryStore());
    const store = createMemoryStore();
    let steps = 0;
    const dying = start(objective, source);
    const dies = { ...dying, step: (n: number) => (++steps > 8 ? Promise.reject(new Error("killed")) : dying.step(n)) };
    await expect(runTraining(dies, settings, store)).rejects.toThrow("killed");
    const resumed = start(objective, source);
    const rest = await runTraining(resumed, settings, store);
    expect(rest).toEqual(outcome);
    expect(resumed.policy.theta).toEqual(whole.policy.theta);
  });

  test("checkpoints before it stops when it is told to", async () => {
    const store = createMemoryStore();
    const controller = new AbortController();
    const job = start(dpo, offline);
    const stopping = {
      ...job,
      step(n: number) {
        if (n === 6) controller.abort();
        return job.step(n);
      },
    };
    await expect(runTraining(stopping, settings, store, { signal: controller.signal })).rejects.toMatchObject({
      code: "interrupted",
    });
    expect((await store.readLast())?.step).toBe(7);
  });
});

describe("a run guards its checkpoints", () => {
  const settings = {
    steps: 10,
    evaluateEvery: 1,
    checkpointEvery: 1,
    watch: { metric: "accuracy", better: "higher" },
  } as const;
  const jobOf = (accuracies: readonly number[], losses: readonly number[] = []) => {
    let state = 0;
    return {
      step: async (n: number) => {
        state = n + 1;
        return { loss: losses[n] ?? 1 };
      },
      evaluate: async () => ({ accuracy: accuracies[state] ?? 0 }),
      snapshot: async () => ({ state: Uint8Array.of(state) }),
      restore: async ({ state: saved }: Readonly<Record<string, Uint8Array>>) => {
        state = saved[0];
      },
    };
  };
  const best = async (store: RunStore) => (await store.readBest())?.files.state[0];

  test("the best one is kept when later ones are worse, and a run without progress stops early", async () => {
    const store = createMemoryStore();
    const outcome = await runTraining(jobOf([0.5, 0.6, 0.8, 0.7, 0.7, 0.7, 0.9]), { ...settings, patience: 3 }, store);
    expect(outcome).toMatchObject({ steps: 5, bestStep: 2, stopped: "early" });
    expect(await best(store)).toBe(2);
  });

  test("a step whose loss is not a number leaves them as they were, and says which step", async () => {
    const store = createMemoryStore();
    const job = jobOf([0.5, 0.6, 0.7, 0.8], [1, 1, Number.NaN]);
    await expect(runTraining(job, settings, store)).rejects.toMatchObject({
      code: "not-finite",
      message: "loss is NaN in step 3",
    });
    expect((await store.readLast())?.step).toBe(2);
    expect(await best(store)).toBe(2);
  });
});

describe("bad input", () => {
  test("a list of one response is named", async () => {
    const [list] = lists;
    const alone = { ...list, id: "alone", responses: list.responses.slice(0, 1), ranks: [1], scores: [1] };
    expect(() => createJob(dpo, { kind: "offline", lists: [alone] }, 1)).toThrow(
      "a list of one response holds no preference",
    );
  });

  test("data of ties only cannot train on pairs", () => {
    const ties = lists.map((list) => ({ ...list, ranks: [1, 1] }));
    expect(() => createJob(dpo, { kind: "offline", lists: ties }, 1)).toThrow(
      "no judgment prefers one response to another",
    );
  });

  test("an objective whose evidence the policy does not have says what is missing", async () => {
    const { job } = createJob(bradleyTerryReward, offline, 1);
    await expect(job.step(0)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("chosenRewards"),
    });
  });

  test("an unknown parameter is named with the nearest", async () => {
    expect(() => createJob(dpo, offline, 1, 8, { betta: 1 })).toThrow('dpo has no parameter "betta"');
    await expect(loadMethod("dppo")).rejects.toMatchObject({ code: "unknown-method" });
  });
});
