// OSP (arXiv 2405.14103): a judge's strength of preference instead of its bare verdict.
//
// A Bradley-Terry world: the log-odds of a pair are 1.5 times a unit direction in 30 features. A judge sees them
// with N(0, 1) of noise. A linear policy learns from 150 pairs, once by DPO on the judge's verdicts, once by OSP on
// its probabilities. The log-loss is what the policy's own probabilities cost, in expectation over true votes.
import { createRandom } from "luce";
import {
  type Arm,
  chosenFirst,
  claimRecipe,
  differenceEvidence,
  drawDirection,
  drawLinearPairs,
  everyCell,
  type LinearPairs,
  learnRepeatedly,
  linearAccuracy,
  linearCells,
  linearScores,
  resolveObjective,
} from "luce/testbeds";

const FEATURES = 30;
const SLOPE = 1.5;
const PAIRS = 150;
const STEPS = 600;
const LEARNING_RATE = 0.5;

export const recipe = claimRecipe({
  id: "osp",
  title: "OSP: strengths of preference against bare verdicts",
  claim:
    "Trained on how strongly it prefers rather than on what it prefers, a self-judging model overfits less and is aligned best among offline methods on HH and TL;DR.",
  arms: [arm("verdicts (DPO)", false), arm("strengths (OSP)", true)],
  measures: {
    accuracy: { label: "Accuracy", format: "percent", digits: 1 },
    logLoss: { label: "Log-loss", format: "decimal", digits: 3 },
    floor: { label: "Log-loss of the truth", format: "decimal", digits: 3 },
    norm: { label: "Norm of theta (truth 1.5)", format: "decimal", digits: 2 },
  },
  expectations: [
    {
      says: "Strengths give a higher accuracy on fresh pairs",
      arm: "strengths (OSP)",
      than: "verdicts (DPO)",
      measure: "accuracy",
      byAtLeast: 0,
    },
    {
      says: "Verdicts cost more log-loss than strengths",
      arm: "verdicts (DPO)",
      than: "strengths (OSP)",
      measure: "logLoss",
      byAtLeast: 0,
    },
  ],
  notes: ["What is tested is the loss, with a judge from outside: the model neither answers nor judges online here."],
});

function arm(name: string, soft: boolean): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const weights = drawDirection(FEATURES, random).map((value) => SLOPE * value);
      const drawn = drawLinearPairs(PAIRS, weights, random);
      const judged = drawn.logits.map((logit) => logit + random.normal());
      const pairs = chosenFirst(drawn, (pair) => judged[pair] > 0);
      const strengths = judged.map((logit) => 1 / (1 + Math.exp(-Math.abs(logit))));
      const model = linearCells(pairs.features, FEATURES);
      const evidence = differenceEvidence(model, everyCell(PAIRS));
      await learnRepeatedly(STEPS, {
        objective: await resolveObjective(soft ? "osp" : "dpo"),
        params: { beta: 1 },
        ...evidence,
        given: soft ? { ...evidence.given, strengths: { data: strengths, shape: [PAIRS] } } : evidence.given,
        learningRate: LEARNING_RATE,
      });
      const fresh = drawLinearPairs(2000, weights, random);
      return {
        measures: {
          accuracy: linearAccuracy(fresh, model.parameters),
          logLoss: expectedLogLoss(fresh, linearScores(fresh.features, model.parameters)),
          floor: expectedLogLoss(fresh, fresh.logits),
          norm: Math.hypot(...model.parameters),
        },
      };
    },
  };
}

/** Nats a true vote. */
function expectedLogLoss({ logits }: LinearPairs, predicted: Float64Array): number {
  const loss = (probability: number, logit: number) =>
    Math.log1p(Math.exp(-Math.abs(logit))) + Math.max(0, -logit) + (1 - probability) * logit;
  return (
    logits.reduce((sum, logit, pair) => sum + loss(1 / (1 + Math.exp(-logit)), predicted[pair]), 0) / logits.length
  );
}
