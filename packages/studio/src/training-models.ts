import { copyFile } from "node:fs/promises";
import path from "node:path";
import { createRandom } from "luce";
import {
  compileLanguagePrograms,
  createLanguageTrainee,
  headNames,
  type LanguageTrainee,
  type LanguageYield,
  type ResponseScorer,
} from "luce/align";
import { adamW, hold, linearSchedule, type Parameters, release, sgd, toDevice, withWarmUp } from "luce/engines";
import { addAdapters, mergeAdapters } from "luce/policies";
import { saveAdapters, saveLanguagePolicy, saveRewardModel } from "luce/policies/files";
import { type LoadedModel, loadReward } from "./language-model.ts";
import type { TrainingConfig } from "./training-config.ts";

/** The model that learns, and how it is kept. */
export type SavedTrainee = {
  readonly trainee: LanguageTrainee;
  /**
   * Writes the model into a folder, low-rank adapters merged in; the adapters themselves go to its folder `adapters`.
   * A model with a reward head becomes a reward model, other heads are left out.
   */
  save(folder: string): Promise<void>;
};

/** Consumes the model's parameters. Heads begin at zero. */
export function createTrainee(
  config: TrainingConfig,
  { policy: bare, parameters, tokenizer }: LoadedModel,
  yields: readonly LanguageYield[],
): SavedTrainee {
  const { learningRate, steps, responseTokens, loraRank, loraAlpha, accumulate } = config;
  const transform = adamW({
    learningRate: withWarmUp(Math.ceil(steps / 20), linearSchedule(learningRate, learningRate / 10, steps)),
    beta2: 0.99,
  });
  const adapted =
    loraRank === undefined ? null : addAdapters(bare, { rank: loraRank, alpha: loraAlpha }, createRandom(config.seed));
  const policy = adapted?.policy ?? bare;
  const layout = { policy, tokenizer, padding: paddingOf(config) };
  const heads = yields.flatMap((name) =>
    name === "logps"
      ? []
      : [[headNames[name], { data: new Float32Array(bare.config.hiddenSize), shape: [1, bare.config.hiddenSize] }]],
  );
  const trainee = createLanguageTrainee({
    programs: compileLanguagePrograms(layout, transform, yields, { accumulate }),
    parameters: { ...(adapted?.parameters ?? parameters), ...toDevice(Object.fromEntries(heads)) },
    frozen: adapted ? parameters : {},
    // One less than is read: a response that is cut off still gets its end mark.
    maxTokens: Math.max(1, responseTokens - 1),
  });
  const save = yields.includes("rewards") ? saveRewardModel : saveLanguagePolicy;
  return {
    trainee,
    async save(folder) {
      const [learnt, learntHeads] = splitHeads(trainee.parameters());
      const kept = yields.includes("rewards") ? learntHeads : {};
      if (adapted) {
        await saveAdapters(path.join(folder, "adapters"), policy, learnt);
        const merged = mergeAdapters(policy, hold(learnt), hold(parameters));
        await save(folder, merged.policy, { ...merged.parameters, ...kept });
        release(merged.parameters);
      } else await save(folder, policy, { ...learnt, ...kept });
      await copyTokenizer(config.model, folder);
    },
  };
}

/** A model that only says what it finds, or writes. Consumes its parameters. */
export function createFrozen(
  config: TrainingConfig,
  { policy, parameters, tokenizer }: LoadedModel,
  yields: readonly LanguageYield[] = ["logps"],
): LanguageTrainee {
  const layout = { policy, tokenizer, padding: paddingOf(config) };
  return createLanguageTrainee({
    programs: compileLanguagePrograms(layout, sgd({ learningRate: 0 }), yields),
    parameters,
    maxTokens: Math.max(1, config.responseTokens - 1),
  });
}

/**
 * What scores responses in the loop: `world`, the true reward of the instruction world, or the folder of a reward
 * model. That reads text with its own tokenizer.
 *
 * @throws LuceError for a folder that holds no reward model
 */
export async function loadScorer(config: TrainingConfig, reward: string): Promise<ResponseScorer> {
  if (reward === "world") {
    const { readInstruction, trueReward } = await import("luce/testbeds");
    return async (prompt, responses) => responses.map((response) => trueReward(readInstruction(prompt), response));
  }
  const judge = createFrozen(config, await loadReward(reward), ["rewards"]);
  return async (prompt, responses) => {
    const { rewards } = await judge.evidence(responses.map((response) => ({ prompt, response })));
    return Array.from(rewards as Float64Array);
  };
}

function paddingOf({ promptTokens, responseTokens }: TrainingConfig) {
  return { multiple: 8, promptLength: roundUp(promptTokens + 1), responseLength: roundUp(responseTokens) };
}

function roundUp(tokens: number): number {
  return Math.ceil(tokens / 8) * 8;
}

function splitHeads(parameters: Parameters): [Parameters, Parameters] {
  const heads: string[] = Object.values(headNames);
  const part = (isHead: boolean) =>
    Object.fromEntries(Object.entries(parameters).filter(([name]) => heads.includes(name) === isHead));
  return [part(false), part(true)];
}

/** A model's folder is read with its own tokenizer: what it learnt from must go with it. */
async function copyTokenizer(model: string, folder: string): Promise<void> {
  if (path.resolve(model) === path.resolve(folder)) return;
  for (const name of ["tokenizer.json", "tokenizer_config.json"]) {
    await copyFile(path.join(model, name), path.join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT" && error.code !== "ENOTDIR") throw error;
    });
  }
}
