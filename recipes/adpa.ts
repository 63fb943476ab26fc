// ADPA (arXiv 2502.17927), section 5: a small student learns from what an aligned teacher would change, token by token.
//
// Five tokens of a vocabulary of 8, the state is the last token, every step has a reward drawn from N(0, 1). The teacher is
// the exact optimum of reward less KL to a random reference (beta 1); the student's logits have rank 2 and first imitate
// the reference. From 200 pairs of the reference's, labelled by Bradley-Terry on their returns, students learn by
// imitation, DPO, distillation of the teacher on the chosen, DCKD, or ADPA (gamma 2) on 200 responses of their own. All
// take 300 steps of length 0.1; returns and divergences are exact.
import { createRandom, type Random } from "luce";
import {
  type Arm,
  type CellLesson,
  type CellModel,
  type Cells,
  claimRecipe,
  drawCell,
  learnRepeatedly,
  logSoftmaxRows,
  pairEvidence,
  readCells,
  resolveObjective,
  rowDivergences,
  softmaxCells,
} from "luce/testbeds";

const VOCABULARY = 8;
const STATES = VOCABULARY + 1;
const START = VOCABULARY;
const LENGTH = 5;
const RANK = 2;
const RESPONSES = 200;
const LOOKS = 10;
const TRAINING = { steps: 300, learningRate: 0.1, normalised: true };

export const recipe = claimRecipe({
  id: "adpa",
  title: "ADPA: a student led by its teacher's advantages",
  claim:
    "ADPA gives students of 0.5 to 1.8 billion parameters larger gains than DPO and other distillation on MT-Bench, AlpacaEval and the Open LLM Leaderboard.",
  arms: [
    arm("start", async () => null),
    arm("imitation of the chosen", (world) => distil(world, { alphaChosen: 0, alphaRejected: 0, sftWeight: 1 })),
    arm("DPO on the pairs", preferPairs),
    arm("distillation on the chosen", (world) => distil(world, { alphaRejected: 0, sftWeight: 0 })),
    arm("DCKD", (world) => distil(world, {})),
    arm("ADPA", followAdvantages),
    { name: "teacher", run: async (seed) => ({ measures: teacherMeasures(await drawWorld(seed)) }) },
  ],
  measures: {
    reward: { label: "Mean return", format: "decimal", digits: 2 },
    kl: { label: "KL from the reference", format: "decimal", digits: 2 },
  },
  curves: { title: "Return against divergence", x: "KL from the reference, nats", y: "mean return" },
  expectations: ["DPO on the pairs", "distillation on the chosen", "DCKD"].map((than) => ({
    says: `ADPA returns more than ${than}`,
    arm: "ADPA",
    than,
    measure: "reward",
    byAtLeast: 0,
  })),
  notes: [
    "ADPA's objective is linear in the student's probabilities: nothing stops it at the teacher, and it pays in divergence.",
  ],
});

type Sequences = readonly (readonly number[])[];
type World = {
  readonly random: Random;
  /** [states, vocabulary] */
  readonly rewards: Float64Array;
  readonly reference: Float64Array;
  /** [length][states, vocabulary] log-probabilities. */
  readonly teacher: readonly Float64Array[];
  readonly chosen: Sequences;
  readonly rejected: Sequences;
  readonly logits: CellModel;
  readonly student: CellModel;
};
type Lesson = Omit<CellLesson, "learningRate">;

function arm(name: string, teach: (world: World) => Promise<Lesson | null>): Arm {
  return {
    name,
    async run(seed) {
      const world = await drawWorld(seed);
      const lesson = await teach(world);
      const curve: { x: number; y: number }[] = [];
      const look = () => {
        const policy = world.student.says();
        const { reward, kl } = measure(world, () => policy);
        curve.push({ x: kl, y: reward });
        return { reward, kl };
      };
      let measures = look();
      for (let n = 0; lesson && n < LOOKS; n++) {
        await learnRepeatedly(TRAINING.steps / LOOKS, { ...lesson, ...TRAINING });
        measures = look();
      }
      return { measures, curve };
    },
  };
}

function teacherMeasures(world: World) {
  return measure(world, (t) => world.teacher[t]);
}

/** The student of a seed that imitates the reference: the same for all arms. */
const imitators = new Map<number, Float64Array>();

async function drawWorld(seed: number): Promise<World> {
  const random = createRandom(seed);
  const table = () => Float64Array.from({ length: STATES * VOCABULARY }, () => random.normal());
  const [rewards, reference] = [table(), logSoftmaxRows(table(), VOCABULARY)];
  const pairs = Array.from({ length: RESPONSES }, () => {
    const [a, b] = [drawResponse(reference, random), drawResponse(reference, random)];
    const lead = returnOf(rewards, a) - returnOf(rewards, b);
    return random.uniform() < 1 / (1 + Math.exp(-lead)) ? [a, b] : [b, a];
  });
  const logits = lowRankCells(random);
  const world = {
    random,
    rewards,
    reference,
    teacher: softOptimalPolicy(reference, rewards),
    chosen: pairs.map((pair) => pair[0]),
    rejected: pairs.map((pair) => pair[1]),
    logits,
    student: softmaxCells(VOCABULARY, logits),
  };
  const imitator = imitators.get(seed);
  if (imitator) logits.parameters.set(imitator);
  else {
    const imitation = await distil({ ...world, teacher: world.teacher.map(() => reference) }, { sftWeight: 0 });
    await learnRepeatedly(TRAINING.steps, { ...imitation, ...TRAINING });
    imitators.set(seed, logits.parameters.slice());
  }
  return world;
}

