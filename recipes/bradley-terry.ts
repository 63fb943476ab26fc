// Chatbot Arena (arXiv 2403.04132), section 4: Bradley-Terry against online Elo, from the same votes.
//
// Six systems with strengths half a unit apart get 1500 votes. Elo is played in 50 shuffled orders, with steps of 4 and of
// 32 points; what differs between the orders is noise that the votes do not hold. Beside it, the coverage of the 95%
// intervals in 120 arenas of 8 systems and 400 votes, in which 29% are ties and the likelihood's own variance is wrong.
import { createRandom, type Random, shuffle } from "luce";
import { bradleyTerry, elo, fitBradleyTerry } from "luce/rank";
import { type Arm, claimRecipe } from "luce/testbeds";

const STRENGTHS = Float64Array.of(-1.25, -0.75, -0.25, 0.25, 0.75, 1.25);
const VOTES = 1500;
const ORDERS = 50;
const ARENAS = 120;
const ARENA = { systems: 8, votes: 400 };
const NORMAL_95 = 1.959963984540054;

export const recipe = claimRecipe({
  id: "bradley-terry",
  title: "Bradley-Terry: no order, and honest intervals",
  claim: "Order-free Bradley-Terry gives tighter and more stable ratings than online Elo from the same votes.",
  arms: [
    eloArm("Elo, steps of 4", 4),
    eloArm("Elo, steps of 32", 32),
    ratingArm("Bradley-Terry", (votes) => fitBradleyTerry(votes)),
    coverageArm("intervals of the likelihood", "stdErrHessian"),
    coverageArm("sandwich intervals", "stdErrSandwich"),
  ],
  measures: {
    error: { label: "Error of log strengths", format: "decimal", digits: 3 },
    spread: { label: "Spread over orders", format: "decimal", digits: 3 },
    coverage: { label: "Coverage of 95% intervals", format: "percent", digits: 1 },
    miss: { label: "Off the nominal 95%", format: "percent", digits: 1 },
  },
  expectations: [4, 32].flatMap((k) => [
    {
      says: `Elo with steps of ${k} is further from the true strengths`,
      arm: `Elo, steps of ${k}`,
      than: "Bradley-Terry",
      measure: "error",
      byAtLeast: 0,
    },
    {
      says: `its ratings move by 0.01 or more between orders, those of Bradley-Terry do not`,
      arm: `Elo, steps of ${k}`,
      than: "Bradley-Terry",
      measure: "spread",
      byAtLeast: 0.01,
    },
  ]),
  notes: [
    "Errors are root mean squares in log-odds. Ties counted half make outcomes vary less than the model thinks: its own intervals are too wide, the sandwich's are not.",
  ],
});

function eloArm(name: string, k: number): Arm {
  const params = { k, scale: 400, base: 10, initRating: 1000, orders: 1 };
  return ratingArm(name, (votes, random) => elo.fit(votes, { ...params, random }));
}

type Votes = ReturnType<typeof castVotes>;

function ratingArm(name: string, rate: (votes: Votes, random: Random) => { logStrengths: Float64Array }): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const votes = castVotes(STRENGTHS, VOTES, { ties: false }, random);
      const replays = Array.from({ length: ORDERS }, () => rate(inAnotherOrder(votes, random), random).logStrengths);
      const errors = replays.reduce((sum, replay) => sum + error(replay), 0) / ORDERS;
      const spreads = STRENGTHS.map((_, i) => standardDeviation(replays.map((replay) => replay[i])));
      return { measures: { error: errors, spread: spreads.reduce((sum, one) => sum + one, 0) / spreads.length } };
    },
  };
}

function inAnotherOrder(votes: Votes, random: Random): Votes {
  const order = shuffle(
    votes.left.map((_, vote) => vote),
    random,
  );
  return {
    ...votes,
    left: order.map((vote) => votes.left[vote]),
    right: order.map((vote) => votes.right[vote]),
    outcome: Float64Array.from(order, (vote) => votes.outcome[vote]),
  };
}

function coverageArm(name: string, standardErrors: "stdErrHessian" | "stdErrSandwich"): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      let covered = 0;
      for (let arena = 0; arena < ARENAS; arena++) {
        const strengths = centred(Float64Array.from({ length: ARENA.systems }, () => random.normal()));
        const { left, right, outcome } = castVotes(strengths, ARENA.votes, { ties: true }, random);
        const comparisons = Array.from(outcome, (share, n) => ({ left: left[n], right: right[n], outcome: share }));
        const outputs = await bradleyTerry.evaluate({ nItems: ARENA.systems, comparisons }, {});
        const estimates = outputs.logStrengths as Float64Array;
        const errors = outputs[standardErrors] as number[];
        covered += strengths.filter((truth, i) => Math.abs(estimates[i] - truth) <= NORMAL_95 * errors[i]).length;
      }
      const coverage = covered / (ARENAS * ARENA.systems);
      return { measures: { coverage, miss: Math.abs(coverage - 0.95) } };
    },
  };
}

/** With `ties`, a tie has the chance min(p, 1 - p), so that the mean outcome is p all the same. */
function castVotes(strengths: Float64Array, count: number, { ties }: { ties: boolean }, random: Random) {
  const votes = Array.from({ length: count }, () => {
    const left = random.integer(strengths.length);
    const right = (left + 1 + random.integer(strengths.length - 1)) % strengths.length;
    const p = 1 / (1 + Math.exp(strengths[right] - strengths[left]));
    const tie = ties ? Math.min(p, 1 - p) : 0;
    const draw = random.uniform();
    return { left, right, outcome: draw < tie ? 0.5 : draw < tie + p - tie / 2 ? 1 : 0 };
  });
  return {
    systems: Array.from(strengths, (_, system) => `system ${system + 1}`),
    left: Int32Array.from(votes, ({ left }) => left),
    right: Int32Array.from(votes, ({ right }) => right),
    outcome: Float64Array.from(votes, ({ outcome }) => outcome),
    count: new Float64Array(count).fill(1),
  };
}

function error(logStrengths: Float64Array): number {
  const estimates = centred(logStrengths);
  return Math.sqrt(estimates.reduce((sum, value, i) => sum + (value - STRENGTHS[i]) ** 2, 0) / estimates.length);
}

function centred(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

function standardDeviation(values: readonly number[]): number {
  const deviations = centred(Float64Array.from(values));
  return Math.sqrt(deviations.reduce((sum, value) => sum + value ** 2, 0) / (values.length - 1));
}
