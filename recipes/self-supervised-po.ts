// SPO (arXiv 2409.17791): preferences learnt together with degrees of quality, from the responses themselves.
//
// A summary lists 3 to 6 of 60 facts and is the better the more it keeps. A bag-of-words model of width 32 learns from 300
// pairs that differ by 1 to 3 facts, by DPO, and by SPO, which in each step also asks it how many key phrases were
// removed (by the paper's keyword extraction) from a variant of each response. On fresh summaries: the correlation of its
// reward with the number of facts, its accuracy on pairs that differ by one, and how often it tells the degree.
import { createRandom, type Random, shuffle } from "luce";
import { degradeText } from "luce/objectives";
import { spearman } from "luce/rank";
import {
  type Arm,
  type CellModel,
  claimRecipe,
  differenceEvidence,
  everyCell,
  learnFromCells,
  resolveObjective,
} from "luce/testbeds";

const FACTS = 60;
const WIDTH = 32;
const DEGREES = 4;
const PAIRS = 300;
const FRESH = 1000;
const STEPS = 300;
const LEARNING_RATE = 1;
const GAMMA = 0.1;
/** Learning rate of the head of degrees, as a multiple of the model's. */
const HEAD_PACE = 10;

export const recipe = claimRecipe({
  id: "self-supervised-po",
  title: "SPO: preferences that know their degree",
  claim:
    "A self-supervised term that makes the hidden state tell how degraded a response is improves DPO and other objectives on two data sets.",
  arms: [arm("DPO", 0), arm("DPO + SPO", GAMMA)],
  measures: {
    correlation: { label: "Rank correlation with the facts kept", format: "decimal", digits: 3 },
    hard: { label: "Accuracy where they differ by one", format: "percent", digits: 1 },
    degree: { label: "Degree told", format: "percent", digits: 1 },
  },
  expectations: [
    {
      says: "SPO tells the degree more often",
      arm: "DPO + SPO",
      than: "DPO",
      measure: "degree",
      byAtLeast: 0,
    },
    {
      says: "SPO's reward follows the number of facts more closely",
      arm: "DPO + SPO",
      than: "DPO",
      measure: "correlation",
      byAtLeast: 0,
    },
  ],
  notes: [
    "A variant shows what is left, not what there was: with 3 to 6 facts and 0 to 3 of them removed, chance tells 25% of the degrees and the best guess 44%.",
  ],
});

/** The facts that a text mentions. */
type Text = readonly number[];

function arm(name: string, gamma: number): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const parameters = drawParameters(random);
      const pairs = Array.from({ length: PAIRS }, () => drawPair(1 + random.integer(3), random));
      const [chosen, rejected] = [0, 1].map((side) => pairs.map((pair) => variantsOf(pair[side])));
      const evidence = differenceEvidence(readerOf([], parameters), everyCell(PAIRS));
      const objective = await resolveObjective("self-supervised-po");
      for (let step = 0; step < STEPS; step++) {
        const [chosenDegrees, rejectedDegrees] = [0, 1].map(() =>
          Float64Array.from({ length: PAIRS }, () => random.integer(DEGREES)),
        );
        const by = readerOf(
          [
            ...[chosen, rejected].flatMap((texts) => texts.map(([whole]) => whole)),
            ...chosen.map((variants, n) => variants[chosenDegrees[n]]),
            ...rejected.map((variants, n) => variants[rejectedDegrees[n]]),
          ],
          parameters,
        );
        const texts = everyCell(4 * PAIRS);
        const rewards = (first: number) => ({ by, cells: texts.subarray(first, first + PAIRS), shape: [PAIRS] });
        const degrees = (first: number) => ({
          by,
          cells: everyCell(PAIRS * DEGREES).map((n) => texts.length + first * DEGREES + n),
          shape: [PAIRS, DEGREES],
        });
        const { referenceChosenLogps, referenceRejectedLogps } = evidence.given;
        await learnFromCells({
          objective,
          params: { beta: 1, gamma },
          learnt: {
            policyChosenLogps: rewards(0),
            policyRejectedLogps: rewards(PAIRS),
            chosenDegreeLogits: degrees(2 * PAIRS),
            rejectedDegreeLogits: degrees(3 * PAIRS),
          },
          given: {
            referenceChosenLogps,
            referenceRejectedLogps,
            chosenDegreeLabels: { data: chosenDegrees, shape: [PAIRS] },
            rejectedDegreeLabels: { data: rejectedDegrees, shape: [PAIRS] },
          },
          learningRate: LEARNING_RATE,
        });
      }
      return { measures: measure(parameters, random) };
    },
  };
}

