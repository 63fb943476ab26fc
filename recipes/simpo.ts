// SimPO (arXiv 2405.14734) among the direct-alignment objectives: DPO, IPO, SLiC-HF, its hinge, CPO, ORPO and KTO.
//
// A softmax over 8 responses a prompt, linear in 10 features, learns from one noisy pair
// (Bradley-Terry, slope 2) of each of 120 prompts in 120 steps on all of them, and is tried on 150 others. Objectives
// differ in how far they go, so that rewards are compared where policies are equally far from the reference. Learning
// rates are 0.5 over the factor by which a loss multiplies log-probabilities (IPO: over its slope at the reference).
import { claimRecipe, likelihoodMeasures, poolArm, poolCurves, poolMeasures } from "luce/testbeds";

const world = { kl: 0.1 };

export const recipe = claimRecipe({
  id: "simpo",
  title: "SimPO and the other direct-alignment objectives",
  claim:
    "Without a reference model, SimPO beats DPO by up to 6.4 points on AlpacaEval 2 (length-controlled) and 7.5 on Arena-Hard.",
  arms: [
    poolArm("reference", "dpo", { ...world, learningRate: 5, steps: 0 }),
    poolArm("DPO", "dpo", { ...world, learningRate: 5 }),
    poolArm("hinge on implicit rewards", "slic", { ...world, learningRate: 5, params: { variant: "hinge" } }),
    poolArm("KTO", "kto", { ...world, learningRate: 5 }),
    poolArm("IPO", "ipo", { ...world, learningRate: 0.05 }),
    poolArm("SimPO", "simpo", { ...world, learningRate: 0.2 }),
    poolArm("SLiC-HF", "slic", { ...world, learningRate: 0.5 }),
    poolArm("ORPO", "orpo", { ...world, learningRate: 0.5 }),
    poolArm("CPO", "cpo", { ...world, learningRate: 0.5 }),
  ],
  measures: {
    winRate: poolMeasures.winRate,
    kl: poolMeasures.kl,
    ...likelihoodMeasures,
    reward: poolMeasures.reward,
    rewardAtKl: { ...poolMeasures.rewardAtKl, label: `Reward at KL ${world.kl}` },
  },
  curves: poolCurves,
  expectations: [
    {
      says: "SimPO earns more than DPO at the same divergence",
      arm: "SimPO",
      than: "DPO",
      measure: "rewardAtKl",
      byAtLeast: 0,
    },
    {
      says: "DPO earns more than the reference",
      arm: "DPO",
      than: "reference",
      measure: "reward",
      byAtLeast: 0,
    },
  ],
  notes: [
    "Losses of the margin alone buy reward with divergence and push even the chosen responses down; those with a likelihood term keep them up and move less: compare the columns of log-probabilities.",
  ],
});
