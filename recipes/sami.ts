// SAMI (arXiv 2404.14313): principles learnt without a single preference label.
//
// 30 queries have 20 candidate responses with 4 attributes each (+1 or -1). A constitution asks for each attribute to be
// there or not; the policy's logits are N(0, 1) noise plus the sum of A_k x asked x attribute, where A_k is how strongly
// the start follows principle k. In 1500 steps of one query, a constitution and its opposite each sample a response
// and the mutual information of the two is raised. Agreement is the mean of asked x attribute of sampled responses.
// The control: a principle that the start follows in reverse.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  type CellModel,
  claimRecipe,
  drawCell,
  learnFromCells,
  linearCells,
  linearScores,
  logSoftmaxRows,
  resolveObjective,
  softmaxCells,
} from "luce/testbeds";

const QUERIES = 30;
const RESPONSES = 20;
const ATTRIBUTES = 4;
const STEPS = 1500;
const SEED_OF_TEST = 1_000_003;

type Trial = { readonly strengths: readonly number[]; readonly learningRate: number };
const trials = {
  "strength 0.5": { strengths: [0.5, 0.5, 0.5, 0.5], learningRate: 0.03 },
  "strength 0.3": { strengths: [0.3, 0.3, 0.3, 0.3], learningRate: 0.05 },
  "one reversed": { strengths: [-0.5, 0.5, 0.5, 0.5], learningRate: 0.03 },
  "hardly any": { strengths: [0.15, 0.15, 0.15, 0.15], learningRate: 0.3 },
} as const satisfies Record<string, Trial>;
type TrialName = keyof typeof trials;

export const recipe = claimRecipe({
  id: "sami",
  title: "SAMI: following principles without labels",
  claim:
    "Raising the mutual information of principles and responses wins 66-77% against the initial 7B model on dialogue and summaries, without preference labels.",
  arms: (Object.keys(trials) as TrialName[]).flatMap((trial) => [arm(trial, 0), arm(trial, STEPS)]),
  measures: {
    agreement: { label: "Agreement", format: "decimal", digits: 3 },
    first: { label: "on principle 1", format: "decimal", digits: 3 },
    others: { label: "on the others", format: "decimal", digits: 3 },
    strength: { label: "Strength of principle 1", format: "decimal", digits: 2 },
  },
  expectations: (["strength 0.5", "strength 0.3"] as const).map((trial) => ({
    says: `From ${trial} SAMI raises the agreement with the constitution`,
    arm: nameOf(trial, STEPS),
    than: nameOf(trial, 0),
    measure: "agreement",
    byAtLeast: 0,
  })),
  notes: [
    "The objective cannot tell a principle from its opposite: it strengthens what the start does. The last two pairs of arms show a principle followed in reverse, and a start that follows hardly any, with a learning rate of 0.3.",
  ],
});

function nameOf(trial: TrialName, steps: number): string {
  return `${trial}: ${steps === 0 ? "start" : "SAMI"}`;
}

function arm(trial: TrialName, steps: number): Arm {
  return {
    name: nameOf(trial, steps),
    async run(seed) {
      const random = createRandom(seed);
      const world = drawWorld(random);
      const { strengths, learningRate } = trials[trial];
      const objective = await resolveObjective("sami");
      const theta = Float64Array.from(strengths);
      for (let step = 0; step < steps; step++) {
        const asked = drawConstitution(random);
        const query = random.integer(QUERIES);
        // What is said of all candidates under the constitution, then under its opposite.
        const by = softmaxCells(RESPONSES, conditioned(world, query, [asked, asked.map((sign) => -sign)], theta));
        const said = by.says();
        const responses = [0, 1].map((own) => drawCell(said, own, RESPONSES, random) % RESPONSES);
        const cells = [0, 1].flatMap((constitution) => responses.map((c) => constitution * RESPONSES + c));
        await learnFromCells({
          objective,
          learnt: { policyLogps: { by, cells, shape: [1, 2, 2] } },
          given: { lengths: { data: Float64Array.of(1, 1), shape: [1, 2] } },
          learningRate,
        });
      }
      const agreements = agreementByAttribute(world, theta, createRandom(SEED_OF_TEST + seed));
      const [first, ...others] = agreements;
      return { measures: { agreement: mean(agreements), first, others: mean(others), strength: theta[0] } };
    },
  };
}

type World = {
  /** [queries, responses] */
  readonly base: Float64Array;
  /** [queries, responses, attributes] 1 or -1. */
  readonly attributes: Float64Array;
};

function drawWorld(random: Random): World {
  const size = QUERIES * RESPONSES;
  return {
    base: Float64Array.from({ length: size }, () => random.normal()),
    attributes: Float64Array.from({ length: size * ATTRIBUTES }, () => 2 * random.integer(2) - 1),
  };
}

function drawConstitution(random: Random): number[] {
  return Array.from({ length: ATTRIBUTES }, () => 2 * random.integer(2) - 1);
}

/** The logits of a query's responses under each constitution; its parameters are `theta` itself. */
function conditioned(
  { base, attributes }: World,
  query: number,
  constitutions: readonly (readonly number[])[],
  theta: Float64Array,
): CellModel {
  const first = query * RESPONSES;
  const own = attributes.subarray(first * ATTRIBUTES, (first + RESPONSES) * ATTRIBUTES);
  const features = Float64Array.from(
    constitutions.flatMap((asked) => Array.from(own, (has, n) => has * asked[n % ATTRIBUTES])),
  );
  return {
    parameters: theta,
    says: () => linearScores(features, theta).map((score, n) => score + base[first + (n % RESPONSES)]),
    backward: linearCells(features, ATTRIBUTES).backward,
  };
}

/** Expected asked x attribute, for each attribute, over queries and 8 constitutions each. */
function agreementByAttribute(world: World, theta: Float64Array, random: Random): number[] {
  const sums = Array<number>(ATTRIBUTES).fill(0);
  const constitutions = 8;
  for (let query = 0; query < QUERIES; query++) {
    for (let n = 0; n < constitutions; n++) {
      const asked = drawConstitution(random);
      const logps = logSoftmaxRows(conditioned(world, query, [asked], theta).says(), RESPONSES);
      for (const [response, logp] of logps.entries()) {
        for (let k = 0; k < ATTRIBUTES; k++) {
          sums[k] += Math.exp(logp) * asked[k] * world.attributes[(query * RESPONSES + response) * ATTRIBUTES + k];
        }
      }
    }
  }
  return sums.map((sum) => sum / (QUERIES * constitutions));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
