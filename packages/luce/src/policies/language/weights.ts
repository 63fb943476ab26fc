import { type HostArray, normalArray } from "../../engines/index.ts";
import type { Random } from "../../random.ts";
import type { LanguageConfig } from "./config.ts";

type Shapes = Record<string, { readonly shape: readonly number[] }>;

/** Names and shapes of the parameters, as Hugging Face saves them: matrices are [out, in]. */
export function languageShapes(config: LanguageConfig): Shapes {
  const { vocabularySize, hiddenSize, intermediateSize, headSize } = config;
  const queries = config.heads * headSize;
  const keys = config.keyValueHeads * headSize;
  const shapes: Shapes = { "model.embed_tokens.weight": { shape: [vocabularySize, hiddenSize] } };
  for (let layer = 0; layer < config.layers; layer++) {
    const add = (name: string, ...shape: number[]) => {
      shapes[`model.layers.${layer}.${name}.weight`] = { shape };
    };
    add("input_layernorm", hiddenSize);
    add("self_attn.q_proj", queries, hiddenSize);
    add("self_attn.k_proj", keys, hiddenSize);
    add("self_attn.v_proj", keys, hiddenSize);
    add("self_attn.o_proj", hiddenSize, queries);
    add("post_attention_layernorm", hiddenSize);
    add("mlp.gate_proj", intermediateSize, hiddenSize);
    add("mlp.up_proj", intermediateSize, hiddenSize);
    add("mlp.down_proj", hiddenSize, intermediateSize);
  }
  shapes["model.norm.weight"] = { shape: [hiddenSize] };
  if (!config.tiedEmbeddings) shapes["lm_head.weight"] = { shape: [vocabularySize, hiddenSize] };
  return shapes;
}

/** The name of a reward model's head, as Hugging Face saves it. */
export const rewardHead = "score.weight";

/**
 * Names and shapes of a reward model's parameters, those of Hugging Face's `LlamaForSequenceClassification` with one
 * label: no head for tokens, a linear one without bias for the reward.
 */
export function rewardModelShapes(config: LanguageConfig): Shapes {
  const { "lm_head.weight": _, ...body } = languageShapes(config);
  return { ...body, [rewardHead]: { shape: [1, config.hiddenSize] } };
}

/** Fresh weights: matrices normal with the configuration's deviation, gains 1. */
export function drawLanguageWeights(config: LanguageConfig, random: Random): Record<string, HostArray> {
  return Object.fromEntries(
    Object.entries(languageShapes(config)).map(([name, { shape }]) => [
      name,
      shape.length === 1
        ? { data: new Float32Array(shape[0]).fill(1), shape }
        : normalArray(shape, config.initializerRange, random),
    ]),
  );
}
