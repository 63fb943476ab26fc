// C-RLFT (OpenChat, arXiv 2309.11235): fine-tuning on data of mixed quality by its source alone.
//
// 40 prompts x 8 responses have 6 features; an expert answers by softmax(0.9 q.f + 0.7 s.f), a weak model by
// softmax(-0.3 q.f + 0.7 s.f), where q is hidden quality and s what both have in common. A linear softmax policy learns
// from 15 to 120 samples of the expert and 12 times as many of the weak model; with a tag for the source it has an
// offset to its weights (with an L2 of 0.02), and samples of the weak model weigh 0.1. It is asked for with the expert's tag, on 200 new
// prompts.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  type CellModel,
  claimRecipe,
  drawCell,
  drawDirection,
  learnRepeatedly,
  linearCells,
  linearScores,
  logSoftmaxRows,
  resolveObjective,
  rowDivergences,
  softmaxCells,
} from "luce/testbeds";

const FEATURES = 6;
const RESPONSES = 8;
const PROMPTS = 40;
const NEW_PROMPTS = 200;
const EXPERT_SAMPLES = [15, 40, 120];
const WEAK_PER_EXPERT = 12;
const WEAK_WEIGHT = 0.1;
const RIDGE = 0.02;
const STEPS = 400;
const LEARNING_RATE = 0.5;
/** Of q and s: about that of a vector of N(0, 1). */
const QUALITY_LENGTH = Math.sqrt(FEATURES);

/** Weight of the weak model's samples, and whether prompts carry the source's tag. */
const methods = {
  "SFT on everything": { weakWeight: 1, tagged: false },
  "SFT on the expert's": { weakWeight: 0, tagged: false },
  "weights alone": { weakWeight: WEAK_WEIGHT, tagged: false },
  "tags alone": { weakWeight: 1, tagged: true },
  "C-RLFT": { weakWeight: WEAK_WEIGHT, tagged: true },
} as const;
type MethodName = keyof typeof methods;

export const recipe = claimRecipe({
  id: "c-rlft",
  title: "C-RLFT: what the weak source is good for",
  claim:
    "Weighted, source-tagged fine-tuning on mixed data, without preference labels, gave the best average of the open 13B models on AlpacaEval, MT-Bench and Vicuna-Bench.",
  arms: EXPERT_SAMPLES.flatMap((samples) =>
    (Object.keys(methods) as MethodName[]).map((method) => arm(samples, method)),
  ),
  measures: {
    divergence: { label: "KL from the expert", format: "decimal", digits: 3 },
    quality: { label: "Mean quality", format: "decimal", digits: 2 },
  },
  expectations: (Object.keys(methods) as MethodName[])
    .filter((method) => method !== "C-RLFT")
    .map((method) => ({
      says: `With ${EXPERT_SAMPLES[0]} samples of the expert, C-RLFT is closer to the expert than ${method}`,
      arm: nameOf(EXPERT_SAMPLES[0], method),
      than: nameOf(EXPERT_SAMPLES[0], "C-RLFT"),
      measure: "divergence",
      byAtLeast: 0,
    })),
  notes: [
    "The weak samples can help only through what both sources share; see how that fades with more of the expert's.",
  ],
});

function nameOf(samples: number, method: MethodName): string {
  return `${samples} of the expert: ${method}`;
}

function arm(samples: number, method: MethodName): Arm {
  const { weakWeight, tagged } = methods[method];
  return {
    name: nameOf(samples, method),
    async run(seed) {
      const random = createRandom(seed);
      const quality = drawDirection(FEATURES, random).map((value) => QUALITY_LENGTH * value);
      const shared = drawDirection(FEATURES, random).map((value) => QUALITY_LENGTH * value);
      const expert = quality.map((value, d) => 0.9 * value + 0.7 * shared[d]);
      const weak = quality.map((value, d) => -0.3 * value + 0.7 * shared[d]);
      const fresh = drawFeatures(NEW_PROMPTS, random);
      const features = drawFeatures(PROMPTS, random);
      const bySource = [
        sample(features, expert, samples, random),
        sample(features, weak, WEAK_PER_EXPERT * samples, random),
      ];
      const logits = ridgeOnOffset(linearCells(withTags(features, tagged), 2 * FEATURES));
      const picked = bySource.flatMap((rows, source) => rows.map((row) => source * PROMPTS * RESPONSES + row));
      const shape = [picked.length];
      await learnRepeatedly(STEPS, {
        objective: await resolveObjective("c-rlft"),
        learnt: { policyLogps: { by: softmaxCells(RESPONSES, logits), cells: picked, shape } },
        given: {
          lengths: { data: new Float64Array(picked.length).fill(1), shape },
          classes: { data: Float64Array.from(picked, (_, n) => Number(n >= samples)), shape },
          classWeights: { data: Float64Array.of(1, weakWeight), shape: [2] },
        },
        learningRate: LEARNING_RATE,
      });
      const learnt = logits.parameters.subarray(0, FEATURES).map((value, d) => value + logits.parameters[FEATURES + d]);
      const [wanted, got] = [expert, learnt].map((theta) => logSoftmaxRows(linearScores(fresh, theta), RESPONSES));
      const worth = linearScores(fresh, quality);
      return {
        measures: {
          divergence: rowDivergences(wanted, got, RESPONSES).reduce((sum, kl) => sum + kl, 0) / NEW_PROMPTS,
          quality: got.reduce((sum, logp, row) => sum + Math.exp(logp) * worth[row], 0) / NEW_PROMPTS,
        },
      };
    },
  };
}

function drawFeatures(prompts: number, random: Random): Float64Array {
  return Float64Array.from({ length: prompts * RESPONSES * FEATURES }, () => random.normal());
}

/**
 * Every response asked for by the expert's tag, then by the weak one's: shared features, and with tags the same again
 * where the tag is the expert's.
 */
function withTags(features: Float64Array, tagged: boolean): Float64Array {
  const rows = features.length / FEATURES;
  return Float64Array.from({ length: 2 * rows * 2 * FEATURES }, (_, n) => {
    const [row, column] = [Math.floor(n / (2 * FEATURES)), n % (2 * FEATURES)];
    const isOffset = column >= FEATURES;
    return isOffset && !(tagged && row < rows) ? 0 : features[(row % rows) * FEATURES + (column % FEATURES)];
  });
}

/** Only what the tag adds is pulled to zero. */
function ridgeOnOffset(model: CellModel): CellModel {
  const { parameters, backward } = model;
  return {
    ...model,
    backward: (onSaid) => backward(onSaid).map((slope, d) => slope + (d < FEATURES ? 0 : RIDGE * parameters[d])),
  };
}

/** Rows of `count` responses to random prompts, drawn from softmax(theta . f). */
function sample(features: Float64Array, theta: Float64Array, count: number, random: Random): number[] {
  const logps = logSoftmaxRows(linearScores(features, theta), RESPONSES);
  return Array.from({ length: count }, () => drawCell(logps, random.integer(PROMPTS), RESPONSES, random));
}
