// GPM and GPO (arXiv 2410.02197), section 6: preferences that run in circles.
//
// 15 items in 3 groups: between groups rock, paper, scissors (the winner with probability 0.9), within a group
// Bradley-Terry. 1500 noisy comparisons are fitted by a strength an item, and by embeddings whose scores are
// skew-symmetric. The transitive world has strengths alone. GPO's update is iterated on a three-cycle from (0.5, 0.3, 0.2):
// how far from the equilibrium, a third each, are its last policy and the average of all.
import { createRandom, type Random, shuffle } from "luce";
import { preferenceScoreTable } from "luce/reward";
import {
  type Arm,
  type CellLesson,
  type CellModel,
  claimRecipe,
  freeCells,
  learnFromCells,
  resolveObjective,
} from "luce/testbeds";

const ITEMS = 15;
const GROUPS = 3;
const COMPARISONS = 1500;
const EPOCHS = 60;
const BATCH = 50;
/** 0.05 a comparison, as a loss that is a mean over the batch needs it. */
const LEARNING_RATE = 0.05 * BATCH;
const CLEAR = 0.1;

export const recipe = claimRecipe({
  id: "gpm",
  title: "GPM: preferences that run in circles",
  claim:
    "Preference embeddings represent cyclic preferences nearly perfectly, where Bradley-Terry is at chance, and gain up to 5.6 points on RewardBench.",
  arms: [
    arm("Bradley-Terry", { cyclic: true, blocks: 0 }),
    arm("GPM, 2 dimensions", { cyclic: true, blocks: 1 }),
    arm("GPM, 4 dimensions", { cyclic: true, blocks: 2 }),
    arm("Bradley-Terry, no cycles", { cyclic: false, blocks: 0 }),
    arm("GPM, 2 dimensions, no cycles", { cyclic: false, blocks: 1 }),
    optimiserArm("GPO, last policy", (policies) => policies[policies.length - 1]),
    optimiserArm("GPO, average policy", averageOf),
  ],
  measures: {
    accuracy: { label: "Clear pairs rightly called", format: "percent", digits: 1 },
    distance: { label: "Farthest from a third", format: "decimal", digits: 3 },
  },
  expectations: [
    {
      says: "On cycles GPM calls 20 points more of the clear pairs rightly than Bradley-Terry",
      arm: "GPM, 2 dimensions",
      than: "Bradley-Terry",
      measure: "accuracy",
      byAtLeast: 0.2,
    },
    {
      says: "Without cycles it is at most 1 point behind",
      arm: "GPM, 2 dimensions, no cycles",
      than: "Bradley-Terry, no cycles",
      measure: "accuracy",
      byAtLeast: -0.01,
    },
  ],
  notes: ["GPO's update circles outward around a mixed equilibrium: its average, not its last policy, is the answer."],
});

/** `blocks` 0: a strength an item. */
function arm(name: string, { cyclic, blocks }: { cyclic: boolean; blocks: number }): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const logits = drawLogits(cyclic, random);
      const comparisons = Array.from({ length: COMPARISONS }, () => compare(logits, random));
      const model = freeCells(Float64Array.from({ length: ITEMS * (2 * blocks || 1) }, () => 0.3 * random.normal()));
      const lessonOn = blocks === 0 ? await strengthLesson(model) : await embeddingLesson(model, 2 * blocks);
      for (let epoch = 0; epoch < EPOCHS; epoch++) {
        shuffle(comparisons, random);
        for (let from = 0; from < COMPARISONS; from += BATCH) {
          await learnFromCells({ ...lessonOn(comparisons.slice(from, from + BATCH)), learningRate: LEARNING_RATE });
        }
      }
      const scores = blocks === 0 ? differences(model.parameters) : preferenceScoreTable(rows(model, 2 * blocks));
      return { measures: { accuracy: accuracyOnClear(scores, logits) } };
    },
  };
}

type Comparison = readonly [winner: number, loser: number];
type LessonOn = (comparisons: readonly Comparison[]) => Omit<CellLesson, "learningRate">;

