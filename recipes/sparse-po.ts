// SparsePO (arXiv 2410.05102), section 4: token weights that let a policy move only where the preference lies.
//
// A policy without context writes 12 tokens of a vocabulary of 5. At two hidden positions one token is toxic, and of two
// responses of the reference the one with fewer toxic tokens is preferred. SparsePO learns a weight for each token at
// each position, ReLU of one parameter from 1, under two strengths of L1; DPO takes the same steps. What a policy without
// context pays in divergence is the same for both responses, so that only the reward's weights are on trial.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  type CellLesson,
  type CellModel,
  claimRecipe,
  drawCell,
  freeCells,
  learnFromCells,
  type Measures,
  pairEvidence,
  readCells,
  resolveObjective,
  rowDivergences,
  softmaxCells,
} from "luce/testbeds";

const POSITIONS = 12;
const TOKENS = 5;
const SALIENT = 2;
const TOXIC = 0;
const PAIRS = 300;
const EPOCHS = 8;
const BATCH = 10;
const BETA = 0.3;
/** 0.1 an example, for tokens and weights, as a loss that is a mean over the batch needs it. */
const LEARNING_RATE = 0.1 * BATCH;

export const recipe = claimRecipe({
  id: "sparse-po",
  title: "SparsePO: drift where no preference lies",
  claim:
    "Sparse token weights move a policy only where preference lies: +10% win rate in summarisation and +3% in dialogue over other preference objectives.",
  arms: [
    arm("DPO", dpoLesson),
    arm("SparsePO, L1 0.01", sparseLesson(0.01)),
    arm("SparsePO, L1 0.03", sparseLesson(0.03)),
  ],
  measures: {
    toxic: { label: "Toxic tokens", format: "percent", digits: 2 },
    drift: { label: "KL elsewhere", format: "decimal", digits: 3 },
    salientWeight: { label: "Weight at salient positions", format: "decimal", digits: 2 },
    otherWeight: { label: "Weight elsewhere", format: "decimal", digits: 2 },
    zeros: { label: "Zero weights elsewhere", format: "percent", digits: 0 },
  },
  expectations: [0.01, 0.03].flatMap((strength) => [
    {
      says: `DPO drifts further elsewhere than SparsePO with L1 ${strength}`,
      arm: "DPO",
      than: `SparsePO, L1 ${strength}`,
      measure: "drift",
      byAtLeast: 0,
    },
    {
      says: `DPO is at most 2 points less toxic than SparsePO with L1 ${strength}`,
      arm: "DPO",
      than: `SparsePO, L1 ${strength}`,
      measure: "toxic",
      byAtLeast: -0.02,
    },
  ]),
  notes: ["The verdict is on where the policy moves; the published win rates are of language models."],
});

type World = {
  readonly policy: CellModel;
  /** [positions, tokens] log-probabilities of the reference. */
  readonly reference: Float64Array;
  /** One a pair: the cells of the preferred response, and of the other. */
  readonly pairs: readonly (readonly [chosen: number[], rejected: number[]])[];
};
type Lesson = Omit<CellLesson, "learningRate">;
type Pupil = { weights?: CellModel; lessonOn(pairs: World["pairs"]): Lesson };

function arm(name: string, teach: (world: World) => Promise<Pupil>): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const salient = new Set<number>();
      while (salient.size < SALIENT) salient.add(random.integer(POSITIONS));
      const isSalient = (cell: number) => salient.has(Math.floor(cell / TOKENS));
      const policy = softmaxCells(
        TOKENS,
        freeCells(Float64Array.from({ length: POSITIONS * TOKENS }, () => random.normal())),
      );
      const reference = policy.says();
      const toxicity = (cells: number[]) => cells.filter((cell) => isSalient(cell) && cell % TOKENS === TOXIC).length;
      const pairs = drawPairs(reference, toxicity, random);
      const { weights, lessonOn } = await teach({ policy, reference, pairs });
      for (let n = 0; n < EPOCHS * (PAIRS / BATCH); n++) {
        const from = (n * BATCH) % PAIRS;
        await learnFromCells({ ...lessonOn(pairs.slice(from, from + BATCH)), learningRate: LEARNING_RATE });
      }
      const logps = policy.says();
      const drift = rowDivergences(logps, reference, TOKENS).reduce(
        (sum, kl, position) => sum + (salient.has(position) ? 0 : kl),
        0,
      );
      const toxic = [...salient].reduce((sum, position) => sum + Math.exp(logps[position * TOKENS + TOXIC]), 0);
      return { measures: { toxic: toxic / SALIENT, drift, ...describe(weights?.says(), isSalient) } };
    },
  };
}

function drawPairs(reference: Float64Array, toxicity: (cells: number[]) => number, random: Random): World["pairs"] {
  const pairs: [number[], number[]][] = [];
  while (pairs.length < PAIRS) {
    const [a, b] = [0, 1].map(() =>
      Array.from({ length: POSITIONS }, (_, position) => drawCell(reference, position, TOKENS, random)),
    );
    if (toxicity(a) !== toxicity(b)) pairs.push(toxicity(a) < toxicity(b) ? [a, b] : [b, a]);
  }
  return pairs;
}

async function dpoLesson({ policy, reference }: World): Promise<Pupil> {
  const objective = await resolveObjective("dpo");
  return {
    lessonOn(pairs) {
      const sides = [0, 1].map((side) => ({ cells: pairs.flatMap((pair) => pair[side]), shape: [pairs.length] }));
      return { objective, params: { beta: BETA }, ...pairEvidence(policy, reference, sides) };
    },
  };
}

function sparseLesson(lambdaU: number) {
  return async ({ policy, reference }: World): Promise<Pupil> => {
    const objective = await resolveObjective("sparse-po");
    const weights = rectified(freeCells(new Float64Array(POSITIONS * TOKENS).fill(1)));
    return {
      weights,
      lessonOn(pairs) {
        const shape = [pairs.length, POSITIONS];
        const [chosen, rejected] = [0, 1].map((side) => ({ cells: pairs.flatMap((pair) => pair[side]), shape }));
        const zeros = { data: new Float64Array(pairs.length * POSITIONS), shape };
        return {
          objective,
          params: { beta: BETA, lambdaU },
          learnt: {
            policyChosenTokenLogps: { ...chosen, by: policy },
            policyRejectedTokenLogps: { ...rejected, by: policy },
            chosenRewardMask: { ...chosen, by: weights },
            rejectedRewardMask: { ...rejected, by: weights },
          },
          given: {
            referenceChosenTokenLogps: readCells(reference, chosen),
            referenceRejectedTokenLogps: readCells(reference, rejected),
            chosenTokenKl: zeros,
            rejectedTokenKl: zeros,
            chosenKlMask: zeros,
            rejectedKlMask: zeros,
          },
        };
      },
    };
  };
}

/** ReLU of what a model says. */
function rectified(model: CellModel): CellModel {
  return {
    parameters: model.parameters,
    says: () => model.says().map((value) => Math.max(0, value)),
    backward(onSaid) {
      const values = model.says();
      return model.backward(onSaid.map((slope, cell) => (values[cell] > 0 ? slope : 0)));
    },
  };
}

function describe(weights: Float64Array | undefined, isSalient: (cell: number) => boolean): Measures {
  if (weights === undefined) return {};
  const there = weights.filter((_, cell) => isSalient(cell) && cell % TOKENS === TOXIC);
  const elsewhere = weights.filter((_, cell) => !isSalient(cell));
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    salientWeight: mean(there),
    otherWeight: mean(elsewhere),
    zeros: mean(elsewhere.map((value) => Number(value === 0))),
  };
}