/** The better one first: it keeps `lead` facts more. */
function drawPair(lead: number, random: Random): [Text, Text] {
  const fewer = 3 + random.integer(4 - lead);
  return [drawText(fewer + lead, random), drawText(fewer, random)];
}

function drawText(facts: number, random: Random): Text {
  return shuffle([...everyCell(FACTS)], random).slice(0, facts);
}

/** The text itself, then with one to three of its key phrases removed. */
function variantsOf(text: Text): Text[] {
  const tokens = text.flatMap((fact) => ["the", `fact${fact}`]);
  const { variants } = degradeText(tokens, ["the"], DEGREES - 1);
  return variants.map((kept) => kept.filter((token) => token !== "the").map((token) => Number(token.slice(4))));
}

const HEADS = FACTS * WIDTH;
const OUTPUTS = 1 + DEGREES;

/** Embeddings [facts, width], then the heads of reward and degrees [1 + degrees, width]. */
function drawParameters(random: Random): Float64Array {
  return Float64Array.from({ length: HEADS + OUTPUTS * WIDTH }, () => random.normal() / Math.sqrt(WIDTH));
}

/** Says the reward of each text, then the degree logits [texts, degrees]: linear in tanh of the sum of embeddings. */
function readerOf(texts: readonly Text[], parameters: Float64Array): CellModel {
  const outputs = everyCell(OUTPUTS);
  const cellsOf = (text: number) => outputs.map((o) => (o === 0 ? text : texts.length + text * DEGREES + o - 1));
  const hidden = new Float64Array(texts.length * WIDTH);
  return {
    parameters,
    says() {
      const said = new Float64Array(texts.length * OUTPUTS);
      for (const [n, text] of texts.entries()) {
        const cells = cellsOf(n);
        for (let i = 0; i < WIDTH; i++) {
          let sum = 0;
          for (const fact of text) sum += parameters[fact * WIDTH + i];
          const unit = Math.tanh(sum);
          hidden[n * WIDTH + i] = unit;
          for (let o = 0; o < OUTPUTS; o++) said[cells[o]] += parameters[HEADS + o * WIDTH + i] * unit;
        }
      }
      return said;
    },
    backward(onSaid) {
      const gradient = new Float64Array(parameters.length);
      for (const [n, text] of texts.entries()) {
        const slopes = Float64Array.from(cellsOf(n), (cell) => onSaid[cell]);
        for (let i = 0; i < WIDTH; i++) {
          const unit = hidden[n * WIDTH + i];
          let onUnit = 0;
          for (let o = 0; o < OUTPUTS; o++) {
            gradient[HEADS + o * WIDTH + i] += (o === 0 ? 1 : HEAD_PACE) * slopes[o] * unit;
            onUnit += slopes[o] * parameters[HEADS + o * WIDTH + i];
          }
          for (const fact of text) gradient[fact * WIDTH + i] += onUnit * (1 - unit * unit);
        }
      }
      return gradient;
    },
  };
}

function measure(parameters: Float64Array, random: Random) {
  const texts = Array.from({ length: FRESH }, () => drawText(3 + random.integer(4), random));
  const pairs = Array.from({ length: FRESH }, () => drawPair(1, random)).flat();
  const degrees = texts.map(() => random.integer(DEGREES));
  const rewardsOf = (some: readonly Text[]) => readerOf(some, parameters).says().subarray(0, some.length);
  const paired = rewardsOf(pairs);
  const variants = texts.map((text, n) => variantsOf(text)[degrees[n]]);
  const logits = readerOf(variants, parameters).says().subarray(FRESH);
  const guess = (n: number) => {
    const own = logits.subarray(n * DEGREES, (n + 1) * DEGREES);
    return own.indexOf(Math.max(...own));
  };
  return {
    correlation: spearman(
      rewardsOf(texts),
      texts.map((text) => text.length),
    ),
    hard: everyCell(FRESH).filter((n) => paired[2 * n] > paired[2 * n + 1]).length / FRESH,
    degree: degrees.filter((degree, n) => guess(n) === degree).length / FRESH,
  };
}
