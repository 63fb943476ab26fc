import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import * as z from "zod";
import { readWhole, replaceFile } from "../../engines/files/index.ts";
import {
  checkFinite,
  checkShapes,
  decodeSafetensors,
  encodeSafetensors,
  type Parameters,
  readTensors,
  type StoredTensor,
  storeFloat32,
  toDevice,
  toHost,
} from "../../engines/index.ts";
import { LuceError } from "../../errors.ts";
import { parseWith } from "../../method.ts";
import {
  adapterShapes,
  byteTokenizer,
  type LanguageConfig,
  type LanguagePolicy,
  languageShapes,
  parseAdapterConfig,
  parseLlamaConfig,
  rewardHead,
  rewardModelShapes,
  type Tokenizer,
  toAdapterConfig,
  toLlamaConfig,
} from "../language/index.ts";

/** A policy read from a folder; the caller owns the parameters. */
export type LoadedPolicy = {
  readonly policy: LanguagePolicy;
  readonly parameters: Parameters;
  /** From `tokenizer.json`; bytes where the folder has none. */
  readonly tokenizer: Tokenizer;
};

const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/**
 * Reads a Hugging Face folder of a Llama model: `config.json`, `model.safetensors` (or its shards and
 * `model.safetensors.index.json`), `tokenizer.json`. Start the engine first.
 *
 * @throws LuceError `not-found`, `invalid-input` for a damaged file, `unsupported` for another architecture,
 *   `shape-mismatch` for weights that are not the configuration's.
 */
export async function loadLanguagePolicy(folder: string): Promise<LoadedPolicy> {
  const config = await readConfig(folder);
  const tensors = await readWeights(folder);
  if (config.tiedEmbeddings) delete tensors["lm_head.weight"];
  if (tensors[rewardHead]) {
    throw new LuceError("unsupported", "this is a reward model: it scores responses and writes none", {
      where: folder,
      hint: "give the folder of a language model",
    });
  }
  checkShapes(tensors, languageShapes(config), folder);
  return {
    policy: { config, adapters: null },
    parameters: toDevice(readTensors(tensors, folder)),
    tokenizer: await loadTokenizer(folder),
  };
}

/** Whether a folder's weights are those of a reward model. @throws LuceError where it has none, or damaged ones */
export async function holdsRewardModel(folder: string): Promise<boolean> {
  return rewardHead in (await readWeights(folder));
}

/**
 * Reads a reward model: a Hugging Face folder of a Llama model with one label, as `saveRewardModel` writes it. The
 * head is among the parameters, as `score.weight`. Start the engine first.
 *
 * @throws LuceError as `loadLanguagePolicy`; `invalid-input` for a model without that head
 */
export async function loadRewardModel(folder: string): Promise<LoadedPolicy> {
  const config = await readConfig(folder);
  const { "lm_head.weight": _, ...tensors } = await readWeights(folder);
  if (!tensors[rewardHead]) {
    throw new LuceError("invalid-input", `this is no reward model: it has no "${rewardHead}"`, {
      where: folder,
      hint: "train one: luce train --method bradley-terry-reward",
    });
  }
  checkShapes(tensors, rewardModelShapes(config), folder);
  return {
    policy: { config, adapters: null },
    parameters: toDevice(readTensors(tensors, folder)),
    tokenizer: await loadTokenizer(folder),
  };
}

/**
 * Saves a policy as a Hugging Face folder, its weights in float32. Borrows the parameters.
 *
 * @throws LuceError `not-finite` for weights that hold NaN or infinity; nothing is then written.
 */
export async function saveLanguagePolicy(
  folder: string,
  policy: LanguagePolicy,
  parameters: Parameters,
): Promise<void> {
  checkShapes(parameters, languageShapes(policy.config), "the policy's parameters");
  await save(folder, "model.safetensors", parameters, "config.json", toLlamaConfig(policy.config));
}

/**
 * Saves a reward model as a Hugging Face folder (`LlamaForSequenceClassification`, one label), in float32. Borrows the
 * parameters; a head for tokens among them is left out.
 *
 * @throws LuceError `not-finite` for weights that hold NaN or infinity; nothing is then written.
 */
export async function saveRewardModel(folder: string, policy: LanguagePolicy, parameters: Parameters): Promise<void> {
  const { "lm_head.weight": _, ...kept } = parameters;
  checkShapes(kept, rewardModelShapes(policy.config), "the reward model's parameters");
  const config = {
    ...toLlamaConfig(policy.config),
    architectures: ["LlamaForSequenceClassification"],
    num_labels: 1,
  };
  await save(folder, "model.safetensors", kept, "config.json", config);
}

