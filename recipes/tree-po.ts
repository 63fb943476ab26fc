// TPO (arXiv 2410.12854), section 4: the whole tree of reasoning paths against its best and worst path.
//
// A tree has 5 paths of 4 steps that share a prefix of 0 to 2; the log-ratio of a step is linear in its 10 features, the
// value of a path the sum of its steps' values, scores are values stretched to [0, 1] within the tree. In a second world
// one step decides and the others are paraphrases: nearly the same embedding, features that mean nothing. 150 steps of
// length 0.1 for every arm.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  type CellLesson,
  type CellModel,
  claimRecipe,
  cosine,
  learnRepeatedly,
  linearCells,
  linearScores,
  resolveObjective,
} from "luce/testbeds";

const PATHS = 5;
const STEPS = 4;
const FEATURES = 10;
const TREES = 60;
const HELD_OUT = 300;
const BETA = 0.5;
const PARAPHRASE = 0.1;
const TRAINING_STEPS = 150;
const STEP_LENGTH = 0.1;

export const recipe = claimRecipe({
  id: "tree-po",
  title: "TPO: preference trees against pairs",
  claim:
    "Trained on the same trees, TPO is better than DPO on four data sets of mathematical reasoning, with three (later five) models.",
  arms: [
    arm("DPO, best and worst path", false, bestAndWorst),
    arm("the tree, steps alike", false, wholeTree("none")),
    arm("TPO (1 + cosine)", false, wholeTree("one-plus-cos")),
    arm("the tree, 1 - cosine", false, wholeTree("one-minus-cos")),
    arm("one step decides: steps alike", true, wholeTree("none")),
    arm("one step decides: TPO (1 + cosine)", true, wholeTree("one-plus-cos")),
    arm("one step decides: 1 - cosine", true, wholeTree("one-minus-cos")),
  ],
  measures: {
    pairs: { label: "Pairs of paths in order", format: "percent", digits: 1 },
    best: { label: "Best path first", format: "percent", digits: 1 },
    direction: { label: "Cosine with the true step value", format: "decimal", digits: 3 },
  },
  expectations: [
    {
      says: "TPO orders more pairs of paths rightly than DPO",
      arm: "TPO (1 + cosine)",
      than: "DPO, best and worst path",
      measure: "pairs",
      byAtLeast: 0,
    },
  ],
  notes: [
    "What the adaptive step reward adds is read off the arms on the tree: with 1 + cosine as the paper prints it, and with 1 - cosine, which weighs the steps that differ.",
  ],
});

type Trees = {
  /** [trees, paths, steps, features] */
  readonly features: Float64Array;
  readonly embeddings: Float64Array;
  /** [trees, paths] true values. */
  readonly values: Float64Array;
};

function arm(name: string, oneDecides: boolean, teach: (trees: Trees, model: CellModel) => Promise<Lesson>): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const weights = Float64Array.from({ length: FEATURES }, () => random.normal());
      const heldOut = drawTrees(HELD_OUT, weights, oneDecides, random);
      const trees = drawTrees(TREES, weights, oneDecides, random);
      const model = linearCells(trees.features, FEATURES);
      const lesson = await teach(trees, model);
      await learnRepeatedly(TRAINING_STEPS, { ...lesson, learningRate: STEP_LENGTH, normalised: true });
      const ofSteps = linearScores(heldOut.features, model.parameters);
      const scores = heldOut.values.map((_, path) =>
        ofSteps.subarray(path * STEPS, (path + 1) * STEPS).reduce((sum, step) => sum + step, 0),
      );
      return { measures: { ...compareOrders(scores, heldOut.values), direction: cosine(model.parameters, weights) } };
    },
  };
}

type Lesson = Omit<CellLesson, "learningRate">;

async function bestAndWorst({ values }: Trees, model: CellModel): Promise<Lesson> {
  const pathAt = (tree: number, extreme: (...values: number[]) => number) => {
    const paths = values.subarray(tree * PATHS, (tree + 1) * PATHS);
    return tree * PATHS + paths.indexOf(extreme(...paths));
  };
  const stepsOf = (extreme: (...values: number[]) => number) => ({
    shape: [TREES],
    cells: Array.from(
      { length: TREES * STEPS },
      (_, n) => pathAt(Math.floor(n / STEPS), extreme) * STEPS + (n % STEPS),
    ),
    by: model,
  });
  const start = { data: new Float64Array(TREES), shape: [TREES] };
  return {
    objective: await resolveObjective("dpo"),
    params: { beta: BETA },
    learnt: { policyChosenLogps: stepsOf(Math.max), policyRejectedLogps: stepsOf(Math.min) },
    given: { referenceChosenLogps: start, referenceRejectedLogps: start },
  };
}

function wholeTree(stepWeight: string) {
  return async ({ features, embeddings, values }: Trees, model: CellModel): Promise<Lesson> => {
    const shape = [TREES, PATHS, STEPS];
    const cells = Array.from({ length: features.length / FEATURES }, (_, cell) => cell);
    return {
      objective: await resolveObjective("tree-po"),
      params: { beta: BETA, stepWeight },
      learnt: { policyStepLogps: { cells, shape, by: model } },
      given: {
        referenceStepLogps: { data: new Float64Array(cells.length), shape },
        scores: { data: stretch(values), shape: [TREES, PATHS] },
        ...(stepWeight !== "none" && { stepEmbeddings: { data: embeddings, shape: [...shape, FEATURES] } }),
      },
    };
  };
}

function drawTrees(count: number, weights: Float64Array, oneDecides: boolean, random: Random): Trees {
  const features = new Float64Array(count * PATHS * STEPS * FEATURES);
  const embeddings = features.slice();
  const values = new Float64Array(count * PATHS);
  for (let tree = 0; tree < count; tree++) {
    const shared = random.integer(3);
    const decisive = shared + random.integer(STEPS - shared);
    for (let step = 0; step < STEPS; step++) {
      const common = Float64Array.from(weights, () => random.normal());
      for (let path = tree * PATHS; path < (tree + 1) * PATHS; path++) {
        const at = (path * STEPS + step) * FEATURES;
        const own = step < shared ? common : common.map(() => random.normal());
        const isParaphrase = oneDecides && step !== decisive;
        features.set(own, at);
        embeddings.set(isParaphrase ? common.map((value, d) => value + PARAPHRASE * own[d]) : own, at);
        if (!isParaphrase) values[path] += own.reduce((sum, value, d) => sum + value * weights[d], 0);
      }
    }
  }
  return { features, embeddings, values };
}

/** Values to [0, 1] within each tree. */
function stretch(values: Float64Array): Float64Array {
  return values.map((value, n) => {
    const tree = values.subarray(n - (n % PATHS), n - (n % PATHS) + PATHS);
    return (value - Math.min(...tree)) / (Math.max(...tree) - Math.min(...tree));
  });
}

function compareOrders(scores: Float64Array, values: Float64Array): { pairs: number; best: number } {
  let ordered = 0;
  let best = 0;
  const trees = values.length / PATHS;
  for (let first = 0; first < values.length; first += PATHS) {
    for (let i = first; i < first + PATHS; i++) {
      for (let j = first; j < i; j++) if (scores[i] > scores[j] === values[i] > values[j]) ordered++;
    }
    const [own, truth] = [scores, values].map((all) => all.subarray(first, first + PATHS));
    if (own.indexOf(Math.max(...own)) === truth.indexOf(Math.max(...truth))) best++;
  }
  return { pairs: ordered / ((trees * PATHS * (PATHS - 1)) / 2), best: best / trees };
}
