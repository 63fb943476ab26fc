// DOVE, later JPO (arXiv 2404.00530): votes that compare responses to different instructions.
//
// How good a response is, is 1.5 times a unit direction in its 16 features; a vote between two conversations adds 0.7
// times a unit direction in the instructions' own 16 features. Votes are Bradley-Terry choices. A linear policy learns
// from 60 conditional votes (one instruction, two responses), alone or joined by votes on different instructions, and
// is tested on conditional pairs. The last arms spend the same 120 votes on one kind or on both.
import { createRandom } from "luce";
import {
  type Arm,
  claimRecipe,
  drawDirection,
  drawLinearPairs,
  everyCell,
  learnRepeatedly,
  linearAccuracy,
  linearCells,
  resolveObjective,
  voteOnPairs,
} from "luce/testbeds";

const FEATURES = 16;
const RESPONSE_SLOPE = 1.5;
const INSTRUCTION_SLOPE = 0.7;
const RIDGE = 0.02;
const STEPS = 400;
const LEARNING_RATE = 0.5;

export const recipe = claimRecipe({
  id: "dove",
  title: "DOVE: votes across instructions",
  claim:
    "Votes on joint pairs of instruction and response add what conditional votes lack: win rates 5.2% (summaries) and 3.3% (dialogue) above DPO's.",
  arms: [
    arm("60 conditional (DPO)", { conditional: 60, joint: 0 }),
    arm("60 conditional, 60 joint", { conditional: 60, joint: 60 }),
    arm("60 conditional, 240 joint", { conditional: 60, joint: 240 }),
    arm("60 conditional, 240 joint, instructions ignored", {
      conditional: 60,
      joint: 240,
      readsInstructions: false,
    }),
    arm("120 conditional (DPO)", { conditional: 120, joint: 0 }),
  ],
  measures: { accuracy: { label: "Accuracy on conditional pairs", format: "percent", digits: 1 } },
  expectations: [60, 240].map((joint) => ({
    says: `${joint} joint votes besides the 60 conditional ones raise the accuracy`,
    arm: `60 conditional, ${joint} joint`,
    than: "60 conditional (DPO)",
    measure: "accuracy",
    byAtLeast: 0,
  })),
  notes: [
    "The claim is about votes that would not exist otherwise. At an equal number of votes compare 60 conditional and 60 joint with 120 conditional.",
  ],
});

type Votes = { readonly conditional: number; readonly joint: number; readonly readsInstructions?: boolean };

function arm(name: string, { conditional, joint, readsInstructions = true }: Votes): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const ofResponse = drawDirection(FEATURES, random).map((value) => RESPONSE_SLOPE * value);
      const ofInstruction = drawDirection(FEATURES, random).map((value) => INSTRUCTION_SLOPE * value);
      const weights = Float64Array.of(...ofResponse, ...ofInstruction);
      const fresh = drawLinearPairs(2000, weights, random, scales(0));
      const sameInstruction = voteOnPairs(drawLinearPairs(conditional, weights, random, scales(0)), random);
      const different = voteOnPairs(drawLinearPairs(joint, weights, random, scales(1)), random);
      const pairs = conditional + joint;
      // Two cells a pair: what the responses' features say of it, and what the instructions' do.
      const rows = Float64Array.of(...sameInstruction.features, ...different.features);
      const features = new Float64Array(2 * rows.length);
      for (const [n, value] of rows.entries()) {
        const isInstruction = n % weights.length >= FEATURES;
        const pair = Math.floor(n / weights.length);
        const cell = isInstruction ? pairs + pair : pair;
        if (!isInstruction || readsInstructions) features[cell * weights.length + (n % weights.length)] = value;
      }
      const by = linearCells(features, weights.length);
      const shape = [pairs];
      const cells = everyCell(2 * pairs);
      const zeros = { data: new Float64Array(pairs), shape };
      await learnRepeatedly(STEPS, {
        objective: await resolveObjective("dove"),
        params: { beta: 1 },
        learnt: {
          policyChosenLogps: { by, cells: cells.subarray(0, pairs), shape },
          policyChosenInstructionLogps: { by, cells: cells.subarray(pairs), shape },
        },
        given: {
          policyRejectedLogps: zeros,
          policyRejectedInstructionLogps: zeros,
          referenceChosenLogps: zeros,
          referenceRejectedLogps: zeros,
          referenceChosenInstructionLogps: zeros,
          referenceRejectedInstructionLogps: zeros,
        },
        learningRate: LEARNING_RATE,
        ridge: RIDGE,
      });
      return { measures: { accuracy: linearAccuracy(fresh, by.parameters) } };
    },
  };
}

/** Differences of features: of responses always, of instructions where they differ. */
function scales(ofInstructions: number): number[] {
  return Array.from({ length: 2 * FEATURES }, (_, d) => (d < FEATURES ? 1 : ofInstructions));
}
