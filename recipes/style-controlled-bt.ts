// Style control (Chatbot Arena; arXiv 2406.11939, appendix A.2): strengths with the length of answers held equal.
//
// Six systems with strengths half a unit apart; the weaker a system, the longer its answers (half as long again a unit,
// times lognormal noise). The judge adds 3 log-odds per unit of relative length, (a - b) / (a + b + 1). 1500 votes are
// rated with and without the covariate; so are those of a judge who does not look at length, where control can only cost.
import { createRandom, type Random } from "luce";
import { fitBradleyTerry, fitStyleControlledBradleyTerry, kendallTau } from "luce/rank";
import { type Arm, claimRecipe } from "luce/testbeds";

const STRENGTHS = Float64Array.of(-1.25, -0.75, -0.25, 0.25, 0.75, 1.25);
const VOTES = 1500;
const LENGTH_BIAS = 3;
const TYPICAL_LENGTH = 300;
const LENGTH_SLOPE = Math.log(1.5);
const LENGTH_NOISE = 0.3;

export const recipe = claimRecipe({
  id: "style-controlled-bt",
  title: "Style control: strengths with length held equal",
  claim: "Controlling for style changes the order of verbose models: the rating no longer pays for length.",
  arms: [
    arm("Bradley-Terry", LENGTH_BIAS, fitBradleyTerry),
    arm("style-controlled", LENGTH_BIAS, fitStyleControlledBradleyTerry),
    arm("Bradley-Terry, no bias", 0, fitBradleyTerry),
    arm("style-controlled, no bias", 0, fitStyleControlledBradleyTerry),
  ],
  measures: {
    error: { label: "Error of log strengths", format: "decimal", digits: 3 },
    tau: { label: "Kendall's tau with the truth", format: "decimal", digits: 3 },
  },
  expectations: [
    {
      says: "Where length is liked, Bradley-Terry without control is further from the true strengths",
      arm: "Bradley-Terry",
      than: "style-controlled",
      measure: "error",
      byAtLeast: 0,
    },
  ],
  notes: ["Errors are root mean squares in log-odds. What control costs where there is no bias is the last two arms."],
});

type Votes = ReturnType<typeof castVotes>;

function arm(name: string, lengthBias: number, fit: (votes: Votes) => { logStrengths: Float64Array }): Arm {
  return {
    name,
    async run(seed) {
      const { logStrengths } = fit(castVotes(lengthBias, createRandom(seed)));
      const squares = logStrengths.map((value, i) => (value - STRENGTHS[i]) ** 2);
      return {
        measures: {
          error: Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / STRENGTHS.length),
          tau: kendallTau(logStrengths, STRENGTHS),
        },
      };
    },
  };
}

function castVotes(lengthBias: number, random: Random) {
  const votes = Array.from({ length: VOTES }, () => {
    const left = random.integer(STRENGTHS.length);
    const right = (left + 1 + random.integer(STRENGTHS.length - 1)) % STRENGTHS.length;
    const [a, b] = [left, right].map((system) => drawLength(system, random));
    const logit = STRENGTHS[left] - STRENGTHS[right] + (lengthBias * (a - b)) / (a + b + 1);
    return { left, right, a, b, outcome: random.uniform() < 1 / (1 + Math.exp(-logit)) ? 1 : 0 };
  });
  return {
    systems: Array.from(STRENGTHS, (_, system) => `system ${system + 1}`),
    left: Int32Array.from(votes, ({ left }) => left),
    right: Int32Array.from(votes, ({ right }) => right),
    outcome: Float64Array.from(votes, ({ outcome }) => outcome),
    count: new Float64Array(VOTES).fill(1),
    covariates: {
      names: ["length"],
      left: Float64Array.from(votes, ({ a }) => a),
      right: Float64Array.from(votes, ({ b }) => b),
    },
  };
}

function drawLength(system: number, random: Random): number {
  return Math.round(TYPICAL_LENGTH * Math.exp(-LENGTH_SLOPE * STRENGTHS[system] + LENGTH_NOISE * random.normal()));
}
