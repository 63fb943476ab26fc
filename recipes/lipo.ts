// LiPO (arXiv 2402.01878), section 5: learning from a whole ranked list, against pairs of it.
//
// A softmax over 8 responses a prompt, linear in 10 features, learns from utilities seen through noise. Labels are the
// average chance that a response beats its list under Bradley-Terry on those. The baselines are DPO on one random pair a
// prompt and on its extremes, and the other ranking losses of the paper. Every arm takes 150 steps of length 0.1: the
// losses differ in scale, so the length of a step, not the learning rate, is what they have in common.
import { createRandom } from "luce";
import {
  type Arm,
  claimRecipe,
  drawPools,
  evaluateOnPools,
  learnRepeatedly,
  linearCells,
  ndcgOnPools,
  pairEvidence,
  readCells,
  resolveObjective,
  softmaxCells,
} from "luce/testbeds";

const K = 8;
const FEATURES = 10;
const PROMPTS = 120;
const HELD_OUT = { prompts: 200, candidates: 16 };
const NOISE = 1;
const BETA = 0.1;
const STEPS = 150;
const STEP_LENGTH = 0.1;

export const recipe = claimRecipe({
  id: "lipo",
  title: "LiPO: lists against pairs",
  claim:
    "LiPO-lambda beats DPO (pairwise and Plackett-Luce) and SLiC on Reddit TL;DR and Anthropic HH by proxy reward, AI and human judges.",
  arms: [
    pairArm("DPO, a random pair", (scores, first) => [first, first + 1].sort((a, b) => scores[b] - scores[a])),
    pairArm("DPO, best and worst", extremes),
    listArm("DPO with Plackett-Luce", "list-mle"),
    listArm("SLiC on the list", "pair-hinge"),
    listArm("pair-logistic", "pair-logistic"),
    listArm("LiPO-lambda", "lambda"),
  ],
  measures: {
    ndcg: { label: "NDCG", format: "decimal", digits: 3 },
    ndcg3: { label: "NDCG@3", format: "decimal", digits: 3 },
    winRate: { label: "Win rate over the reference", format: "percent", digits: 1 },
    rankingAccuracy: { label: "Ranking accuracy", format: "percent", digits: 1 },
  },
  expectations: ["DPO, a random pair", "DPO, best and worst", "DPO with Plackett-Luce", "SLiC on the list"].map(
    (than) => ({
      says: `LiPO-lambda wins more than ${than}`,
      arm: "LiPO-lambda",
      than,
      measure: "winRate",
      byAtLeast: 0,
    }),
  ),
  notes: ["The utility's weights are drawn from N(0, 1); relevance for NDCG are the labels without noise."],
});

function pairArm(name: string, choose: (scores: Float64Array, first: number) => number[]): Arm {
  return arm(name, async ({ policy, reference, scores }) => {
    const pairs = Array.from({ length: PROMPTS }, (_, prompt) => choose(scores, prompt * K));
    const sides = [0, 1].map((side) => ({ cells: pairs.map((pair) => pair[side]), shape: [PROMPTS] }));
    return {
      objective: await resolveObjective("dpo"),
      params: { beta: BETA },
      ...pairEvidence(policy, reference, sides),
    };
  });
}

function listArm(name: string, objective: string): Arm {
  return arm(name, async ({ policy, reference, scores }) => {
    const lists = { cells: scores.map((_, cell) => cell), shape: [PROMPTS, K] };
    return {
      objective: await resolveObjective("lipo"),
      params: { objective, beta: BETA },
      learnt: { policyLogps: { ...lists, by: policy } },
      given: { referenceLogps: readCells(reference, lists), scores: { data: scores, shape: [PROMPTS, K] } },
    };
  });
}

type World = {
  policy: ReturnType<typeof softmaxCells>;
  /** [prompts, K] log-probabilities at the start. */
  reference: Float64Array;
  /** [prompts, K] labels. */
  scores: Float64Array;
};
type Lesson = Omit<Parameters<typeof learnRepeatedly>[1], "learningRate" | "normalised">;

function arm(name: string, teach: (world: World) => Promise<Lesson>): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const weights = Float64Array.from({ length: FEATURES }, () => random.normal());
      const draw = (options: { prompts: number; candidates: number }) =>
        drawPools(weights, random, { ...options, referenceScale: 0, curvature: 0 });
      const pools = draw({ prompts: PROMPTS, candidates: K });
      const heldOut = draw(HELD_OUT);
      const seen = pools.rewards.map((reward) => reward + NOISE * random.normal());
      const policy = softmaxCells(K, linearCells(pools.featureValues, FEATURES));
      const lesson = await teach({ policy, reference: policy.says(), scores: winProbabilities(seen, K) });
      await learnRepeatedly(STEPS, { ...lesson, learningRate: STEP_LENGTH, normalised: true });
      const theta = policy.parameters;
      const { winRate, rankingAccuracy } = evaluateOnPools(heldOut, theta);
      const relevance = winProbabilities(heldOut.rewards, heldOut.candidates);
      const ndcg = ndcgOnPools(heldOut, theta, relevance);
      return { measures: { ndcg, ndcg3: ndcgOnPools(heldOut, theta, relevance, 3), winRate, rankingAccuracy } };
    },
  };
}

/** Each item's average chance to beat those of its list, itself counted as a half. */
function winProbabilities(utilities: Float64Array, size: number): Float64Array {
  return utilities.map((own, n) => {
    const list = utilities.subarray(n - (n % size), n - (n % size) + size);
    return list.reduce((sum, other) => sum + 1 / (1 + Math.exp(other - own)), 0) / size;
  });
}

function extremes(scores: Float64Array, first: number): number[] {
  const list = scores.subarray(first, first + K);
  return [Math.max(...list), Math.min(...list)].map((score) => first + list.indexOf(score));
}
