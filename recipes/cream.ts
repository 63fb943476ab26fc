// CREAM (arXiv 2410.12735): self-rewarding with labels as certain as two iterations agree.
//
// Responses have 12 features and a hidden quality w . x; a policy is a softmax of theta . x. It starts at norm 2 with a
// cosine of q to w (the model before it, at norm 1), and for 4 iterations scores 150 prompts x 5 responses by itself,
// with N(0, 1) of noise, and learns best against worst in 5 passes: all labels certain (self-rewarding), or certain to
// the degree that the previous model, noisy too, ranks alike: on average, or prompt by prompt. Batches of 10, a learning
// rate of 0.5 and fresh responses with features N(0, 1) are this miniature's choice.
import { createRandom, type Random, shuffle } from "luce";
import {
  type Arm,
  claimRecipe,
  differenceEvidence,
  directionAt,
  drawDirection,
  learnFromCells,
  linearCells,
  linearScores,
  logSoftmaxRows,
  resolveObjective,
} from "luce/testbeds";

const FEATURES = 12;
const PROMPTS = 150;
const RESPONSES = 5;
const ITERATIONS = 4;
const PASSES = 5;
const BATCH = 10;
const LEARNING_RATE = 0.5;
const STARTS = { weak: 0.3, middling: 0.6, good: 0.9 } as const;

type Start = keyof typeof STARTS;
type Mode = "self-rewarding" | "average" | "sample";

export const recipe = claimRecipe({
  id: "cream",
  title: "CREAM: self-rewarding that doubts its own labels",
  claim:
    "Self-rewarding regularised by the consistency of rankings between iterations keeps improving where the plain one degrades, on five tasks for 7B models.",
  arms: (["weak", "middling", "good"] as const).flatMap((start) => [
    startArm(start),
    ...(["self-rewarding", "average", "sample"] as const).map((mode) => arm(start, mode)),
  ]),
  measures: {
    cosine: { label: "Cosine to the true quality", format: "decimal", digits: 3 },
    norm: { label: "Norm of theta", format: "decimal", digits: 2 },
    quality: { label: "Quality of samples", format: "decimal", digits: 3 },
  },
  expectations: (["average", "sample"] as const).flatMap((mode) => [
    ...(["cosine", "quality"] as const).map((measure) => ({
      says: `From a weak start CREAM (${mode}) ends at a higher ${measure} than self-rewarding`,
      arm: nameOf("weak", mode),
      than: nameOf("weak", "self-rewarding"),
      measure,
      byAtLeast: 0,
    })),
    {
      says: `Self-rewarding ends at a larger norm, which is confidence without ground, than CREAM (${mode})`,
      arm: nameOf("weak", "self-rewarding"),
      than: nameOf("weak", mode),
      measure: "norm",
      byAtLeast: 0,
    },
  ]),
  notes: [
    "The claim is for a judge that errs: the arms from better starts show what the doubt costs where there is less to doubt. Quality rises with the norm alone too: a surer policy samples what it prefers.",
  ],
});

function nameOf(start: Start, mode: Mode | "start"): string {
  return `${start} start: ${{ start: "as it is", "self-rewarding": "self-rewarding", average: "CREAM, average", sample: "CREAM, by prompt" }[mode]}`;
}

function startArm(start: Start): Arm {
  return {
    name: nameOf(start, "start"),
    async run(seed) {
      const random = createRandom(seed);
      const { truth, first } = drawStart(STARTS[start], random);
      return { measures: measure(first, truth, random) };
    },
  };
}

function arm(start: Start, mode: Mode): Arm {
  return {
    name: nameOf(start, mode),
    async run(seed) {
      const random = createRandom(seed);
      const { truth, first } = drawStart(STARTS[start], random);
      const base = first.map((value) => value / 2);
      let [previous, current]: Float64Array[] = [base, first];
      for (let iteration = 0; iteration < ITERATIONS; iteration++) {
        // The first model to be compared with is the base itself, which is judged by its likelihood.
        const previousScores = iteration === 0 ? base : minus(previous, base);
        const labels = await labelOwnResponses(minus(current, base), previousScores, random);
        const next = await learn(current, labels, mode, random);
        [previous, current] = [current, next];
      }
      return { measures: measure(current, truth, random) };
    },
  };
}

