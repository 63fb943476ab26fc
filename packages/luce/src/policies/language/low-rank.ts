import * as z from "zod";
import { type HostArray, mapParameters, normalArray, type Parameters, release, toDevice } from "../../engines/index.ts";
import { LuceError } from "../../errors.ts";
import { numpy as np } from "../../jax.ts";
import { parseWith } from "../../method.ts";
import type { Random } from "../../random.ts";
import type { LanguageConfig } from "./config.ts";
import type { LanguagePolicy } from "./policy.ts";
import { languageShapes } from "./weights.ts";

/**
 * Low-rank adapters on some matrices: W becomes W + (alpha / rank) B A, with A [rank, in] and B [out, rank].
 *
 * @see arXiv 2106.09685
 */
export type LowRank = {
  readonly rank: number;
  readonly alpha: number;
  /** Last parts of the adapted matrices' names, such as `q_proj`. */
  readonly targets: readonly string[];
};

const matrices = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"] as const;

/** The name of an adapter's matrix, as PEFT saves it. */
export function adapterName(matrix: string, part: "A" | "B"): string {
  return `base_model.model.${matrix}.lora_${part}.weight`;
}

/** Names and shapes of the adapters' parameters. */
export function adapterShapes(config: LanguageConfig, { rank, targets }: LowRank): Record<string, { shape: number[] }> {
  const shapes: Record<string, { shape: number[] }> = {};
  for (const [name, { shape }] of Object.entries(languageShapes(config))) {
    const matrix = name.replace(/\.weight$/, "");
    if (!targets.includes(matrix.slice(matrix.lastIndexOf(".") + 1))) continue;
    shapes[adapterName(matrix, "A")] = { shape: [rank, shape[1]] };
    shapes[adapterName(matrix, "B")] = { shape: [shape[0], rank] };
  }
  return shapes;
}

/**
 * The policy with fresh adapters, which change nothing until they learn (B is 0). Train `parameters`; the policy's
 * own go frozen. The caller owns the parameters.
 */
export function addAdapters(
  policy: LanguagePolicy,
  { rank, alpha = 2 * rank, targets = ["q_proj", "v_proj"] }: Partial<LowRank> & Pick<LowRank, "rank">,
  random: Random,
): { policy: LanguagePolicy; parameters: Parameters } {
  const adapters = { rank, alpha, targets };
  const unknown = targets.find((target) => !(matrices as readonly string[]).includes(target));
  if (unknown !== undefined || !(Number.isInteger(rank) && rank > 0)) {
    throw new LuceError("invalid-parameter", unknown ? `there is no matrix "${unknown}"` : `a rank of ${rank}`, {
      where: "adapters",
      hint: `adapt ${matrices.join(", ")}, with a positive whole rank`,
    });
  }
  const host: Record<string, HostArray> = {};
  for (const [name, { shape }] of Object.entries(adapterShapes(policy.config, adapters))) {
    host[name] = normalArray(shape, name.endsWith("lora_A.weight") ? 1 / Math.sqrt(shape[1]) : 0, random);
  }
  return { policy: { ...policy, adapters }, parameters: toDevice(host) };
}

/** The policy's own parameters with what its adapters learned added in. Consumes both. */
export function mergeAdapters(
  { config, adapters }: LanguagePolicy,
  parameters: Parameters,
  frozen: Parameters,
): { policy: LanguagePolicy; parameters: Parameters } {
  const scale = adapters ? adapters.alpha / adapters.rank : 0;
  const merged = mapParameters(frozen, (weight, name) => {
    const matrix = name.replace(/\.weight$/, "");
    const down = parameters[adapterName(matrix, "A")];
    if (!down) return weight;
    return weight.add(np.matmul(parameters[adapterName(matrix, "B")].ref, down.ref).mul(scale));
  });
  release(parameters);
  return { policy: { config, adapters: null }, parameters: merged };
}

const adapterConfigSchema = z.looseObject({
  peft_type: z.literal("LORA"),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.enum(matrices)),
  bias: z.literal("none").default("none"),
  use_rslora: z.literal(false).default(false),
  use_dora: z.literal(false).default(false),
  fan_in_fan_out: z.literal(false).default(false),
});

/** Reads PEFT's `adapter_config.json`. @throws LuceError `invalid-input` for adapters of another kind. */
export function parseAdapterConfig(json: unknown, where: string): LowRank {
  const { r, lora_alpha, target_modules } = parseWith(adapterConfigSchema, json, where);
  return { rank: r, alpha: lora_alpha, targets: target_modules };
}

/** `adapter_config.json` as PEFT reads it. */
export function toAdapterConfig({ rank, alpha, targets }: LowRank): Record<string, unknown> {
  return {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    target_modules: targets,
    bias: "none",
    fan_in_fan_out: false,
    inference_mode: false,
    use_rslora: false,
    use_dora: false,
  };
}
