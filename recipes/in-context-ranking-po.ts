// IRPO (arXiv 2504.15477), section 5: a list of marked items against one chosen and one rejected.
//
// Lists of 10 items with 15 features; the item of the highest utility, seen through noise, is marked 2, the next 1. The
// baselines contrast the best with one irrelevant item (DPO) or with all others (S-DPO), or imitate the marks; the
// ablation gives both marked items the same weight. Every arm takes 150 steps of length 0.1.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  type CellLesson,
  type CellModel,
  claimRecipe,
  drawPools,
  learnRepeatedly,
  linearCells,
  ndcgOnPools,
  pairEvidence,
  readCells,
  resolveObjective,
  softmaxCells,
} from "luce/testbeds";

const K = 10;
const FEATURES = 15;
const LISTS = 60;
const HELD_OUT = 200;
const NOISE = 0.7;
const STEPS = 150;
const STEP_LENGTH = 0.1;
const SHAPE = [LISTS, K];

export const recipe = claimRecipe({
  id: "in-context-ranking-po",
  title: "IRPO: marked items of a list against pairs",
  claim:
    "IRPO reaches higher NDCG and recall at small k than SFT, DPO and S-DPO on conversational recommendation, generative retrieval and re-ranking.",
  arms: [
    arm("DPO, one negative", async (world) => {
      const rejected = columnCells(world.marks, (list) => list.indexOf(0));
      const chosen = columnCells(world.marks, (list) => list.indexOf(2));
      return {
        objective: await resolveObjective("dpo"),
        params: { beta: 1 },
        ...pairEvidence(world.policy, world.reference, [chosen, rejected]),
      };
    }),
    arm("SFT on the marks", async (world) => ({
      objective: await resolveObjective("lipo"),
      params: { objective: "softmax", beta: 1 },
      ...onLists(world, world.marks),
    })),
    // With one relevant item of weight 1 and the sum of its competitors IRPO is S-DPO, but for a factor of 1/K.
    listArm("S-DPO, all negatives", (mark) => [mark === 2 ? 1 : 0, 1], "sum"),
    listArm("IRPO, equal weights", (mark) => [mark > 0 ? 1 : 0, 1]),
    listArm("IRPO", (mark) => [mark, mark === 2 ? 1 : mark === 1 ? 2 : 3]),
  ],
  measures: {
    ndcg1: { label: "NDCG@1", format: "decimal", digits: 3 },
    ndcg5: { label: "NDCG@5", format: "decimal", digits: 3 },
  },
  expectations: ["DPO, one negative", "SFT on the marks", "S-DPO, all negatives"].map((than) => ({
    says: `IRPO's NDCG@5 is above that of ${than}`,
    arm: "IRPO",
    than,
    measure: "ndcg5",
    byAtLeast: 0,
  })),
  notes: ["On held-out lists the marks are given by the true utility, without noise."],
});

type World = {
  readonly policy: CellModel;
  /** [lists, K] log-probabilities at the start. */
  readonly reference: Float64Array;
  /** [lists, K] 2, 1 or 0. */
  readonly marks: Float64Array;
};
type Lesson = Omit<CellLesson, "learningRate">;

function listArm(name: string, weigh: (mark: number) => [score: number, rank: number], aggregate = "mean"): Arm {
  return arm(name, async (world) => ({
    objective: await resolveObjective("in-context-ranking-po"),
    params: { aggregate, lengthNormalise: false },
    ...onLists(
      world,
      world.marks.map((mark) => weigh(mark)[0]),
      world.marks.map((mark) => weigh(mark)[1]),
    ),
  }));
}

function onLists({ policy, reference }: World, scores: Float64Array, ranks?: Float64Array) {
  const lists = { cells: scores.map((_, cell) => cell), shape: SHAPE };
  return {
    learnt: { policyLogps: { ...lists, by: policy } },
    given: {
      referenceLogps: readCells(reference, lists),
      scores: { data: scores, shape: SHAPE },
      ...(ranks && { ranks: { data: ranks, shape: SHAPE } }),
    },
  };
}

function columnCells(marks: Float64Array, choose: (list: Float64Array) => number) {
  const cells = Array.from({ length: LISTS }, (_, n) => n * K + choose(marks.subarray(n * K, n * K + K)));
  return { cells, shape: [LISTS] };
}

function arm(name: string, teach: (world: World) => Promise<Lesson>): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const weights = Float64Array.from({ length: FEATURES }, () => random.normal());
      const draw = (prompts: number) =>
        drawPools(weights, random, { prompts, candidates: K, referenceScale: 0, curvature: 0 });
      const [train, heldOut] = [draw(LISTS), draw(HELD_OUT)];
      const marks = markItems(seenThroughNoise(train.rewards, random));
      const policy = softmaxCells(K, linearCells(train.featureValues, FEATURES));
      const lesson = await teach({ policy, reference: policy.says(), marks });
      await learnRepeatedly(STEPS, { ...lesson, learningRate: STEP_LENGTH, normalised: true });
      const relevance = markItems(heldOut.rewards);
      const [ndcg1, ndcg5] = [1, 5].map((k) => ndcgOnPools(heldOut, policy.parameters, relevance, k));
      return { measures: { ndcg1, ndcg5 } };
    },
  };
}

function seenThroughNoise(utilities: Float64Array, random: Random): Float64Array {
  return utilities.map((utility) => utility + NOISE * random.normal());
}

/** 2 for the highest of each list, 1 for the next, 0 for the others. */
function markItems(utilities: Float64Array): Float64Array {
  return utilities.map((own, n) => {
    const list = utilities.subarray(n - (n % K), n - (n % K) + K);
    return Math.max(0, 2 - list.filter((other) => other > own).length);
  });
}
