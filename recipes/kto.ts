// KTO (arXiv 2402.01306), section 4: thumbs up or down on single responses, against pairs.
//
// A softmax over 8 responses a prompt, linear in 10 features, learns in 120 steps from 120 prompts. DPO sees one noisy pair
// of each (Bradley-Terry, slope 2); KTO sees the same responses, each only as desirable or not, without knowing with which
// it was compared; the last two arms turn a fifth of the verdicts upside down.
import { claimRecipe, poolArm, poolCurves, poolMeasures } from "luce/testbeds";

const world = { learningRate: 5, kl: 0.5 };
const FLIPS = 0.2;

export const recipe = claimRecipe({
  id: "kto",
  title: "KTO: thumbs instead of pairs",
  claim:
    "KTO matches or exceeds preference-based methods from 1B to 30B parameters although it learns only whether an output is desirable.",
  arms: [
    poolArm("DPO", "dpo", world),
    poolArm("KTO", "kto", world),
    poolArm("DPO, 20% of labels flipped", "dpo", { ...world, flips: FLIPS }),
    poolArm("KTO, 20% of labels flipped", "kto", { ...world, flips: FLIPS }),
  ],
  measures: {
    rewardAtKl: { ...poolMeasures.rewardAtKl, label: `Reward at KL ${world.kl}` },
    kl: poolMeasures.kl,
    winRate: poolMeasures.winRate,
    rankingAccuracy: poolMeasures.rankingAccuracy,
  },
  curves: poolCurves,
  expectations: ["", ", 20% of labels flipped"].map((labels) => ({
    says: `KTO${labels} earns at least what DPO does at the same divergence, within 0.05`,
    arm: `KTO${labels}`,
    than: `DPO${labels}`,
    measure: "rewardAtKl",
    byAtLeast: -0.05,
  })),
});
