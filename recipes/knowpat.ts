// KnowPAT (arXiv 2311.06503), section 4: a weighted alignment term beside imitation of the reference answer.
//
// A softmax over 12 answers a question, linear in 8 features, learns from 4 of them, ranked by a utility seen through
// noise. The baseline imitates the best answer alone; the ablation drops the adaptive weights. Answers are one token
// long, the alignment term weighs as much as imitation (lambda 1), and every arm takes 60 steps of length 0.1.
import { type Arm, claimRecipe, scoredListArm, scoredListMeasures } from "luce/testbeds";

const world = { features: 8, candidates: 12, count: 4, heldOut: 200, noise: 0.5, steps: 60, stepLength: 0.1 };

export const recipe = claimRecipe({
  id: "knowpat",
  title: "KnowPAT: ranked answers beside the best one",
  claim:
    "KnowPAT outperforms 15 baselines, imitation of the reference answer among them, on questions about a cloud product and about medicine.",
  arms: [15, 60].flatMap((questions) => [
    arm(`imitation, ${questions} questions`, questions, { lambda: 0 }),
    arm(`without adaptive weights, ${questions} questions`, questions, { lambda: 1, adaptive: false }),
    arm(`KnowPAT, ${questions} questions`, questions, { lambda: 1 }),
  ]),
  measures: scoredListMeasures,
  expectations: [15, 60].map((questions) => ({
    says: `KnowPAT orders more unseen answers rightly than imitation, from ${questions} questions`,
    arm: `KnowPAT, ${questions} questions`,
    than: `imitation, ${questions} questions`,
    measure: "rankingAccuracy",
    byAtLeast: 0,
  })),
  notes: [
    "Only the loss is tried here: what the paper's lists gain by retrieved knowledge has no counterpart in this world.",
    "The loss cannot push bad answers far: the slope of log(1 + exp(S)) is below a half and fades with the answer's probability, so policies stay flatter.",
  ],
});

function arm(name: string, prompts: number, params: Record<string, unknown>): Arm {
  return scoredListArm(name, { ...world, objective: "knowpat", prompts, params });
}
