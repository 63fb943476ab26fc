// DPO (arXiv 2305.18290), section 6: without reinforcement learning, as much reward for the same divergence as PPO.
//
// A tiny transformer that has learnt to imitate answers short instructions. DPO learns from one ranking a prompt by a
// panel of imperfect annotators; PPO learns from the same panel's scores of its own samples. Both are compared where
// they are 0.5 nats from the start; the label noise of the third arm turns every fifth verdict upside down.
import { claimRecipe, instructionArm, instructionCurves, instructionMeasures, startArm } from "luce/testbeds";

export const recipe = claimRecipe({
  id: "dpo",
  title: "DPO: reward and divergence without reinforcement learning",
  claim:
    "DPO's frontier of reward against KL is at least that of PPO on controlled sentiment, and its win rates match or exceed PPO's on summaries and dialogue.",
  arms: [
    startArm,
    instructionArm("DPO", "dpo"),
    instructionArm("PPO", "ppo"),
    instructionArm("DPO, 20% of labels flipped", "dpo", { flips: 0.2 }),
  ],
  measures: instructionMeasures,
  curves: instructionCurves,
  expectations: [
    { says: "DPO earns more than the start", arm: "DPO", than: "start", measure: "rewardAtKl", byAtLeast: 0 },
    {
      says: "DPO earns at least what PPO does, within 0.1, at the same divergence",
      arm: "DPO",
      than: "PPO",
      measure: "rewardAtKl",
      byAtLeast: -0.1,
    },
  ],
  notes: ["PPO is paid by the panel's noisy scores directly: no reward model stands between."],
});
