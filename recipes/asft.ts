// ASFT (arXiv 2409.10571): the absolute likelihood of each response instead of their difference.
//
// A softmax over 8 responses a prompt, linear in 10 features, learns from one noisy pair (Bradley-Terry, slope 2) of each
// of 80 prompts in 150 steps on all of them. What it learns from a pair can be read off the log-probabilities of the
// pairs it saw; what that is worth is the expected reward on new prompts, where two policies are equally far from
// the reference. Learning rates are 0.5 over the factor by which a loss multiplies log-probabilities.
import { claimRecipe, likelihoodMeasures, poolArm, poolCurves, poolMeasures } from "luce/testbeds";

const world = { prompts: 80, steps: 150, kl: 0.15 };

export const recipe = claimRecipe({
  id: "asft",
  title: "ASFT: chosen up, rejected down, each by itself",
  claim:
    "Raising the chosen response's absolute likelihood and lowering the rejected one's avoids DPO's pushing both down, and scores above SFT, DPO and ORPO on MT-Bench with Llama-3.",
  arms: [
    poolArm("reference", "asft", { ...world, learningRate: 0.5, steps: 0 }),
    poolArm("SFT on the chosen", "asft", { ...world, learningRate: 0.5, params: { lambda: 0 } }),
    poolArm("ASFT", "asft", { ...world, learningRate: 0.5 }),
    poolArm("ORPO", "orpo", { ...world, learningRate: 0.5 }),
    poolArm("DPO", "dpo", { ...world, learningRate: 5 }),
  ],
  measures: {
    ...likelihoodMeasures,
    reward: poolMeasures.reward,
    rewardAtKl: { ...poolMeasures.rewardAtKl, label: `Reward at KL ${world.kl}` },
    kl: poolMeasures.kl,
  },
  curves: poolCurves,
  expectations: [
    {
      says: "ASFT raises the chosen response's likelihood",
      arm: "ASFT",
      than: "reference",
      measure: "chosenChange",
      byAtLeast: 0,
    },
    {
      says: "ASFT lowers the rejected one's",
      arm: "reference",
      than: "ASFT",
      measure: "rejectedChange",
      byAtLeast: 0,
    },
    {
      says: "DPO lowers even the chosen one's",
      arm: "reference",
      than: "DPO",
      measure: "chosenChange",
      byAtLeast: 0,
    },
    ...["SFT on the chosen", "DPO", "ORPO"].map((than) => ({
      says: `ASFT earns more than ${than} at the same divergence`,
      arm: "ASFT",
      than,
      measure: "rewardAtKl",
      byAtLeast: 0,
    })),
  ],
  notes: ["Policies end at very different divergences, so that their last rewards are not comparable: read the curve."],
});
