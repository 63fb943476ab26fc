import { createRandom } from "luce";
import { type Parameters, startEngine } from "luce/engines";
import { LuceError } from "luce/errors";
import {
  byteSpecials,
  byteTokenizer,
  createLanguagePolicy,
  type LanguagePolicy,
  languageConfig,
  type Tokenizer,
} from "luce/policies";
import { loadLanguagePolicy, loadRewardModel } from "luce/policies/files";

export type LoadedModel = {
  readonly policy: LanguagePolicy;
  readonly parameters: Parameters;
  readonly tokenizer: Tokenizer;
};

/** Tokens the tiny model reads. */
const TINY_POSITIONS = 1024;

/**
 * A model by its name: `tiny` (2 layers of width 64 over bytes, drawn from the seed) or a folder. The caller owns the
 * parameters.
 */
export async function loadModel(name: string, seed: number): Promise<LoadedModel> {
  await startEngine();
  return name === "tiny" ? createTiny(seed) : requireOwnTokens(await loadLanguagePolicy(name), name);
}

/** The reward model in a folder. The caller owns the parameters, its head among them. */
export async function loadReward(folder: string): Promise<LoadedModel> {
  await startEngine();
  return requireOwnTokens(await loadRewardModel(folder), folder);
}

function requireOwnTokens(model: LoadedModel, where: string): LoadedModel {
  const [read, known] = [model.tokenizer.size, model.policy.config.vocabularySize];
  if (read <= known) return model;
  throw new LuceError("shape-mismatch", `its tokenizer has ${read} tokens, the model ${known}`, { where });
}

function createTiny(seed: number): LoadedModel {
  const config = languageConfig({
    vocabularySize: byteTokenizer.size,
    hiddenSize: 64,
    layers: 2,
    heads: 4,
    maxPositions: TINY_POSITIONS,
    initializerRange: 0.08,
    bosToken: byteSpecials.bos,
    eosTokens: [byteSpecials.eos],
  });
  return { ...createLanguagePolicy(config, createRandom(seed)), tokenizer: byteTokenizer };
}
