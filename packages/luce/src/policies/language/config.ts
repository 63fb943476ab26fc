import * as z from "zod";
import { LuceError } from "../../errors.ts";
import { parseWith } from "../../method.ts";

/** The shape of a decoder-only transformer in the Llama layout. Sizes count numbers. */
export type LanguageConfig = {
  readonly vocabularySize: number;
  /** Width of the residual stream. */
  readonly hiddenSize: number;
  /** Width inside the gated feed-forward part. */
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  /** Divides `heads`; fewer share keys and values (grouped-query attention). */
  readonly keyValueHeads: number;
  /** Even. */
  readonly headSize: number;
  /** Tokens of prompt and response together, at most. */
  readonly maxPositions: number;
  /** Base of the rotary position frequencies. */
  readonly ropeTheta: number;
  /** Added to the mean square in RMSNorm. */
  readonly normEpsilon: number;
  /** The output layer is the embedding, transposed. */
  readonly tiedEmbeddings: boolean;
  /** Standard deviation of fresh weights. */
  readonly initializerRange: number;
  readonly bosToken: number | null;
  readonly eosTokens: readonly number[];
};

export type LanguageSizes = Pick<LanguageConfig, "vocabularySize" | "hiddenSize" | "layers" | "heads"> &
  Partial<LanguageConfig>;

/**
 * A whole configuration from the sizes that matter; the rest as Llama has it.
 *
 * @throws LuceError `invalid-parameter` where sizes do not divide.
 */
export function languageConfig(sizes: LanguageSizes): LanguageConfig {
  const config: LanguageConfig = {
    intermediateSize: 8 * Math.ceil(sizes.hiddenSize / 3),
    keyValueHeads: sizes.heads,
    headSize: sizes.hiddenSize / sizes.heads,
    maxPositions: 2048,
    ropeTheta: 10_000,
    normEpsilon: 1e-5,
    tiedEmbeddings: true,
    initializerRange: 0.02,
    bosToken: null,
    eosTokens: [],
    ...sizes,
  };
  checkConfig(config, "the language policy's configuration");
  return config;
}

const count = z.int().positive();

/** Hugging Face's `config.json` of a Llama model; only what Luce reads. */
const llamaSchema = z.looseObject({
  model_type: z.string(),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  max_position_embeddings: count.default(2048),
  rope_theta: z.number().positive().nullish(),
  rope_scaling: z.unknown().nullish(),
  rope_parameters: z
    .looseObject({ rope_theta: z.number().positive().nullish(), rope_type: z.string().nullish() })
    .nullish(),
  rms_norm_eps: z.number().positive().default(1e-6),
  tie_word_embeddings: z.boolean().default(false),
  initializer_range: z.number().positive().default(0.02),
  hidden_act: z.string().default("silu"),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  bos_token_id: z.int().nullish(),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
});

/**
 * Reads a Hugging Face configuration.
 *
 * @throws LuceError `invalid-input` for a broken one, `unsupported` for another architecture.
 */
export function parseLlamaConfig(json: unknown, where: string): LanguageConfig {
  const found = parseWith(llamaSchema, json, where);
  const unsupported = (what: string) =>
    new LuceError("unsupported", `${what}: only the plain Llama layout runs on the embedded engine`, { where });
  if (found.model_type !== "llama") throw unsupported(`model_type is "${found.model_type}"`);
  if (found.hidden_act !== "silu") throw unsupported(`hidden_act is "${found.hidden_act}"`);
  if (found.attention_bias || found.mlp_bias) throw unsupported("the model has biases");
  const ropeType = found.rope_parameters?.rope_type ?? "default";
  if (ropeType !== "default" || (found.rope_scaling ?? null) !== null)
    throw unsupported("its rotary positions are scaled");
  const eos = found.eos_token_id ?? [];
  const config: LanguageConfig = {
    vocabularySize: found.vocab_size,
    hiddenSize: found.hidden_size,
    intermediateSize: found.intermediate_size,
    layers: found.num_hidden_layers,
    heads: found.num_attention_heads,
    keyValueHeads: found.num_key_value_heads ?? found.num_attention_heads,
    headSize: found.head_dim ?? found.hidden_size / found.num_attention_heads,
    maxPositions: found.max_position_embeddings,
    ropeTheta: found.rope_parameters?.rope_theta ?? found.rope_theta ?? 10_000,
    normEpsilon: found.rms_norm_eps,
    tiedEmbeddings: found.tie_word_embeddings,
    initializerRange: found.initializer_range,
    bosToken: found.bos_token_id ?? null,
    eosTokens: typeof eos === "number" ? [eos] : eos,
  };
  checkConfig(config, where);
  return config;
}

/** The configuration as Hugging Face writes it. */
export function toLlamaConfig(config: LanguageConfig): Record<string, unknown> {
  return {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.keyValueHeads,
    head_dim: config.headSize,
    max_position_embeddings: config.maxPositions,
    rope_theta: config.ropeTheta,
    rms_norm_eps: config.normEpsilon,
    tie_word_embeddings: config.tiedEmbeddings,
    initializer_range: config.initializerRange,
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    bos_token_id: config.bosToken,
    eos_token_id:
      config.eosTokens.length === 1 ? config.eosTokens[0] : config.eosTokens.length === 0 ? null : config.eosTokens,
    torch_dtype: "float32",
  };
}

function checkConfig(config: LanguageConfig, where: string): void {
  const { heads, keyValueHeads, headSize } = config;
  if (!Number.isInteger(headSize) || headSize % 2 !== 0) {
    throw new LuceError("invalid-parameter", `the head size is ${headSize}; rotary positions need an even integer`, {
      where,
      hint: "choose a hidden size that is an even multiple of the heads",
    });
  }
  if (heads % keyValueHeads !== 0) {
    throw new LuceError("invalid-parameter", `${keyValueHeads} key-value heads do not divide ${heads} heads`, {
      where,
    });
  }
}