/** Features of the preferred response less the other's, and how alike the two models rank, for each prompt. */
type Labels = { readonly differences: Float64Array; readonly consistency: Float64Array };

async function labelOwnResponses(own: Float64Array, before: Float64Array, random: Random): Promise<Labels> {
  const features = drawFeatures(PROMPTS * RESPONSES, random);
  const noisy = (theta: Float64Array) => {
    const scores = linearScores(features, theta).map((score) => score + random.normal());
    return Array.from({ length: PROMPTS }, (_, prompt) =>
      Array.from(scores.subarray(prompt * RESPONSES, (prompt + 1) * RESPONSES)),
    );
  };
  const inputs = { rewards: noisy(own), previousRewards: noisy(before) };
  const cream = await resolveObjective("cream");
  const { consistency, selected } = (await cream.evaluate(inputs, { component: "consistency" })) as {
    consistency: number[];
    selected: [number, number][];
  };
  const differences = new Float64Array(PROMPTS * FEATURES);
  for (const [prompt, [best, worst]] of selected.entries()) {
    for (let d = 0; d < FEATURES; d++) {
      const of = (response: number) => features[(prompt * RESPONSES + response) * FEATURES + d];
      differences[prompt * FEATURES + d] = of(best) - of(worst);
    }
  }
  return { differences, consistency: Float64Array.from(consistency) };
}

/** What the policy becomes, with itself as the reference; beta is 1. */
async function learn(theta: Float64Array, labels: Labels, mode: Mode, random: Random): Promise<Float64Array> {
  const change = linearCells(labels.differences, FEATURES);
  const average = labels.consistency.reduce((sum, value) => sum + value, 0) / PROMPTS;
  const certainty = labels.consistency.map((value) => ({ "self-rewarding": 1, average, sample: value })[mode]);
  const objective = await resolveObjective("cream");
  const order = Array.from({ length: PROMPTS }, (_, prompt) => prompt);
  for (let pass = 0; pass < PASSES; pass++) {
    shuffle(order, random);
    for (let first = 0; first < PROMPTS; first += BATCH) {
      const batch = order.slice(first, first + BATCH);
      const evidence = differenceEvidence(change, batch);
      const consistency = { data: Float64Array.from(batch, (prompt) => certainty[prompt]), shape: [BATCH] };
      await learnFromCells({
        objective,
        params: { beta: 1, mode: "sample" },
        learnt: evidence.learnt,
        given: { ...evidence.given, consistency },
        learningRate: LEARNING_RATE,
      });
    }
  }
  return theta.map((value, d) => value + change.parameters[d]);
}

/** A direction of true quality, and a theta of norm 2 at this cosine to it. */
function drawStart(cosine: number, random: Random) {
  const truth = drawDirection(FEATURES, random);
  return { truth, first: directionAt(cosine, truth, random).map((value) => 2 * value) };
}

function measure(theta: Float64Array, truth: Float64Array, random: Random) {
  const norm = Math.hypot(...theta);
  const features = drawFeatures(400 * RESPONSES, random);
  const chances = logSoftmaxRows(linearScores(features, theta), RESPONSES).map(Math.exp);
  return {
    cosine: dot(theta, truth) / norm,
    norm,
    quality: dot(chances, linearScores(features, truth)) / 400,
  };
}

function drawFeatures(rows: number, random: Random): Float64Array {
  return Float64Array.from({ length: rows * FEATURES }, () => random.normal());
}

function minus(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, d) => value - b[d]);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, d) => sum + value * b[d], 0);
}
