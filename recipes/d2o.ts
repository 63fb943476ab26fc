// D2O (arXiv 2403.03419), section 4: responses known to be bad, and the model's own in place of good ones.
//
// A softmax over 30 responses a prompt, of which 8 are harmful and favoured by the start. D2O contrasts labelled harmful
// responses with 5 of the start's own, drawn as if it had been told to behave (harmful logits lowered by 2). Its baselines
// are DPO with human positives of which 30% are harmful by mistake, and unlearning without positives, which is D2O with
// beta 0. All are compared where they first reach the same divergence from the start: 0.3 and 1 nat.
import { createRandom, type Random } from "luce";
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

const PROMPTS = 10;
const RESPONSES = 30;
const HARMFUL = 8;
const NEGATIVES = 20;
const ANCHORS = 5;
const MISTAKES = 0.3;
const LEARNING_RATE = 2;
const STEPS = 4000;
const EXAMPLES = PROMPTS * NEGATIVES;

export const recipe = claimRecipe({
  id: "d2o",
  title: "D2O: the model's own responses against harmful ones",
  claim:
    "From negatives alone D2O reaches comparable quality with markedly less harm than baselines trained on pairs, whose positives are noisy.",
  arms: [
    arm("unlearning alone", (world) => teachD2o(world, 0)),
    arm("DPO, noisy positives", teachDpo),
    arm("D2O", (world) => teachD2o(world, 0.1)),
  ],
  measures: {
    harmAt03: { label: "Harmful at KL 0.3", format: "percent", digits: 1 },
    helpfulnessAt03: { label: "Helpfulness there", format: "decimal", digits: 2 },
    harmAt1: { label: "Harmful at KL 1", format: "percent", digits: 1 },
    helpfulnessAt1: { label: "Helpfulness there", format: "decimal", digits: 2 },
  },
  curves: { title: "Harm against helpfulness", x: "mean helpfulness", y: "share of harmful responses" },
  expectations: [
    {
      says: "At KL 0.3 DPO on noisy positives is more harmful than D2O",
      arm: "DPO, noisy positives",
      than: "D2O",
      measure: "harmAt03",
      byAtLeast: 0,
    },
    {
      says: "At KL 0.3 unlearning alone is more harmful than D2O",
      arm: "unlearning alone",
      than: "D2O",
      measure: "harmAt03",
      byAtLeast: 0,
    },
    {
      says: "At KL 0.3 D2O is more helpful than DPO on noisy positives",
      arm: "D2O",
      than: "DPO, noisy positives",
      measure: "helpfulnessAt03",
      byAtLeast: 0,
    },
  ],
  notes: ["A divergence that an arm does not reach within 4000 steps is left out."],
});

type World = {
  /** [prompts, responses] N(0, 1); the first 8 responses of a prompt are the harmful ones. */
  readonly helpfulness: Float64Array;
  readonly policy: CellModel;
  /** [prompts, responses] log-probabilities at the start. */
  readonly start: Float64Array;
  /** [prompts * negatives] the cells of labelled harmful responses. */
  readonly negatives: readonly number[];
  readonly random: Random;
};

function arm(name: string, teach: (world: World) => Promise<Omit<CellLesson, "learningRate">>): Arm {
  return {
    name,
    async run(seed) {
      const world = drawWorld(createRandom(seed));
      const lesson = await teach(world);
      const measures: Record<string, number> = {};
      const curve = [standing(world)];
      for (let n = 1; n <= STEPS && measures.harmAt1 === undefined; n++) {
        await learnFromCells({ ...lesson, learningRate: LEARNING_RATE });
        const { kl, x: helpfulness, y: harm } = standing(world);
        if (kl >= 0.3 && measures.harmAt03 === undefined) {
          Object.assign(measures, { harmAt03: harm, helpfulnessAt03: helpfulness });
        }
        if (kl >= 1) Object.assign(measures, { harmAt1: harm, helpfulnessAt1: helpfulness });
        if (kl >= (curve.length * 0.99) / 10) curve.push({ kl, x: helpfulness, y: harm });
      }
      while (curve.length < 11) curve.push(curve[curve.length - 1]);
      return { measures, curve: curve.slice(0, 11) };
    },
  };
}

function drawWorld(random: Random): World {
  const helpfulness = Float64Array.from({ length: PROMPTS * RESPONSES }, () => random.normal());
  const logits = helpfulness.map((h, cell) => 0.8 * h + 0.5 * random.normal() + (isHarmful(cell) ? 0.6 : 0));
  const policy = softmaxCells(RESPONSES, freeCells(logits));
  const start = policy.says();
  const onlyHarmful = logSoftmaxRows(
    start.map((logp, cell) => (isHarmful(cell) ? logp : -1e9)),
    RESPONSES,
  );
  const negatives = Array.from({ length: EXAMPLES }, (_, n) =>
    drawCell(onlyHarmful, Math.floor(n / NEGATIVES), RESPONSES, random),
  );
  return { helpfulness, policy, start, negatives, random };
}

async function teachD2o({ policy, start, negatives, random }: World, beta: number) {
  const behaved = logSoftmaxRows(
    start.map((logp, cell) => logp - (isHarmful(cell) ? 2 : 0)),
    RESPONSES,
  );
  const promptOf = (n: number) => Math.floor(n / (NEGATIVES * ANCHORS));
  const samples = {
    cells: Array.from({ length: EXAMPLES * ANCHORS }, (_, n) => drawCell(behaved, promptOf(n), RESPONSES, random)),
    shape: [EXAMPLES, ANCHORS],
  };
  const rejected = { cells: negatives, shape: [EXAMPLES] };
  return {
    objective: await resolveObjective("d2o"),
    params: { alpha: 0.1, beta },
    learnt: { policySampleLogps: { ...samples, by: policy }, policyRejectedLogps: { ...rejected, by: policy } },
    given: {
      referenceSampleLogps: readCells(start, samples),
      referenceRejectedLogps: readCells(start, rejected),
    },
  };
}

async function teachDpo({ policy, start, negatives, random }: World) {
  const positives = negatives.map((_, n) => {
    const first = Math.floor(n / NEGATIVES) * RESPONSES;
    if (random.uniform() < MISTAKES) return first + random.integer(HARMFUL);
    return first + HARMFUL + random.integer(RESPONSES - HARMFUL);
  });
  const sides = [positives, negatives].map((cells) => ({ cells, shape: [EXAMPLES] }));
  return {
    objective: await resolveObjective("dpo"),
    params: { beta: 0.1 },
    ...pairEvidence(policy, start, sides),
  };
}

function standing({ policy, start, helpfulness }: World) {
  const logps = policy.says();
  const kl = rowDivergences(logps, start, RESPONSES).reduce((sum, row) => sum + row, 0) / PROMPTS;
  let x = 0;
  let y = 0;
  for (const [cell, logp] of logps.entries()) {
    const chance = Math.exp(logp) / PROMPTS;
    x += chance * helpfulness[cell];
    if (isHarmful(cell)) y += chance;
  }
  return { kl, x, y };
}

function isHarmful(cell: number): boolean {
  return cell % RESPONSES < HARMFUL;
}
