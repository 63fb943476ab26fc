import {
  compileLanguagePrograms,
  createLanguageTrainee,
  headNames,
  type LanguagePrograms,
  type LanguageTrainee,
  type LanguageYield,
  supervisedTraining,
} from "../../align/index.ts";
import {
  adamW,
  type HostParameters,
  linearSchedule,
  startEngine,
  type Transform,
  toDevice,
  toHost,
  withWarmUp,
} from "../../engines/index.ts";
import { byteSpecials, byteTokenizer, createLanguagePolicy, languageConfig } from "../../policies/language/index.ts";
import { createRandom } from "../../random.ts";
import { drawInstructions, type Instruction, LONGEST_PROMPT, LONGEST_RESPONSE } from "./instructions.ts";
import { demonstrationStyle, drawResponse } from "./responses.ts";

const SUPERVISED_STEPS = 200;
const DEMONSTRATIONS = 6000;

/** The transformer that lives in the world: 2 layers of width 64, bytes in and out. */
const tinyLanguageConfig = languageConfig({
  vocabularySize: byteTokenizer.size,
  hiddenSize: 64,
  layers: 2,
  heads: 4,
  maxPositions: 64,
  initializerRange: 0.08,
  bosToken: byteSpecials.bos,
  eosTokens: [byteSpecials.eos],
});

/** Tokens of a response with its end mark, and two to spare for a policy that wanders. */
const MAX_TOKENS = LONGEST_RESPONSE + 3;
const padding = { multiple: 4, promptLength: LONGEST_PROMPT + 3, responseLength: MAX_TOKENS };

/** The world's instructions, 300 to learn from and 75 held out, and a policy that has learnt to imitate. */
export type LanguageStart = {
  readonly instructions: readonly Instruction[];
  readonly heldOut: readonly Instruction[];
  readonly parameters: HostParameters;
};

const starts = new Map<number, Promise<LanguageStart>>();

/**
 * The start of an experiment on one seed: instructions, and a tiny transformer after 200 steps of imitating imperfect
 * demonstrations (about 10 seconds). Kept for the life of the process.
 */
export function languageStart(seed: number): Promise<LanguageStart> {
  const known = starts.get(seed);
  if (known) return known;
  const start = trainStart(seed);
  starts.set(seed, start);
  return start;
}

async function trainStart(seed: number): Promise<LanguageStart> {
  await startEngine();
  const random = createRandom(seed);
  const instructions = drawInstructions(300, random);
  const heldOut = drawInstructions(75, random, instructions);
  const demonstrations = Array.from({ length: DEMONSTRATIONS }, (_, n) => {
    const instruction = instructions[n % instructions.length];
    return { prompt: instruction.prompt, response: drawResponse(instruction, demonstrationStyle, random) };
  });
  const { parameters } = createLanguagePolicy(tinyLanguageConfig, random);
  const programs = programsFor("imitation", ["logps"], () =>
    adamW({ learningRate: withWarmUp(20, linearSchedule(5e-3, 5e-4, SUPERVISED_STEPS)), beta2: 0.99 }),
  );
  const policy = createLanguageTrainee({ programs, parameters, maxTokens: MAX_TOKENS });
  const { step } = supervisedTraining({ policy, demonstrations, batchSize: 32, seed });
  for (let n = 0; n < SUPERVISED_STEPS; n++) await step(n);
  const host = await toHost(policy.parameters());
  policy.dispose();
  return { instructions, heldOut, parameters: host };
}

/** The start's policy, to be trained by AdamW at a constant rate; heads begin at zero. The caller disposes of it. */
export function createStartPolicy(
  { parameters }: LanguageStart,
  { learningRate, yields = ["logps"] }: { learningRate: number; yields?: readonly LanguageYield[] },
): LanguageTrainee {
  const programs = programsFor(`constant ${learningRate}`, yields, () => adamW({ learningRate, beta2: 0.99 }));
  const { hiddenSize } = tinyLanguageConfig;
  const heads = yields.flatMap((name) =>
    name === "logps" ? [] : [[headNames[name], { data: new Float32Array(hiddenSize), shape: [1, hiddenSize] }]],
  );
  return createLanguageTrainee({
    programs,
    parameters: toDevice({ ...parameters, ...Object.fromEntries(heads) }),
    maxTokens: MAX_TOKENS,
  });
}

const compiled = new Map<string, LanguagePrograms>();

/** Programs are compiled once a process for each optimiser and each set of yields. */
function programsFor(
  optimiser: string,
  yields: readonly LanguageYield[],
  transform: () => Transform,
): LanguagePrograms {
  const key = `${optimiser} ${yields.join()}`;
  const known = compiled.get(key);
  if (known) return known;
  const layout = { policy: { config: tinyLanguageConfig, adapters: null }, tokenizer: byteTokenizer, padding };
  const programs = compileLanguagePrograms(layout, transform(), yields);
  compiled.set(key, programs);
  return programs;
}
