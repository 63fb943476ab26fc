// Rationale-enriched preference optimisation (arXiv 2407.14477): a reason with every vote.
//
// Four of 20 attributes matter, with weights drawn from 1 to 2; votes are Bradley-Terry choices. A rationale names one
// attribute, drawn in proportion to exp(2 x what it contributed to the choice). The model that judges also explains, with
// the same weights: p(attribute) is the softmax of theta_k x_k. Test accuracy after 25 to 200 votes, without rationales,
// with them, and with rationales that name an attribute at random.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  type CellModel,
  claimRecipe,
  drawCell,
  drawLinearPairs,
  everyCell,
  type LinearPairs,
  learnRepeatedly,
  linearAccuracy,
  logSoftmaxRows,
  resolveObjective,
  softmaxCells,
  voteOnPairs,
} from "luce/testbeds";

const ATTRIBUTES = 20;
const THAT_MATTER = 4;
const SHARPNESS = 2;
const VOTES = [25, 50, 100, 200];
const RIDGE = 0.01;
const STEPS = 400;
const LEARNING_RATE = 0.5;

type Rationales = "none" | "true" | "random";

export const recipe = claimRecipe({
  id: "rationale-po",
  title: "Rationales: a reason is worth a vote",
  claim:
    "With a rationale for each pair, DPO and ORPO reach the same win rate with a fraction of the pairs, and converge faster.",
  arms: VOTES.flatMap((votes) => (["none", "true", "random"] as const).map((rationales) => arm(votes, rationales))),
  measures: { accuracy: { label: "Accuracy on fresh pairs", format: "percent", digits: 1 } },
  expectations: [
    ...VOTES.map((votes) => ({
      says: `${votes} votes teach more with their rationales than without`,
      arm: nameOf(votes, "true"),
      than: nameOf(votes, "none"),
      measure: "accuracy",
      byAtLeast: 0,
    })),
    ...VOTES.slice(0, -1).map((votes) => ({
      says: `With rationales ${votes} votes teach at least what ${2 * votes} do without, within 2%`,
      arm: nameOf(votes, "true"),
      than: nameOf(2 * votes, "none"),
      measure: "accuracy",
      byAtLeast: -0.02,
    })),
  ],
});

function nameOf(votes: number, rationales: Rationales): string {
  return `${votes} votes, ${{ none: "no rationales", true: "rationales", random: "random rationales" }[rationales]}`;
}

function arm(votes: number, rationales: Rationales): Arm {
  return {
    name: nameOf(votes, rationales),
    async run(seed) {
      const random = createRandom(seed);
      const weights = Float64Array.from({ length: ATTRIBUTES }, (_, k) => (k < THAT_MATTER ? 1 + random.uniform() : 0));
      const fresh = drawLinearPairs(2000, weights, random);
      const pairs = voteOnPairs(drawLinearPairs(votes, weights, random), random);
      const named =
        rationales === "random"
          ? Array.from({ length: votes }, () => random.integer(ATTRIBUTES))
          : nameAttributes(pairs, weights, random);
      const contributions = contributionsIn(pairs);
      const shape = [votes];
      const zeros = { data: new Float64Array(votes), shape };
      await learnRepeatedly(STEPS, {
        objective: await resolveObjective("rationale-po"),
        params: { beta: 1, gamma: rationales === "none" ? 0 : 1 },
        learnt: {
          policyChosenLogps: { by: contributions, cells: everyCell(votes * ATTRIBUTES), shape },
          policyRationaleLogps: {
            by: softmaxCells(ATTRIBUTES, contributions),
            cells: named.map((attribute, pair) => pair * ATTRIBUTES + attribute),
            shape,
          },
        },
        given: { policyRejectedLogps: zeros, referenceChosenLogps: zeros, referenceRejectedLogps: zeros },
        learningRate: LEARNING_RATE,
        ridge: RIDGE,
      });
      return { measures: { accuracy: linearAccuracy(fresh, contributions.parameters) } };
    },
  };
}

/** What each attribute contributes to each pair's log-odds. */
function contributionsIn({ features }: LinearPairs): CellModel {
  const parameters = new Float64Array(ATTRIBUTES);
  return {
    parameters,
    says: () => features.map((value, n) => value * parameters[n % ATTRIBUTES]),
    backward(onSaid) {
      const gradient = new Float64Array(ATTRIBUTES);
      for (const [n, slope] of onSaid.entries()) gradient[n % ATTRIBUTES] += slope * features[n];
      return gradient;
    },
  };
}

/** The attribute that the rationale of each pair names, drawn by what it contributed to the choice. */
function nameAttributes({ features }: LinearPairs, weights: Float64Array, random: Random): number[] {
  const appeal = features.map((value, n) => SHARPNESS * value * weights[n % ATTRIBUTES]);
  const logps = logSoftmaxRows(appeal, ATTRIBUTES);
  return Array.from(
    { length: features.length / ATTRIBUTES },
    (_, pair) => drawCell(logps, pair, ATTRIBUTES, random) % ATTRIBUTES,
  );
}
