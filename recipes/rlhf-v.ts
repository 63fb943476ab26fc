// RLHF-V (arXiv 2312.00849), section 4: corrections of segments against rankings of whole answers.
//
// 8 kinds of prompt, answers of 12 tokens of a vocabulary of 6, a policy without context. At three positions of a kind one
// token is right, but the start favours a wrong one. Rankings compare two answers of the start by their errors, through
// noise; corrections make an answer's facts right, and rewrite three other tokens without saying so. Dense DPO weighs
// the flagged tokens five times as much; its score is a mean, so that its beta is 12 times that of the sums.
import { createRandom, type Random, shuffle } from "luce";
import {
  type Arm,
  type CellModel,
  claimRecipe,
  drawCell,
  freeCells,
  learnFromCells,
  readCells,
  resolveObjective,
  rowDivergences,
  softmaxCells,
} from "luce/testbeds";

const KINDS = 8;
const POSITIONS = 12;
const TOKENS = 6;
const FACTS = 3;
const RIGHT = 0;
const WRONG = 1;
const REWRITTEN = 3;
const NOISE = 0.7;
const BETA = 0.5;
const GAMMA = 5;
const EPOCHS = 6;
const BATCH = 10;
/** Half a unit an example, as a loss that is a mean over the batch needs it. */
const LEARNING_RATE = 0.5 * BATCH;

export const recipe = claimRecipe({
  id: "rlhf-v",
  title: "RLHF-V: corrected segments against rankings",
  claim:
    "1400 corrected answers cut object hallucination by 34.8%, more than a concurrent system gets out of 10000 ranked answers.",
  arms: [
    { name: "start", run: async (seed) => ({ measures: measure(drawWorld(createRandom(seed))) }) },
    ...[150, 600].flatMap((count) => [
      arm(`${count} rankings, DPO`, count, rankedPair, false),
      arm(`${count} corrections, DPO`, count, correctedPair, false),
      arm(`${count} corrections, dense DPO`, count, correctedPair, true),
    ]),
  ],
  measures: {
    hallucination: { label: "Wrong facts", format: "percent", digits: 1 },
    drift: { label: "KL elsewhere", format: "decimal", digits: 3 },
  },
  expectations: [
    {
      says: "150 rankings leave more facts wrong than 150 corrections by dense DPO",
      arm: "150 rankings, DPO",
      than: "150 corrections, dense DPO",
      measure: "hallucination",
      byAtLeast: 0,
    },
    {
      says: "600 rankings leave more facts wrong than 150 corrections by dense DPO",
      arm: "600 rankings, DPO",
      than: "150 corrections, dense DPO",
      measure: "hallucination",
      byAtLeast: 0,
    },
    {
      says: "From 150 corrections DPO drifts further elsewhere than dense DPO",
      arm: "150 corrections, DPO",
      than: "150 corrections, dense DPO",
      measure: "drift",
      byAtLeast: 0,
    },
  ],
  notes: [
    "All arms take the same steps: dense DPO's margin is made of few tokens and saturates sooner, so that it moves less at equal beta.",
  ],
});

type World = {
  readonly random: Random;
  readonly policy: CellModel;
  /** [kinds * positions, tokens] log-probabilities. */
  readonly start: Float64Array;
  /** Rows (kind * positions + position) where a token is right or wrong. */
  readonly facts: ReadonlySet<number>;
};

/** Cells of two answers, and which positions the annotator flagged. */
type Pair = { readonly chosen: number[]; readonly rejected: number[]; readonly flagged: number[] };

