// BRAIn (arXiv 2402.02479), sections 4 and 6: a target distribution matched with little variance, and closer than DPO.
//
// First, gradient estimates from 8 samples towards a target N(0, 1) of a policy N(1, 1), the samples drawn from N(mu, 1):
// BRAIn's coefficients against those of DPG and GDC++. The true gradient in the policy's mean is -1. Second, a softmax
// over 16 responses learns from rewards seen through noise: BRAIn from all 8 samples a prompt, DPO from the best and the
// worst of the same 8; the target is the reference tilted by the true reward.
import { createRandom } from "luce";
import {
  type Arm,
  type CellLesson,
  type CellModel,
  claimRecipe,
  drawCell,
  freeCells,
  learnFromCells,
  logSoftmaxRows,
  pairEvidence,
  readCells,
  resolveObjective,
  rowDivergences,
  softmaxCells,
} from "luce/testbeds";

const K = 8;
const REPEATS = 2000;
const PROPOSALS = { atTarget: 0, between: 0.5, atPolicy: 1 };
const PROMPTS = 20;
const RESPONSES = 16;
const NOISE = 0.5;
const STEPS = 300;
const LEARNING_RATE = 2;

export const recipe = claimRecipe({
  id: "brain",
  title: "BRAIn: little variance, and a closer match of the target",
  claim:
    "BRAIn is clearly better than DPO and SLiC on TL;DR and Anthropic HH, for a gradient of much lower variance than earlier distribution matching.",
  arms: [
    estimatorArm("DPG", "dpg"),
    estimatorArm("GDC++", "gdcPlusPlus"),
    estimatorArm("BRAIn", "brain"),
    policyArm("DPO, best and worst of 8", bestAndWorst),
    policyArm("BRAIn, all 8", allOfThem),
  ],
  measures: {
    atTarget: { label: "Variance, mu 0", format: "decimal", digits: 2 },
    between: { label: "mu 0.5", format: "decimal", digits: 2 },
    atPolicy: { label: "mu 1", format: "decimal", digits: 2 },
    gradient: { label: "Mean gradient, mu 1", format: "decimal", digits: 2 },
    klToTarget: { label: "KL(target || policy)", format: "decimal", digits: 3 },
  },
  curves: { title: "Distance from the target", x: "step", y: "KL(target || policy), nats" },
  expectations: [
    ...["DPG", "GDC++"].map((arm) => ({
      says: `${arm} varies more than BRAIn where samples come from the policy`,
      arm,
      than: "BRAIn",
      measure: "atPolicy",
      byAtLeast: 0,
    })),
    {
      says: "DPO stays further from the target than BRAIn",
      arm: "DPO, best and worst of 8",
      than: "BRAIn, all 8",
      measure: "klToTarget",
      byAtLeast: 0,
    },
  ],
  notes: ["BRAIn's estimate is biased towards 0, the price of normalising by the samples' own weights."],
});

function estimatorArm(name: string, estimator: "dpg" | "gdcPlusPlus" | "brain"): Arm {
  return {
    name,
    async run(seed) {
      const objective = await resolveObjective("brain");
      const measures: Record<string, number> = {};
      for (const [place, mu] of Object.entries(PROPOSALS)) {
        const random = createRandom(seed);
        const gradients = new Float64Array(REPEATS);
        for (let repeat = 0; repeat < REPEATS; repeat++) {
          const samples = Array.from({ length: K }, () => mu + random.normal());
          const density = (mean: number) => samples.map((sample) => -((sample - mean) ** 2) / 2);
          const inputs = { posteriorLogps: density(0), policyLogps: density(1), proposalLogps: density(mu) };
          const outputs = (await objective.evaluate(inputs, {})) as Record<typeof estimator, number[]>;
          gradients[repeat] = outputs[estimator].reduce((sum, weight, n) => sum + weight * (samples[n] - 1), 0);
        }
        const mean = gradients.reduce((sum, value) => sum + value, 0) / REPEATS;
        measures[place] = gradients.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (REPEATS - 1);
        if (place === "atPolicy") measures.gradient = mean;
      }
      return { measures };
    },
  };
}

/** What is seen of the samples of a step: [prompts, K] cells and their rewards. */
type Sampled = { readonly cells: number[]; readonly rewards: Float64Array };
type Teach = (
  sampled: Sampled,
  policy: CellModel,
  reference: Float64Array,
) => Promise<Omit<CellLesson, "learningRate">>;

function policyArm(name: string, teach: Teach): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const draw = () => Float64Array.from({ length: PROMPTS * RESPONSES }, () => random.normal());
      const [logits, rewards] = [draw(), draw()];
      const policy = softmaxCells(RESPONSES, freeCells(logits));
      const reference = policy.says();
      const target = logSoftmaxRows(
        reference.map((logp, cell) => logp + rewards[cell]),
        RESPONSES,
      );
      const distance = () => mean(rowDivergences(target, policy.says(), RESPONSES));
      const curve = [{ x: 0, y: distance() }];
      for (let n = 1; n <= STEPS; n++) {
        const cells = Array.from({ length: PROMPTS * K }, (_, k) =>
          drawCell(reference, Math.floor(k / K), RESPONSES, random),
        );
        const seen = Float64Array.from(cells, (cell) => rewards[cell] + NOISE * random.normal());
        await learnFromCells({
          ...(await teach({ cells, rewards: seen }, policy, reference)),
          learningRate: LEARNING_RATE,
        });
        if (n % 10 === 0) curve.push({ x: n, y: distance() });
      }
      return { measures: { klToTarget: distance() }, curve };
    },
  };
}

async function allOfThem({ cells, rewards }: Sampled, policy: CellModel, reference: Float64Array) {
  const shape = [PROMPTS, K];
  return {
    objective: await resolveObjective("brain"),
    learnt: { policyLogps: { cells, shape, by: policy } },
    given: { referenceLogps: readCells(reference, { cells, shape }), rewards: { data: rewards, shape } },
  };
}

async function bestAndWorst({ cells, rewards }: Sampled, policy: CellModel, reference: Float64Array) {
  const sides = [Math.max, Math.min].map((extreme) => ({
    shape: [PROMPTS],
    cells: Array.from({ length: PROMPTS }, (_, prompt) => {
      const seen = rewards.subarray(prompt * K, (prompt + 1) * K);
      return cells[prompt * K + seen.indexOf(extreme(...seen))];
    }),
  }));
  return {
    objective: await resolveObjective("dpo"),
    params: { beta: 1 },
    ...pairEvidence(policy, reference, sides),
  };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
