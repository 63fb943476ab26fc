// MAPL (arXiv 2505.12845): prompts that carry several checkable instructions.
//
// A response has 6 semantic features and 8 properties it has or lacks; a prompt asks for some of them, each to be there
// or not. The reward is linear in the semantic features and in (asked for) x (obeyed: 1, violated: -1). Votes are 300
// pairs without instructions, by Bradley-Terry on the semantic features. From them, without another vote, come the
// intra pairs (one response, a prompt it obeys and one it does not) and the inter pairs (a prompt whose instructions
// only the better response obeys, and the bare one). Tested on prompts with 3 instructions, where the response that
// obeys more is better, and on prompts with none.
import { createRandom, type Random, shuffle } from "luce";
import {
  type Arm,
  claimRecipe,
  drawDirection,
  everyCell,
  learnRepeatedly,
  linearCells,
  linearScores,
  resolveObjective,
} from "luce/testbeds";

const SEMANTIC = 6;
const PROPERTIES = 8;
const FEATURES = SEMANTIC + PROPERTIES;
const SLOPE = 3;
const PAIRS = 300;
const TEST_PAIRS = 2000;
const INSTRUCTIONS = 3;
const STEPS = 300;
const LEARNING_RATE = 0.2;

type Response = { readonly semantic: readonly number[] /** 1 or -1 each. */; readonly properties: readonly number[] };
/** For each property 1 (to be there), -1 (not to be there) or 0 (not asked for). */
type Prompt = readonly number[];
const barePrompt: Prompt = Array<number>(PROPERTIES).fill(0);

export const recipe = claimRecipe({
  id: "mapl",
  title: "MAPL: instructions learnt from votes that had none",
  claim:
    "Comparing one response under two prompts, and one pair under two prompts, makes reward models and DPO policies follow several instructions better, with no more annotation and no loss of semantic quality.",
  arms: [arm("base", 0, 0), arm("base + intra", 1, 0), arm("base + inter", 0, 1), arm("MAPL, both", 1, 1)],
  measures: {
    instructions: { label: "Accuracy with 3 instructions", format: "percent", digits: 1 },
    semantic: { label: "Accuracy without", format: "percent", digits: 1 },
  },
  expectations: [
    {
      says: "With instructions MAPL is more accurate than the base",
      arm: "MAPL, both",
      than: "base",
      measure: "instructions",
      byAtLeast: 0,
    },
    {
      says: "Without instructions it is as accurate, within 1%",
      arm: "MAPL, both",
      than: "base",
      measure: "semantic",
      byAtLeast: -0.01,
    },
  ],
  notes: [
    "The reward is linear, so that what a response means and what it obeys have weights of their own, and the new terms cannot touch the first: that nothing is lost is by construction.",
  ],
});

function arm(name: string, lambdaIntra: number, lambdaInter: number): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const quality = drawDirection(SEMANTIC, random).map((value) => SLOPE * value);
      const pairs = Array.from({ length: PAIRS }, () =>
        vote(drawResponse(random), drawResponse(random), quality, random),
      );
      // Eight rows of features a pair, in the order of the evidence.
      const rows = pairs.map(([chosen, rejected]) => {
        const [obeyed, violated] = intraPrompts(chosen, random);
        const strong = separatingPrompt(chosen, rejected, random);
        return [
          rowOf(barePrompt, chosen),
          rowOf(barePrompt, rejected),
          rowOf(obeyed, chosen),
          rowOf(violated, chosen),
          rowOf(strong, chosen),
          rowOf(strong, rejected),
          rowOf(barePrompt, chosen),
          rowOf(barePrompt, rejected),
        ];
      });
      const objective = await resolveObjective("mapl");
      const by = linearCells(Float64Array.from(rows.flat(2)), FEATURES);
      const names = objective.reads({});
      const cellsOf = (column: number) => everyCell(PAIRS).map((pair) => pair * names.length + column);
      await learnRepeatedly(STEPS, {
        objective,
        params: { lambdaIntra, lambdaInter },
        learnt: Object.fromEntries(names.map((name, column) => [name, { by, cells: cellsOf(column), shape: [PAIRS] }])),
        learningRate: LEARNING_RATE,
      });
      return {
        measures: {
          instructions: accuracy(by.parameters, () => instructionPair(random)),
          semantic: accuracy(by.parameters, () => semanticPair(quality, random)),
        },
      };
    },
  };
}

