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
import { loadLanguagePolicy } from "luce/policies/files";

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
  if (name !== "tiny") {
    const model = await loadLanguagePolicy(name);
    if (model.tokenizer.size > model.policy.config.vocabularySize) {
      throw new LuceError(
        "shape-mismatch",
        `its tokenizer has ${model.tokenizer.size} tokens, the model ${model.policy.config.vocabularySize}`,
        { where: name },
      );
    }
    return model;
  }
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