async function strengthLesson(by: CellModel): Promise<LessonOn> {
  const objective = await resolveObjective("bradley-terry-reward");
  return (comparisons) => {
    const [chosenRewards, rejectedRewards] = [0, 1].map((side) => ({
      cells: comparisons.map((comparison) => comparison[side]),
      shape: [comparisons.length],
      by,
    }));
    return { objective, learnt: { chosenRewards, rejectedRewards } };
  };
}

async function embeddingLesson(by: CellModel, size: number): Promise<LessonOn> {
  const objective = await resolveObjective("gpm");
  return (comparisons) => {
    const [chosenEmbeddings, rejectedEmbeddings] = [0, 1].map((side) => ({
      cells: comparisons.flatMap((comparison) => Array.from({ length: size }, (_, d) => comparison[side] * size + d)),
      shape: [comparisons.length, size],
      by,
    }));
    const params = { component: "model", tau: 1, normalize: false };
    return { objective, params, learnt: { chosenEmbeddings, rejectedEmbeddings } };
  };
}

/** [items][items] log-odds that the first is preferred. */
function drawLogits(cyclic: boolean, random: Random): number[][] {
  const strengths = Array.from({ length: ITEMS }, () => 3 * random.normal());
  return strengths.map((own, i) =>
    strengths.map((other, j) => {
      const ahead = (i - j + ITEMS) % GROUPS;
      if (!cyclic || ahead === 0) return own - other;
      return ahead === 1 ? Math.log(9) : -Math.log(9);
    }),
  );
}

function compare(logits: number[][], random: Random): Comparison {
  const first = random.integer(ITEMS);
  const second = (first + 1 + random.integer(ITEMS - 1)) % ITEMS;
  return random.uniform() < 1 / (1 + Math.exp(-logits[first][second])) ? [first, second] : [second, first];
}

/** Among the pairs whose true probability is more than 0.1 from a half. */
function accuracyOnClear(scores: readonly (readonly number[])[], logits: number[][]): number {
  const clear = logits.flatMap((row, i) =>
    row.flatMap((logit, j) => (i < j && Math.abs(1 / (1 + Math.exp(-logit)) - 0.5) > CLEAR ? [[i, j]] : [])),
  );
  return clear.filter(([i, j]) => scores[i][j] > 0 === logits[i][j] > 0).length / clear.length;
}

function differences(strengths: Float64Array): number[][] {
  return Array.from(strengths, (own) => Array.from(strengths, (other) => own - other));
}

function rows({ parameters }: CellModel, size: number): number[][] {
  return Array.from({ length: ITEMS }, (_, item) => Array.from(parameters.subarray(item * size, (item + 1) * size)));
}

/** The policies of 2000 exact updates `pi * exp(0.1 s(., pi))` on a cycle of three with scores of 1 and -1. */
function optimiserArm(name: string, answer: (policies: number[][]) => number[]): Arm {
  const angles = [0, 1, 2].map((item) => (2 * Math.PI * item) / 3);
  const scores = preferenceScoreTable(
    angles.map((angle) => [Math.cos(angle), Math.sin(angle)]),
    [2 / Math.sqrt(3)],
  );
  return {
    name,
    async run() {
      let policy = [0.5, 0.3, 0.2];
      const policies = [policy];
      for (let n = 0; n < 2000; n++) {
        const current = policy;
        const raised = current.map(
          (chance, i) => chance * Math.exp(0.1 * current.reduce((sum, other, j) => sum + other * scores[i][j], 0)),
        );
        const total = raised.reduce((sum, chance) => sum + chance, 0);
        policy = raised.map((chance) => chance / total);
        policies.push(policy);
      }
      return { measures: { distance: Math.max(...answer(policies).map((chance) => Math.abs(chance - 1 / 3))) } };
    },
  };
}

function averageOf(policies: number[][]): number[] {
  return policies[0].map((_, i) => policies.reduce((sum, policy) => sum + policy[i], 0) / policies.length);
}
