// LCPO, later RE-PO (arXiv 2509.24159): labels that may be flipped, and annotators who flip them.
//
// Twenty annotators label 60 pairs each in a world where the log-odds of a pair are 3 times a unit direction in 10
// features. In the first world 14 of them are right 95% of the time and 6 only 25%; in the second all are right 70% of
// the time. A linear policy learns 40 epochs in batches of 50 by DPO, by DPO with smoothed labels, by LCPO with one
// reliability for all and by LCPO with one for each annotator.
import { createRandom, shuffle } from "luce";
import {
  type Arm,
  chosenFirst,
  claimRecipe,
  differenceEvidence,
  drawDirection,
  drawLinearPairs,
  learnFromCells,
  linearAccuracy,
  linearCells,
  resolveObjective,
} from "luce/testbeds";

const FEATURES = 10;
const SLOPE = 3;
const ANNOTATORS = 20;
const LABELS = 60;
const EPOCHS = 40;
const BATCH = 50;
const LEARNING_RATE = 0.5;
const RIDGE = 0.001;
const INITIAL_RELIABILITY = 0.9;

type World = { readonly name: string; readonly truth: readonly number[] };
const mixed: World = {
  name: "6 of 20 spammers",
  truth: Array.from({ length: ANNOTATORS }, (_, k) => (k < 14 ? 0.95 : 0.25)),
};
const uniform: World = { name: "all right 70%", truth: Array<number>(ANNOTATORS).fill(0.7) };

/** How many reliabilities LCPO learns, or the objective that learns none. */
type Learner =
  | { readonly name: string; readonly reliabilities: number }
  | { readonly name: string; readonly smoothing: number };
const learners: readonly Learner[] = [
  { name: "DPO", smoothing: 0 },
  { name: "DPO, labels smoothed by 0.1", smoothing: 0.1 },
  { name: "LCPO, one reliability", reliabilities: 1 },
  { name: "LCPO, one an annotator", reliabilities: ANNOTATORS },
];

export const recipe = claimRecipe({
  id: "lcpo",
  title: "LCPO: policies that do not learn flipped labels",
  claim:
    "Inferring which labels are flipped and how reliable each annotator is adds up to 7.0 points on AlpacaEval 2 to DPO, IPO, SimPO and CPO.",
  arms: [mixed, uniform].flatMap((world) => learners.map((learner) => arm(world, learner))),
  measures: {
    accuracy: { label: "Accuracy", format: "percent", digits: 1 },
    error: { label: "Mean error of the reliabilities", format: "decimal", digits: 3 },
    lowest: { label: "Mean reliability, annotators 15-20", format: "decimal", digits: 3 },
  },
  expectations: ["DPO", "DPO, labels smoothed by 0.1"].map((than) => ({
    says: `With spammers, LCPO with a reliability an annotator is more accurate than ${than}`,
    arm: `${mixed.name}: LCPO, one an annotator`,
    than: `${mixed.name}: ${than}`,
    measure: "accuracy",
    byAtLeast: 0,
  })),
  notes: [
    "Where all annotators err alike there is nothing to tell apart, and 60 labels each are few: compare one reliability for all with one an annotator.",
  ],
});

function arm({ name, truth }: World, learner: Learner): Arm {
  return {
    name: `${name}: ${learner.name}`,
    async run(seed) {
      const random = createRandom(seed);
      const weights = drawDirection(FEATURES, random).map((value) => SLOPE * value);
      const drawn = drawLinearPairs(ANNOTATORS * LABELS, weights, random);
      const pairs = chosenFirst(drawn, (pair) => {
        const clean = random.uniform() < 1 / (1 + Math.exp(-drawn.logits[pair]));
        return random.uniform() < truth[Math.floor(pair / LABELS)] ? clean : !clean;
      });
      const fresh = drawLinearPairs(2000, weights, random);
      const model = linearCells(pairs.features, FEATURES);
      const isLatent = "reliabilities" in learner;
      let reliabilities = Array<number>(isLatent ? learner.reliabilities : 0).fill(INITIAL_RELIABILITY);
      const lesson = {
        objective: await resolveObjective(isLatent ? "lcpo" : "dpo"),
        params: isLatent ? { beta: 1 } : { beta: 1, labelSmoothing: learner.smoothing },
        learningRate: LEARNING_RATE,
        ridge: RIDGE,
        outputs: isLatent,
      };
      const order = drawn.logits.map((_, pair) => pair);
      for (let epoch = 0; epoch < EPOCHS; epoch++) {
        shuffle(order, random);
        for (let first = 0; first < order.length; first += BATCH) {
          const batch = order.slice(first, first + BATCH);
          const evidence = differenceEvidence(model, batch);
          const annotators = batch.map((pair) => (reliabilities.length === 1 ? 0 : Math.floor(pair / LABELS)));
          const labels = isLatent && {
            annotators: { data: annotators, shape: [batch.length] },
            reliabilities: { data: Float64Array.from(reliabilities), shape: [reliabilities.length] },
          };
          const { outputs } = await learnFromCells({
            ...lesson,
            ...evidence,
            given: { ...evidence.given, ...(labels || {}) },
          });
          if (isLatent) reliabilities = outputs.reliabilities as number[];
        }
      }
      const estimates = isLatent ? truth.map((_, k) => reliabilities[reliabilities.length === 1 ? 0 : k]) : null;
      return {
        measures: {
          accuracy: linearAccuracy(fresh, model.parameters),
          error: estimates && mean(estimates.map((estimate, k) => Math.abs(estimate - truth[k]))),
          lowest: estimates && mean(estimates.slice(14)),
        },
      };
    },
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