async function distil({ chosen, rejected, teacher, logits, student }: World, weights: object): Promise<Lesson> {
  return {
    objective: await resolveObjective("adpa"),
    params: { component: "dckd", ...weights },
    learnt: {
      chosenStudentLogits: { ...rowsOf(chosen), by: logits },
      rejectedStudentLogits: { ...rowsOf(rejected), by: logits },
      policyChosenLogps: { ...responses(chosen), by: student },
    },
    given: {
      chosenTeacherTokenLogps: teacherSays(teacher, chosen),
      rejectedTeacherTokenLogps: teacherSays(teacher, rejected),
      chosenLengths: lengthsOf(chosen),
    },
  };
}

async function preferPairs({ chosen, rejected, student }: World): Promise<Lesson> {
  const start = student.says();
  return {
    objective: await resolveObjective("dpo"),
    params: { beta: 0.1 },
    ...pairEvidence(student, start, [responses(chosen), responses(rejected)]),
  };
}

async function followAdvantages({ chosen, teacher, reference, logits, student, random }: World): Promise<Lesson> {
  const start = student.says();
  const own = Array.from({ length: RESPONSES }, () => drawResponse(start, random));
  return {
    objective: await resolveObjective("adpa"),
    params: { component: "adpa", gamma: 2 },
    learnt: {
      studentLogits: { ...rowsOf(own), by: logits },
      policyChosenLogps: { ...responses(chosen), by: student },
    },
    given: {
      teacherTokenLogps: teacherSays(teacher, own),
      referenceTeacherTokenLogps: readCells(reference, rowsOf(own)),
      chosenLengths: lengthsOf(chosen),
    },
  };
}

/** The cells (state, token) of a response, in order. */
function drawResponse(logps: Float64Array, random: Random): number[] {
  const cells: number[] = [];
  for (let state = START; cells.length < LENGTH; state = cells[cells.length - 1] % VOCABULARY) {
    cells.push(drawCell(logps, state, VOCABULARY, random));
  }
  return cells;
}

function returnOf(rewards: Float64Array, response: readonly number[]): number {
  return response.reduce((sum, cell) => sum + rewards[cell], 0);
}

/** [length][states, vocabulary] the policy of greatest return less KL to the reference, by backward induction. */
function softOptimalPolicy(reference: Float64Array, rewards: Float64Array): Float64Array[] {
  const policy: Float64Array[] = [];
  let values = new Float64Array(STATES);
  for (let t = 0; t < LENGTH; t++) {
    const energies = reference.map((logp, cell) => logp + rewards[cell] + values[cell % VOCABULARY]);
    const logps = logSoftmaxRows(energies, VOCABULARY);
    policy.unshift(logps);
    values = Float64Array.from({ length: STATES }, (_, s) => energies[s * VOCABULARY] - logps[s * VOCABULARY]);
  }
  return policy;
}

/** Logits U V' of rank 2, from small random factors. */
function lowRankCells(random: Random): CellModel {
  const parameters = Float64Array.from({ length: (STATES + VOCABULARY) * RANK }, () => 0.5 * random.normal());
  const at = (state: number, token: number, d: number) => [state * RANK + d, (STATES + token) * RANK + d];
  return {
    parameters,
    says: () =>
      Float64Array.from({ length: STATES * VOCABULARY }, (_, cell) => {
        let logit = 0;
        for (let d = 0; d < RANK; d++) {
          const [u, v] = at(Math.floor(cell / VOCABULARY), cell % VOCABULARY, d);
          logit += parameters[u] * parameters[v];
        }
        return logit;
      }),
    backward(onSaid) {
      const gradient = new Float64Array(parameters.length);
      for (const [cell, slope] of onSaid.entries()) {
        for (let d = 0; d < RANK; d++) {
          const [u, v] = at(Math.floor(cell / VOCABULARY), cell % VOCABULARY, d);
          gradient[u] += slope * parameters[v];
          gradient[v] += slope * parameters[u];
        }
      }
      return gradient;
    },
  };
}

function responses(sequences: Sequences): Cells {
  return { cells: sequences.flat(), shape: [sequences.length] };
}

/** All cells of the states that a response goes through. */
function rowsOf(sequences: Sequences): Cells {
  const cells = sequences
    .flat()
    .flatMap((cell) => Array.from({ length: VOCABULARY }, (_, token) => cell - (cell % VOCABULARY) + token));
  return { cells, shape: [sequences.length, LENGTH, VOCABULARY] };
}

function teacherSays(teacher: readonly Float64Array[], sequences: Sequences) {
  const { cells, shape } = rowsOf(sequences);
  const data = Float64Array.from(cells as number[], (cell, n) => teacher[Math.floor(n / VOCABULARY) % LENGTH][cell]);
  return { data, shape };
}

function lengthsOf(sequences: Sequences) {
  return { data: new Float64Array(sequences.length).fill(LENGTH), shape: [sequences.length] };
}

/** A policy's expected return and its KL from the reference, over all responses. */
function measure({ rewards, reference }: World, policyAt: (t: number) => Float64Array) {
  let reached = new Float64Array(STATES);
  reached[START] = 1;
  let [reward, kl] = [0, 0];
  for (let t = 0; t < LENGTH; t++) {
    const logps = policyAt(t);
    const next = new Float64Array(STATES);
    for (const [cell, logp] of logps.entries()) {
      const chance = reached[Math.floor(cell / VOCABULARY)] * Math.exp(logp);
      reward += chance * rewards[cell];
      next[cell % VOCABULARY] += chance;
    }
    kl += rowDivergences(logps, reference, VOCABULARY).reduce((sum, row, state) => sum + reached[state] * row, 0);
    reached = next;
  }
  return { reward, kl };
}