function arm(name: string, count: number, collect: (world: World, kind: number) => Pair, dense: boolean): Arm {
  return {
    name,
    async run(seed) {
      const world = drawWorld(createRandom(seed));
      const pairs = Array.from({ length: count }, (_, n) => collect(world, n % KINDS));
      const objective = await resolveObjective("rlhf-v");
      const params = dense
        ? { beta: BETA * POSITIONS, gamma: GAMMA, normalize: true }
        : { beta: BETA, gamma: 1, normalize: false };
      for (let n = 0; n < (EPOCHS * count) / BATCH; n++) {
        const batch = pairs.slice((n * BATCH) % count, ((n * BATCH) % count) + BATCH);
        const shape = [batch.length, POSITIONS];
        const chosen = { cells: batch.flatMap((pair) => pair.chosen), shape };
        const rejected = { cells: batch.flatMap((pair) => pair.rejected), shape };
        const segments = { data: Float64Array.from(batch.flatMap((pair) => pair.flagged)), shape };
        await learnFromCells({
          objective,
          params,
          learnt: {
            policyChosenTokenLogps: { ...chosen, by: world.policy },
            policyRejectedTokenLogps: { ...rejected, by: world.policy },
          },
          given: {
            referenceChosenTokenLogps: readCells(world.start, chosen),
            referenceRejectedTokenLogps: readCells(world.start, rejected),
            chosenSegmentMask: segments,
            rejectedSegmentMask: segments,
          },
          learningRate: LEARNING_RATE,
        });
      }
      return { measures: measure(world) };
    },
  };
}

function drawWorld(random: Random): World {
  const facts = new Set<number>();
  for (let kind = 0; kind < KINDS; kind++) {
    const positions = shuffle(
      Array.from({ length: POSITIONS }, (_, position) => position),
      random,
    );
    for (const position of positions.slice(0, FACTS)) facts.add(kind * POSITIONS + position);
  }
  const logits = Float64Array.from({ length: KINDS * POSITIONS * TOKENS }, (_, cell) => {
    if (!facts.has(Math.floor(cell / TOKENS))) return random.normal();
    return cell % TOKENS === RIGHT ? 1 : cell % TOKENS === WRONG ? 1.5 : 0;
  });
  const policy = softmaxCells(TOKENS, freeCells(logits));
  return { random, policy, start: policy.says(), facts };
}

function rankedPair(world: World, kind: number): Pair {
  const answers = [0, 1].map(() => {
    const cells = drawAnswer(world, kind);
    const errors = cells.filter((cell) => isFact(world, cell) && cell % TOKENS !== RIGHT).length;
    return { cells, seen: errors + NOISE * world.random.normal() };
  });
  const [better, worse] = answers.sort((a, b) => a.seen - b.seen);
  return { chosen: better.cells, rejected: worse.cells, flagged: better.cells.map(() => 0) };
}

function correctedPair(world: World, kind: number): Pair {
  const rejected = drawAnswer(world, kind);
  const others = rejected.filter((cell) => !isFact(world, cell));
  const rewritten = new Set(shuffle(others, world.random).slice(0, REWRITTEN));
  const chosen = rejected.map((cell) => {
    const row = cell - (cell % TOKENS);
    if (isFact(world, cell)) return row + RIGHT;
    return rewritten.has(cell) ? row + world.random.integer(TOKENS) : cell;
  });
  const flagged = rejected.map((cell, n) => Number(isFact(world, cell) && cell !== chosen[n]));
  return { chosen, rejected, flagged };
}

function drawAnswer({ start, random }: World, kind: number): number[] {
  return Array.from({ length: POSITIONS }, (_, position) =>
    drawCell(start, kind * POSITIONS + position, TOKENS, random),
  );
}

function isFact({ facts }: World, cell: number): boolean {
  return facts.has(Math.floor(cell / TOKENS));
}

/** The share of wrong facts, and the KL from the start at the other positions of an answer. */
function measure({ policy, start, facts }: World) {
  const logps = policy.says();
  let right = 0;
  for (const row of facts) right += Math.exp(logps[row * TOKENS + RIGHT]);
  const drift = rowDivergences(logps, start, TOKENS).reduce((sum, kl, row) => sum + (facts.has(row) ? 0 : kl), 0);
  return { hallucination: 1 - right / facts.size, drift: drift / KINDS };
}
