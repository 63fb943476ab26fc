// R-DPO (arXiv 2403.19159): a price on length, where annotators prefer longer answers whatever they say.
//
// Pairs differ in 10 features of quality and in length (N(0, 1) in units of ten tokens). Votes follow Bradley-Terry on
// the quality plus 1.5 times the length: annotators are fond of length. A linear policy that sees both learns from 400
// pairs, by DPO and by R-DPO with the price at which length explains that fondness. Fresh pairs are judged on quality.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  chosenFirst,
  claimRecipe,
  differenceEvidence,
  drawDirection,
  drawLinearPairs,
  everyCell,
  learnRepeatedly,
  linearAccuracy,
  linearCells,
  resolveObjective,
} from "luce/testbeds";

const QUALITIES = 10;
const FEATURES = QUALITIES + 1;
const FONDNESS = 1.5;
const TOKENS_PER_UNIT = 10;
const MIDDLE_LENGTH = 100;
const PAIRS = 400;
const STEPS = 400;
const LEARNING_RATE = 0.5;

export const recipe = claimRecipe({
  id: "r-dpo",
  title: "R-DPO: quality apart from length",
  claim:
    "A price on length in the DPO loss keeps answers from growing verbose, and wins up to 20% more judged comparisons once length is controlled for.",
  arms: [arm("DPO", 0), arm("R-DPO", FONDNESS / TOKENS_PER_UNIT)],
  measures: {
    accuracy: { label: "Accuracy on quality", format: "percent", digits: 1 },
    lengthWeight: { label: "Nats for ten tokens more", format: "decimal", digits: 2 },
  },
  expectations: [
    {
      says: "A price on length orders fresh pairs better by quality",
      arm: "R-DPO",
      than: "DPO",
      measure: "accuracy",
      byAtLeast: 0,
    },
    {
      says: "DPO pays more for length",
      arm: "DPO",
      than: "R-DPO",
      measure: "lengthWeight",
      byAtLeast: 0,
    },
  ],
  notes: ["The price is set to the annotators' true fondness, which in practice is tuned on held-out pairs."],
});

function arm(name: string, alpha: number): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const quality = [...drawDirection(QUALITIES, random).map((value) => 1.5 * value), 0];
      const truth = Float64Array.from(quality);
      const drawn = drawLinearPairs(PAIRS, truth, random);
      const longer = Array.from({ length: PAIRS }, (_, pair) => drawn.features[pair * FEATURES + QUALITIES]);
      const pairs = chosenFirst(drawn, (pair) => votes(drawn.logits[pair] + FONDNESS * longer[pair], random));
      const model = linearCells(pairs.features, FEATURES);
      const evidence = differenceEvidence(model, everyCell(PAIRS));
      await learnRepeatedly(STEPS, {
        objective: await resolveObjective("r-dpo"),
        params: { beta: 1, alpha },
        ...evidence,
        given: { ...evidence.given, ...lengthsOf(pairs.features) },
        learningRate: LEARNING_RATE,
      });
      const fresh = drawLinearPairs(2000, truth, random);
      return {
        measures: {
          accuracy: linearAccuracy(fresh, model.parameters),
          lengthWeight: model.parameters[QUALITIES],
        },
      };
    },
  };
}

function votes(logit: number, random: Random): boolean {
  return random.uniform() < 1 / (1 + Math.exp(-logit));
}

/** Token counts about a middle one that differ as the feature says. */
function lengthsOf(features: Float64Array) {
  const counts = (sign: number) => ({
    data: Float64Array.from(
      { length: PAIRS },
      (_, pair) => MIDDLE_LENGTH + (sign * TOKENS_PER_UNIT * features[pair * FEATURES + QUALITIES]) / 2,
    ),
    shape: [PAIRS],
  });
  return { chosenLengths: counts(1), rejectedLengths: counts(-1) };
}
