// Bradley-Terry reward models (arXiv 2203.02155, 2301.11270): votes to a score, pairs to rankings, labels turned upside down.
//
// A linear utility of norm 3 in 16 dimensions decides votes by Bradley-Terry. A linear reward model is fitted to 2000 of
// them, as they are or with a quarter flipped, with and without label smoothing; and to 200 rankings of five against 800
// pairs. Full-batch gradient descent, 400 steps of rate 1. Fresh votes are without flips.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  claimRecipe,
  cosine,
  drawLinearPairs,
  everyCell,
  type LinearPairs,
  learnRepeatedly,
  linearCells,
  linearScores,
  type Measures,
  resolveObjective,
  voteOnPairs,
} from "luce/testbeds";

const DIMENSIONS = 16;
const NORM = 3;
const FRESH = 5000;
const FLIPS = 0.25;
const RANKINGS = 200;
const K = 5;
const TRAINING = { steps: 400, learningRate: 1 };
const BINS = 10;

export const recipe = claimRecipe({
  id: "bradley-terry-reward",
  title: "Bradley-Terry rewards: pairs, rankings, flipped labels",
  claim:
    "A reward model fitted on votes agrees with held-out votes about as often as people do with each other (65 to 75%), and learns from a ranking what its pairs hold.",
  arms: [
    { name: "the true utility", run: async (seed) => ({ measures: drawWorld(seed).measure(null) }) },
    pairArm("2000 pairs", 2000, 0),
    pairArm("a quarter flipped", 2000, FLIPS),
    pairArm("a quarter flipped, labels smoothed", 2000, FLIPS, { labelSmoothing: FLIPS }),
    pairArm("800 pairs", (K - 1) * RANKINGS, 0),
    rankingArm("200 rankings of 5, Plackett-Luce", "plackett-luce"),
    rankingArm("200 rankings of 5, all pairs", "all-pairs"),
  ],
  measures: {
    accuracy: { label: "Fresh votes rightly called", format: "percent", digits: 1 },
    cosine: { label: "Cosine with the true weights", format: "decimal", digits: 4 },
    calibrationError: { label: "Calibration error", format: "decimal", digits: 3 },
  },
  expectations: [
    {
      says: "Fitted to 2000 pairs, it calls fresh votes within 1 point of the true utility",
      arm: "2000 pairs",
      than: "the true utility",
      measure: "accuracy",
      byAtLeast: -0.01,
    },
    {
      says: "200 rankings of 5 give a cosine within 0.01 of that of 800 pairs",
      arm: "200 rankings of 5, Plackett-Luce",
      than: "800 pairs",
      measure: "cosine",
      byAtLeast: -0.01,
    },
  ],
  notes: [
    "Flipped labels shrink rewards, which costs calibration rather than order; smoothing labels shrinks them further and does not undo flips.",
  ],
});

function drawWorld(seed: number) {
  const random = createRandom(seed);
  const drawn = Float64Array.from({ length: DIMENSIONS }, () => random.normal());
  const weights = drawn.map((value) => (NORM * value) / Math.hypot(...drawn));
  const fresh = voteOnPairs(drawLinearPairs(FRESH, weights, random), random);
  /** Of fitted weights; null: of the true ones. */
  const measure = (theta: Float64Array | null): Measures => {
    const leads = linearScores(fresh.features, theta ?? weights);
    const accuracy = leads.filter((lead) => lead > 0).length / FRESH;
    return { accuracy, cosine: theta && cosine(theta, weights), calibrationError: calibrationError(leads) };
  };
  return { random, weights, measure };
}

function pairArm(name: string, count: number, flips: number, params: Record<string, unknown> = {}): Arm {
  return {
    name,
    async run(seed) {
      const { random, weights, measure } = drawWorld(seed);
      const votes = flipSome(voteOnPairs(drawLinearPairs(count, weights, random), random), flips, random);
      const model = linearCells(votes.features, DIMENSIONS);
      await learnRepeatedly(TRAINING.steps, {
        ...TRAINING,
        objective: await resolveObjective("bradley-terry-reward"),
        params,
        // What a linear model says of a pair's difference is its difference of rewards.
        learnt: { chosenRewards: { cells: everyCell(count), shape: [count], by: model } },
        given: { rejectedRewards: { data: new Float64Array(count), shape: [count] } },
      });
      return { measures: measure(model.parameters) };
    },
  };
}

function rankingArm(name: string, objective: "plackett-luce" | "all-pairs"): Arm {
  return {
    name,
    async run(seed) {
      const { random, weights, measure } = drawWorld(seed);
      const shape = [RANKINGS, K];
      // Features of variance a half, so that differences have variance 1 as those of the pairs do.
      const features = Float64Array.from({ length: RANKINGS * K * DIMENSIONS }, () => random.normal() / Math.SQRT2);
      const seen = linearScores(features, weights).map(
        (utility) => utility - Math.log(-Math.log(1 - random.uniform())),
      );
      const ranks = seen.map((own, n) => {
        const list = seen.subarray(n - (n % K), n - (n % K) + K);
        return 1 + list.filter((other) => other > own).length;
      });
      const model = linearCells(features, DIMENSIONS);
      await learnRepeatedly(TRAINING.steps, {
        ...TRAINING,
        objective: await resolveObjective("bradley-terry-reward"),
        params: { objective },
        learnt: { rewards: { cells: everyCell(RANKINGS * K), shape, by: model } },
        given: { ranks: { data: ranks, shape } },
      });
      return { measures: measure(model.parameters) };
    },
  };
}

function flipSome(votes: LinearPairs, share: number, random: Random): LinearPairs {
  const signs = Array.from(votes.logits, () => (random.uniform() < share ? -1 : 1));
  return { ...votes, features: votes.features.map((value, n) => value * signs[Math.floor(n / DIMENSIONS)]) };
}

/** Mean gap of 10 bins between the predicted and the observed chance, over both readings of every vote. */
function calibrationError(leads: Float64Array): number {
  const bins = Array.from({ length: BINS }, () => ({ predicted: 0, observed: 0 }));
  for (const lead of leads) {
    for (const [outcome, logit] of [
      [1, lead],
      [0, -lead],
    ]) {
      const chance = 1 / (1 + Math.exp(-logit));
      const bin = bins[Math.min(BINS - 1, Math.floor(chance * BINS))];
      bin.predicted += chance;
      bin.observed += outcome;
    }
  }
  const gaps = bins.reduce((sum, { predicted, observed }) => sum + Math.abs(predicted - observed), 0);
  return gaps / (2 * leads.length);
}
