// IPO (arXiv 2310.12036), section 5: an optimum at a finite distance, where DPO knows none.
//
// A softmax over 8 responses a prompt, linear in 10 features, learns from one pair of each of 120 prompts whose labels are
// certain: the truly better response always wins. However long DPO learns, its margins pay more when they grow; IPO's
// end at 1 / (2 tau). Both are looked at after 120 steps and after 960.
import { claimRecipe, poolArm, poolCurves, poolMeasures } from "luce/testbeds";

const world = { strength: 1e6 };
const [SHORT, LONG] = [120, 960];

export const recipe = claimRecipe({
  id: "ipo",
  title: "IPO: certain labels, and a policy that stays near",
  claim:
    "Where preferences are deterministic, DPO's regularisation towards the reference is without effect however strong it is; IPO's holds.",
  arms: [SHORT, LONG].flatMap((steps) => [
    poolArm(`DPO, ${steps} steps`, "dpo", { ...world, learningRate: 5, steps }),
    poolArm(`IPO, ${steps} steps`, "ipo", { ...world, learningRate: 0.05, steps }),
  ]),
  measures: {
    kl: poolMeasures.kl,
    reward: poolMeasures.reward,
    winRate: poolMeasures.winRate,
    rankingAccuracy: poolMeasures.rankingAccuracy,
  },
  curves: poolCurves,
  expectations: [
    {
      says: `DPO is farther from the reference after ${LONG} steps than after ${SHORT}`,
      arm: `DPO, ${LONG} steps`,
      than: `DPO, ${SHORT} steps`,
      measure: "kl",
      byAtLeast: 0,
    },
    {
      says: "IPO is not, within 0.05 nats",
      arm: `IPO, ${SHORT} steps`,
      than: `IPO, ${LONG} steps`,
      measure: "kl",
      byAtLeast: -0.05,
    },
    {
      says: `After ${LONG} steps DPO is farther from the reference than IPO`,
      arm: `DPO, ${LONG} steps`,
      than: `IPO, ${LONG} steps`,
      measure: "kl",
      byAtLeast: 0,
    },
  ],
  notes: [
    "What is judged is the divergence. Whether going far is overfitting is another matter: compare the columns of reward, on new prompts in a world whose features are the truth's.",
  ],
});
