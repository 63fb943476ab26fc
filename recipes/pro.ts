// PRO (arXiv 2306.17492), section 4: longer rankings make a better policy than the best answer alone.
//
// A softmax over 8 responses a prompt, linear in 12 features, learns from the first 2, 3 or 5 of them, scored by
// sigmoid(true reward + noise). The baseline imitates the best of 5; the ablation gives every contrast the same
// temperature. Every arm takes 150 steps of length 0.1, so that none is sharper for the scale of its loss alone.
import { type Arm, claimRecipe, scoredListArm, scoredListMeasures } from "luce/testbeds";

const world = { features: 12, candidates: 8, prompts: 60, heldOut: 150, noise: 0.7, steps: 150, stepLength: 0.1 };

export const recipe = claimRecipe({
  id: "pro",
  title: "PRO: longer rankings against the best answer alone",
  claim:
    "On HH-RLHF with LLaMA-7B, PRO beats supervised fine-tuning, PPO and RRHF on reward score, and lengthening the ranking from 2 to 5 keeps improving it.",
  arms: [
    // KnowPAT without its alignment term is the likelihood of the best response.
    arm("imitation of the best of 5", "knowpat", 5, { lambda: 0 }),
    arm("PRO, lists of 2", "pro", 2),
    arm("PRO, lists of 3", "pro", 3),
    arm("PRO, lists of 5", "pro", 5),
    arm("one temperature, lists of 5", "pro", 5, { temperature: "none" }),
  ],
  measures: scoredListMeasures,
  expectations: [
    {
      says: "PRO on lists of 5 orders more pairs rightly than imitation of the best of 5",
      arm: "PRO, lists of 5",
      than: "imitation of the best of 5",
      measure: "rankingAccuracy",
      byAtLeast: 0,
    },
    {
      says: "PRO orders more on lists of 5 than on lists of 2",
      arm: "PRO, lists of 5",
      than: "PRO, lists of 2",
      measure: "rankingAccuracy",
      byAtLeast: 0,
    },
  ],
  notes: [
    "Order and sharpness are two things: the expected reward also depends on how far the policy has moved from a uniform start.",
  ],
});

function arm(name: string, objective: string, count: number, params: Record<string, unknown> = {}): Arm {
  return scoredListArm(name, { ...world, objective, count, params });
}
