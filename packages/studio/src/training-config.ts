import { readFile } from "node:fs/promises";
import { LuceError, suggestNearest } from "luce/errors";
import { z } from "zod";

/** A training run, as a JSON file or as flags. Written to the run's folder, it is what `--resume` goes on with. */
export const trainingConfig = z.strictObject({
  /** `sft`, `distillation`, or a registered objective. */
  method: z.string(),
  data: z.string(),
  /** Judgments to evaluate on; absent, every tenth prompt of `data`. */
  heldOut: z.string().optional(),
  /** `tiny`, or a folder of a Hugging Face Llama model or of an earlier run. */
  model: z.string().default("tiny"),
  /** The frozen reference; absent, the model as it starts. */
  reference: z.string().optional(),
  out: z.string(),
  steps: z.int().positive().default(200),
  batchSize: z.int().positive().default(8),
  learningRate: z.number().positive().default(5e-4),
  seed: z.int().default(1),
  params: z.record(z.string(), z.unknown()).default({}),
  pairs: z.enum(["extremes", "all"]).default("extremes"),
  /** What scores responses in the loop: the folder of a reward model, or `world`. */
  reward: z.string().optional(),
  /** Whether an objective on pairs, lists or responses learns from the policy's own, as `reward` ranks them. */
  online: z.boolean().default(false),
  /** Whether the policy that wrote the responses is the reference for learning from them, instead of the start. */
  iterative: z.boolean().default(false),
  /** Responses the policy (or a teacher) writes to a prompt. */
  responses: z.int().positive().default(4),
  /** Steps that learn from one rollout. */
  every: z.int().positive().default(2),
  temperature: z.number().positive().default(1),
  /** The model that is distilled. */
  teacher: z.string().optional(),
  /** Whose responses a distillation learns from. */
  from: z.enum(["teacher", "student"]).default("teacher"),
  /** Train low-rank adapters instead of all weights. */
  loraRank: z.int().positive().optional(),
  loraAlpha: z.number().positive().optional(),
  /** Parts in which a step's prompts are read, one after the other. */
  accumulate: z.int().positive().default(1),
  /** Held-out prompts that the policy answers at every evaluation. */
  evaluationSamples: z.int().nonnegative().default(16),
  evaluateEvery: z.int().positive().default(50),
  checkpointEvery: z.int().positive().default(50),
  patience: z.int().positive().optional(),
  /** Prompts are cut to their last tokens, so many. */
  promptTokens: z.int().positive().default(64),
  /** Judgments with a longer response are left out. */
  responseTokens: z.int().positive().default(128),
});

export type TrainingConfig = z.output<typeof trainingConfig>;

/**
 * @throws LuceError `invalid-parameter` for a setting that is unknown (with the nearest), missing or out of range
 */
export function parseTrainingConfig(given: Record<string, unknown>, where: string): TrainingConfig {
  const known = Object.keys(trainingConfig.shape);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new LuceError("invalid-parameter", `there is no setting "${unknown}"`, {
      where,
      hint: suggestNearest(unknown, known),
    });
  }
  const parsed = trainingConfig.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue.path[0] ?? "");
  const missing = given[name] === undefined;
  throw new LuceError("invalid-parameter", missing ? `"${name}" is missing` : `${name}: ${issue.message}`, {
    where,
    hint: missing
      ? `give --${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} or set it in the file`
      : undefined,
  });
}

/** @throws LuceError `not-found`, `invalid-input` */
export async function readTrainingConfig(file: string): Promise<Record<string, unknown>> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new LuceError("not-found", "there is no such file", { where: file, cause });
  });
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch (cause) {
    throw new LuceError("invalid-input", "it is not a JSON object of settings", { where: file, cause });
  }
}
