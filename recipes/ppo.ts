// PPO as used for alignment (arXiv 1707.06347, 2406.09279): with a penalty on divergence it finds reference * exp(reward / klCoef).
//
// 20 prompts with 10 responses of one token, rewards N(0, 1), a softmax table and a value a prompt. 300 rollouts of 512
// responses, one or four steps each, learning rate 10 falling to 0, advantages as they are or whitened. The optimum is
// known, so a run's figure is its mean total variation distance from it.
import { createRandom } from "luce";
import {
  type Arm,
  claimRecipe,
  drawCell,
  freeCells,
  learnFromCells,
  logSoftmaxRows,
  readCells,
  resolveObjective,
  rowDivergences,
  softmaxCells,
} from "luce/testbeds";

const PROMPTS = 20;
const RESPONSES = 10;
const KL_COEF = 0.5;
const ROLLOUTS = 300;
const ROLLOUT = 512;
const LEARNING_RATE = 10;

export const recipe = claimRecipe({
  id: "ppo",
  title: "PPO: the optimum of reward less divergence",
  claim:
    "KL-penalised PPO, the reference point of preference optimisation, maximises reward less klCoef times the divergence: its optimum is reference * exp(reward / klCoef).",
  arms: [
    arm("start", { rollouts: 0 }),
    arm("PPO, 1 step a rollout", {}),
    arm("PPO, 4 steps a rollout", { inner: 4 }),
    arm("PPO, 4 steps, whitened", { inner: 4, whiten: true }),
    arm("optimum", { rollouts: 0, atOptimum: true }),
  ],
  measures: {
    distance: { label: "Distance from the optimum", format: "decimal", digits: 4 },
    reward: { label: "Expected reward", format: "decimal", digits: 3 },
    kl: { label: "KL", format: "decimal", digits: 3 },
  },
  curves: { title: "On the way to the optimum", x: "rollouts", y: "total variation distance" },
  expectations: [
    {
      says: "PPO with 4 steps a rollout ends within 0.02 of the optimum",
      arm: "optimum",
      than: "PPO, 4 steps a rollout",
      measure: "distance",
      byAtLeast: -0.02,
    },
    {
      says: "with 1 step within 0.05",
      arm: "optimum",
      than: "PPO, 1 step a rollout",
      measure: "distance",
      byAtLeast: -0.05,
    },
  ],
  notes: [
    "At the optimum all advantages of a prompt are equal and, with the right value, 0: whitening, which only rescales them, leaves it a fixed point.",
  ],
});

type Trial = { rollouts?: number; inner?: number; whiten?: boolean; atOptimum?: boolean };

function arm(name: string, { rollouts = ROLLOUTS, inner = 1, whiten = false, atOptimum = false }: Trial): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const draw = () => Float64Array.from({ length: PROMPTS * RESPONSES }, () => random.normal());
      const [rewards, start] = [draw(), logSoftmaxRows(draw(), RESPONSES)];
      const optimum = logSoftmaxRows(
        start.map((logp, cell) => logp + rewards[cell] / KL_COEF),
        RESPONSES,
      );
      const policy = softmaxCells(RESPONSES, freeCells(atOptimum ? optimum : start));
      const values = freeCells(new Float64Array(PROMPTS));
      const objective = await resolveObjective("ppo");
      const params = { klCoef: KL_COEF, whitenAdvantages: whiten };
      const shape = [ROLLOUT, 1];
      const curve = [{ x: 0, y: distance(policy.says(), optimum) }];
      for (let n = 0; n < rollouts; n++) {
        const prompts = Array.from({ length: ROLLOUT }, (_, k) => k % PROMPTS);
        const old = policy.says();
        const responses = { cells: prompts.map((prompt) => drawCell(old, prompt, RESPONSES, random)), shape };
        const given = {
          oldLogps: readCells(old, responses),
          referenceLogps: readCells(start, responses),
          oldValues: readCells(values.says(), { cells: prompts, shape }),
          scores: { data: Float64Array.from(responses.cells, (cell) => rewards[cell]), shape: [ROLLOUT] },
        };
        const learnt = { logps: { ...responses, by: policy }, values: { cells: prompts, shape, by: values } };
        const learningRate = LEARNING_RATE * (1 - n / rollouts);
        for (let step = 0; step < inner; step++) {
          await learnFromCells({ objective, params, learnt, given, learningRate });
        }
        if ((n + 1) % (ROLLOUTS / 10) === 0) curve.push({ x: n + 1, y: distance(policy.says(), optimum) });
      }
      const logps = policy.says();
      return {
        measures: {
          distance: distance(logps, optimum),
          reward: logps.reduce((sum, logp, cell) => sum + Math.exp(logp) * rewards[cell], 0) / PROMPTS,
          kl: rowDivergences(logps, start, RESPONSES).reduce((sum, kl) => sum + kl, 0) / PROMPTS,
        },
        curve,
      };
    },
  };
}

/** Mean total variation distance of two policies. */
function distance(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, logp, cell) => sum + Math.abs(Math.exp(logp) - Math.exp(b[cell])), 0) / 2 / PROMPTS;
}