function drawResponse(random: Random): Response {
  return {
    semantic: Array.from({ length: SEMANTIC }, () => random.normal()),
    properties: Array.from({ length: PROPERTIES }, () => 2 * random.integer(2) - 1),
  };
}

function qualityOf({ semantic }: Response, quality: Float64Array): number {
  return semantic.reduce((sum, value, d) => sum + quality[d] * value, 0);
}

/** The chosen one first. */
function vote(a: Response, b: Response, quality: Float64Array, random: Random): [Response, Response] {
  const odds = qualityOf(a, quality) - qualityOf(b, quality);
  return random.uniform() < 1 / (1 + Math.exp(-odds)) ? [a, b] : [b, a];
}

function rowOf(prompt: Prompt, { semantic, properties }: Response): number[] {
  return [...semantic, ...prompt.map((asked, k) => asked * properties[k])];
}

/** A prompt with up to `INSTRUCTIONS` instructions on some of the properties `among`, each as `asked` says. */
function drawPrompt(random: Random, asked: (property: number) => number, among = [...barePrompt.keys()]): Prompt {
  const chosen = shuffle(among, random).slice(0, INSTRUCTIONS);
  return barePrompt.map((_, k) => (chosen.includes(k) ? asked(k) : 0));
}

/** One that the response obeys, and the same with at least one instruction turned round. */
function intraPrompts({ properties }: Response, random: Random): [Prompt, Prompt] {
  const obeyed = drawPrompt(random, (k) => properties[k]);
  const turned = shuffle(
    [...obeyed.keys()].filter((k) => obeyed[k] !== 0),
    random,
  ).slice(0, 1 + random.integer(INSTRUCTIONS));
  return [obeyed, obeyed.map((asked, k) => (turned.includes(k) ? -asked : asked))];
}

/** Instructions that the chosen response obeys and the rejected one violates; none where they have all in common. */
function separatingPrompt(chosen: Response, rejected: Response, random: Random): Prompt {
  const differing = [...barePrompt.keys()].filter((k) => chosen.properties[k] !== rejected.properties[k]);
  return drawPrompt(random, (k) => chosen.properties[k], differing);
}

/** Rows of a better and a worse response. */
function instructionPair(random: Random): [number[], number[]] {
  const prompt = drawPrompt(random, () => 2 * random.integer(2) - 1);
  const obedience = ({ properties }: Response) => properties.reduce((sum, has, k) => sum + prompt[k] * has, 0);
  for (;;) {
    const pair = [drawResponse(random), drawResponse(random)].sort((a, b) => obedience(b) - obedience(a));
    if (obedience(pair[0]) > obedience(pair[1])) return [rowOf(prompt, pair[0]), rowOf(prompt, pair[1])];
  }
}

function semanticPair(quality: Float64Array, random: Random): [number[], number[]] {
  const pair = [drawResponse(random), drawResponse(random)].sort(
    (a, b) => qualityOf(b, quality) - qualityOf(a, quality),
  );
  return [rowOf(barePrompt, pair[0]), rowOf(barePrompt, pair[1])];
}

function accuracy(theta: Float64Array, drawPair: () => [number[], number[]]): number {
  let right = 0;
  for (let n = 0; n < TEST_PAIRS; n++) {
    const [better, worse] = linearScores(Float64Array.from(drawPair().flat()), theta);
    right += Number(better > worse);
  }
  return right / TEST_PAIRS;
}
