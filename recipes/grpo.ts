// GRPO and GSPO (arXiv 2402.03300, 2507.18071): advantages within a group, against raw rewards and centred ones.
//
// A bigram policy writes 6 tokens of a vocabulary of 6; every token has one successor that is right, and the reward is the
// share of right successors plus one, times a scale that differs between the four prompts (0.1, 1, 5, 20). GRPO divides by
// the group's spread; its baselines center alone, or take the reward as it is (times 1/5, to match the steps). Plain
// gradient ascent with step 4 on 8 responses a prompt: once a rollout, or four times, where the ratio is clipped; GSPO
// clips the whole response's at 0.05.
import { createRandom } from "luce";
import {
  type Arm,
  type CellLesson,
  claimRecipe,
  drawCell,
  freeCells,
  learnFromCells,
  readCells,
  resolveObjective,
  softmaxCells,
} from "luce/testbeds";

const VOCABULARY = 6;
const LENGTH = 6;
const GROUP = 8;
const SCALES = [0.1, 1, 5, 20];
const MATCHED = 1 / 5;
const LEARNING_RATE = 4;
const ITERATIONS = 120;
const SHAPE = [SCALES.length, GROUP, LENGTH];

export const recipe = claimRecipe({
  id: "grpo",
  title: "GRPO: advantages within a group",
  claim: "Without a critic, GRPO lifts DeepSeekMath-7B from 82.9 to 88.2 on GSM8K and from 46.8 to 51.7 on MATH.",
  arms: [1, 4].flatMap((inner) => [
    arm(`raw rewards${times(inner)}`, inner, "ppo", rawRewards),
    arm(`centred${times(inner)}`, inner, "grpo", groupRewards({ normalizeStd: false }, MATCHED)),
    arm(`GRPO${times(inner)}`, inner, "grpo", groupRewards({})),
    arm(`GSPO${times(inner)}`, inner, "grpo", groupRewards({ ratio: "sequence", epsilonLow: 0.05, epsilonHigh: 0.05 })),
  ]),
  measures: {
    at10: { label: "Right after 10 rollouts", format: "percent", digits: 1 },
    at30: { label: "after 30", format: "percent", digits: 1 },
    at120: { label: "after 120", format: "percent", digits: 1 },
  },
  curves: { title: "Learning curves", x: "rollouts", y: "share of right successors" },
  expectations: ["raw rewards", "centred"].map((than) => ({
    says: `After 30 rollouts GRPO is right more often than ${than}`,
    arm: "GRPO",
    than,
    measure: "at30",
    byAtLeast: 0,
  })),
  notes: [
    "The verdict is on learning at all scales of reward at once. GSPO's claim, stable training of mixtures of experts, has no counterpart in this world.",
  ],
});

function times(inner: number): string {
  return inner === 1 ? "" : `, ${inner} steps a rollout`;
}

/** Rewards [prompts, group] and what the sampling policy said, as the evidence of an objective but for its policy's. */
type Judge = (
  rewards: Float64Array,
  oldLogps: Float64Array,
) => Required<Pick<CellLesson, "params" | "given">> & { readonly shape: readonly number[] };

function groupRewards(params: Record<string, unknown>, scale = 1): Judge {
  return (rewards, oldLogps) => ({
    params: { beta: 0, ...params },
    shape: SHAPE,
    given: {
      rewards: { data: rewards.map((reward) => scale * reward), shape: SHAPE.slice(0, 2) },
      oldLogps: { data: oldLogps, shape: SHAPE },
    },
  });
}

/** Without values, divergence and discount every token's advantage is the reward itself. */
function rawRewards(rewards: Float64Array, oldLogps: Float64Array): ReturnType<Judge> {
  const shape = [SCALES.length * GROUP, LENGTH];
  const zeros = { data: new Float64Array(oldLogps.length), shape };
  const said = { data: oldLogps, shape };
  return {
    params: { klCoef: 0, gamma: 1, lambda: 1, whitenAdvantages: false, vfCoef: 0, rewardGain: MATCHED },
    shape,
    given: {
      oldLogps: said,
      referenceLogps: said,
      values: zeros,
      oldValues: zeros,
      scores: { data: rewards, shape: [rewards.length] },
    },
  };
}

function arm(name: string, inner: number, objective: string, judge: Judge): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const successors = Array.from({ length: VOCABULARY }, () => random.integer(VOCABULARY));
      const isRight = (cell: number) => Number(cell % VOCABULARY === successors[Math.floor(cell / VOCABULARY)]);
      const policy = softmaxCells(VOCABULARY, freeCells(new Float64Array(VOCABULARY * VOCABULARY)));
      const method = await resolveObjective(objective);
      const right = [0];
      for (let n = 0; n < ITERATIONS; n++) {
        const old = policy.says();
        const responses = Array.from({ length: SCALES.length * GROUP }, () => {
          const cells: number[] = [];
          let token = random.integer(VOCABULARY);
          while (cells.length < LENGTH) {
            cells.push(drawCell(old, token, VOCABULARY, random));
            token = cells[cells.length - 1] % VOCABULARY;
          }
          return cells;
        });
        const accuracies = responses.map((cells) => cells.reduce((sum, cell) => sum + isRight(cell), 0) / LENGTH);
        right.push(accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / accuracies.length);
        const rewards = Float64Array.from(accuracies, (accuracy, k) => SCALES[Math.floor(k / GROUP)] * (accuracy + 1));
        const cells = responses.flat();
        const { params, given, shape } = judge(rewards, readCells(old, { cells, shape: SHAPE }).data);
        for (let step = 0; step < inner; step++) {
          await learnFromCells({
            objective: method,
            params,
            learnt: { logps: { cells, shape, by: policy } },
            given,
            learningRate: LEARNING_RATE,
          });
        }
      }
      return {
        measures: { at10: right[11], at30: right[31], at120: right[ITERATIONS] },
        curve: right.slice(1).map((y, x) => ({ x, y })),
      };
    },
  };
}