/** Reads low-rank adapters saved by PEFT and puts them on `policy`. The caller owns the adapters' parameters. */
export async function loadAdapters(
  folder: string,
  policy: LanguagePolicy,
): Promise<{ policy: LanguagePolicy; parameters: Parameters }> {
  const configPath = path.join(folder, "adapter_config.json");
  const adapters = parseAdapterConfig(await readJson(configPath), configPath);
  const file = path.join(folder, "adapter_model.safetensors");
  const { tensors } = decodeSafetensors(await readWhole(file), file);
  checkShapes(tensors, adapterShapes(policy.config, adapters), file);
  return { policy: { ...policy, adapters }, parameters: toDevice(readTensors(tensors, file)) };
}

/** Saves the adapters of a policy as PEFT does. Borrows their parameters. */
export async function saveAdapters(folder: string, policy: LanguagePolicy, parameters: Parameters): Promise<void> {
  if (!policy.adapters) throw new LuceError("invalid-input", "this policy has no adapters", { where: folder });
  checkShapes(parameters, adapterShapes(policy.config, policy.adapters), "the adapters' parameters");
  await save(folder, "adapter_model.safetensors", parameters, "adapter_config.json", toAdapterConfig(policy.adapters));
}

async function save(folder: string, weightsFile: string, parameters: Parameters, configFile: string, config: unknown) {
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, { data, shape }] of Object.entries(await toHost(parameters))) {
    checkFinite(data, name);
    tensors[name] = storeFloat32(data, shape);
  }
  await mkdir(folder, { recursive: true });
  await replaceFile(path.join(folder, configFile), `${JSON.stringify(config, null, 2)}\n`);
  await replaceFile(path.join(folder, weightsFile), encodeSafetensors({ tensors, metadata: { format: "pt" } }));
}

async function readConfig(folder: string): Promise<LanguageConfig> {
  await requireFolder(folder);
  const file = path.join(folder, "config.json");
  return parseLlamaConfig(await readJson(file).catch(explainMissing(folder, "config.json")), file);
}

async function readWeights(folder: string): Promise<Record<string, StoredTensor>> {
  await requireFolder(folder);
  const indexPath = path.join(folder, "model.safetensors.index.json");
  const index = await readJson(indexPath).catch(ignoreMissing);
  const files = index === undefined ? ["model.safetensors"] : shardsOf(index, indexPath);
  const tensors: Record<string, StoredTensor> = {};
  for (const name of files) {
    const file = path.join(folder, name);
    Object.assign(tensors, decodeSafetensors(await readWhole(file).catch(explainMissing(folder, name)), file).tensors);
  }
  return tensors;
}

async function requireFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new LuceError("not-found", found ? "is a file, not the folder of a model" : "there is no such folder", {
    where: folder,
    hint: "name the folder of a model: config.json and model.safetensors are in it",
  });
}

function explainMissing(folder: string, name: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof LuceError) || error.code !== "not-found") throw error;
    throw new LuceError("not-found", `holds no model: there is no ${name} in it`, {
      where: folder,
      hint: "name the folder of a model, or of a training run that has finished",
      cause: error,
    });
  };
}

function shardsOf(index: unknown, where: string): string[] {
  const files = [...new Set(Object.values(parseWith(indexSchema, index, where).weight_map))];
  const outside = files.find((file) => path.basename(file) !== file);
  if (outside !== undefined)
    throw new LuceError("invalid-input", `the shard "${outside}" is not in the folder`, { where });
  return files;
}

async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const file = path.join(folder, "tokenizer.json");
  const json = await readJson(file).catch(ignoreMissing);
  if (json === undefined) return byteTokenizer;
  const config = (await readJson(path.join(folder, "tokenizer_config.json")).catch(ignoreMissing)) ?? {};
  try {
    const tokenizer = new HuggingFaceTokenizer(json as object, config as object);
    return {
      size: tokenizer.get_vocab(true).size,
      encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
      decode: (tokens) => tokenizer.decode([...tokens], { skip_special_tokens: true }),
    };
  } catch (cause) {
    throw new LuceError("invalid-input", `the tokenizer cannot be read (${(cause as Error).message})`, {
      where: file,
      cause,
    });
  }
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readWhole(file);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new LuceError("invalid-input", `not JSON (${(cause as Error).message})`, { where: file, cause });
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof LuceError && error.code === "not-found") return undefined;
  throw error;
}
