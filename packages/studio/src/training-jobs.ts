import path from "node:path";
import {
  createEvidenceCache,
  distillation,
  evaluateSamples,
  exampleUnit,
  type LanguageTrainee,
  type LanguageYield,
  type Metrics,
  meanOf,
  measureObjective,
  type PreferenceList,
  preferenceTraining,
  quantitiesTrained,
  type ResponseScorer,
  type RunSettings,
  scoredRollouts,
  scoreHeldOut,
  scoreHeldOutRewards,
  sequencesOf,
  supervisedTraining,
  type TrainingJob,
} from "luce/align";
import { readCachedEvidence } from "luce/align/files";
import { LuceError } from "luce/errors";
import type { Objective } from "luce/objectives";
import type { TrainingConfig } from "./training-config.ts";
import { heldOutPairs } from "./training-data.ts";

/** What a run trains by: an objective, or one of the two ways that have none. */
export type TrainingMethod = Objective | "sft" | "distillation";

export type TrainingParts = {
  readonly config: TrainingConfig;
  readonly method: TrainingMethod;
  readonly trainee: LanguageTrainee;
  /** The frozen reference: the start, or the teacher of a distillation. */
  readonly reference: LanguageTrainee;
  readonly training: readonly PreferenceList[];
  readonly heldOut: readonly PreferenceList[];
  readonly score?: ResponseScorer;
};

/** What the model must yield. */
export function yieldsOf(method: TrainingMethod, { params }: TrainingConfig): readonly LanguageYield[] {
  return typeof method === "string" ? ["logps"] : quantitiesTrained(method, method.reads(params));
}

/** Whether the run learns from the policy's own responses. */
function isOnline(method: TrainingMethod, { online }: TrainingConfig): boolean {
  return typeof method !== "string" && (method.family === "group" || online);
}

/** @throws LuceError `invalid-parameter` for settings that do not go together; `invalid-input` as the data demands */
export function checkSettings(method: TrainingMethod, config: TrainingConfig): void {
  const refuse = (message: string, hint: string) => {
    throw new LuceError("invalid-parameter", message, { hint });
  };
  const { reward, responses, online, iterative } = config;
  if (method === "distillation" && config.teacher === undefined)
    refuse("distillation learns from a teacher", "give --teacher with the folder of a model");
  if (method !== "distillation" && config.teacher !== undefined)
    refuse(`${config.method} has no teacher`, "use --method distillation");
  if (config.loraAlpha !== undefined && config.loraRank === undefined)
    refuse("loraAlpha scales adapters, of which there are none", "give --lora-rank");
  if (typeof method === "string") {
    if (online || iterative)
      refuse(`${config.method} learns from no preferences`, "leave --online and --iterative out");
    return;
  }
  if (online && !yieldsOf(method, config).includes("logps"))
    refuse(`${method.id} trains a model that writes no responses`, "leave --online out");
  if (!isOnline(method, config)) {
    if (iterative) refuse("there are no rounds to iterate over a file", "give --online and --reward");
    return;
  }
  if (reward === undefined) {
    refuse(
      `${method.id} learns from the policy's own responses, and nothing scores them`,
      "give --reward with the folder of a reward model (luce train --method bradley-terry-reward), or world",
    );
  }
  if (responses < 2 && exampleUnit(method, method.reads(config.params)) !== "response")
    refuse("a list of one response holds no preference", "give --responses 2 or more");
}

/** The job of a run: what a step does, and what an evaluation measures. */
export async function createJob(parts: TrainingParts): Promise<TrainingJob> {
  const { config, method, trainee, reference, training, heldOut, score } = parts;
  if (method === "sft") {
    const demonstrations = training.map(({ prompt, responses, ranks }) => ({
      prompt,
      response: responses[ranks.indexOf(1)],
    }));
    return supervisedTraining({ ...config, policy: trainee, demonstrations, evaluate: evaluationOf(parts) });
  }
  if (method === "distillation") {
    const prompts = promptsOf(training);
    return distillation({
      ...config,
      policy: trainee,
      teacher: reference,
      prompts,
      evaluate: evaluationOf(parts),
    });
  }
  const shared = { ...config, policy: trainee, objective: method };
  if (isOnline(method, config)) {
    const { every, responses, temperature, batchSize, params } = config;
    const perPrompt = exampleUnit(method, method.reads(params)) === "response" ? responses : 1;
    const promptsAtOnce = Math.ceil((every * batchSize) / perPrompt);
    const settings = { prompts: promptsOf(training), promptsAtOnce, responses, temperature };
    return preferenceTraining({
      ...shared,
      source: {
        kind: "online",
        every,
        rollout: scoredRollouts(settings, score as ResponseScorer),
        reference: config.iterative ? "rollout" : "start",
      },
      reference: createEvidenceCache((sequences) => reference.evidence(sequences)),
      evaluate: evaluationOf(parts),
    });
  }
  const known = method.needsReference
    ? await readCachedEvidence(
        path.join(config.out, "reference"),
        reference,
        sequencesOf([...training, ...orderedOf(heldOut)]),
      )
    : undefined;
  const measure =
    orderedOf(heldOut).length > 0
      ? () => measureObjective({ ...shared, reference: known }, orderedOf(heldOut))
      : undefined;
  return preferenceTraining({
    ...shared,
    source: { kind: "offline", lists: training },
    reference: known,
    evaluate: evaluationOf(parts, measure),
  });
}

/** The evaluation by which a checkpoint is the best one. */
export function watchOf(method: TrainingMethod, config: TrainingConfig): RunSettings["watch"] {
  if (method === "sft") return { metric: "perplexity", better: "lower" };
  if (method === "distillation") return { metric: "sequenceKl", better: "lower" };
  return { metric: isOnline(method, config) ? "reward" : "accuracy", better: "higher" };
}

/** Lists that prefer something: what can be held out for pairs and for losses. */
function orderedOf(lists: readonly PreferenceList[]): PreferenceList[] {
  return lists.filter(({ ranks }) => ranks.length > 1 && new Set(ranks).size > 1);
}

function promptsOf(lists: readonly PreferenceList[]): string[] {
  return [...new Set(lists.map(({ prompt }) => prompt))];
}

/** Held-out pairs, what else is measured on held-out data, and the policy's own responses to held-out prompts. */
function evaluationOf(
  { config, method, trainee, reference, heldOut, score }: TrainingParts,
  measure?: () => Promise<Metrics>,
): (() => Promise<Metrics>) | undefined {
  const pairs = heldOutPairs(heldOut);
  const prompts = promptsOf(heldOut).slice(0, config.evaluationSamples);
  const writes = yieldsOf(method, config).includes("logps");
  if (pairs.length < 2 && (!writes || prompts.length === 0)) return undefined;
  return async () => ({
    ...(await measure?.()),
    ...(pairs.length > 1 && (writes ? await likelihoods(trainee, pairs) : await rewards(trainee, pairs))),
    ...(writes &&
      prompts.length > 0 &&
      (await evaluateSamples({ policy: trainee, reference, prompts, seed: config.seed, score }))),
  });
}

type Pairs = ReturnType<typeof heldOutPairs>;

async function likelihoods(policy: LanguageTrainee, pairs: Pairs): Promise<Metrics> {
  const { right, rightWhole, margins, perplexity, entropy } = await scoreHeldOut(policy, pairs);
  return {
    accuracy: meanOf(right),
    accuracyOfSums: meanOf(rightWhole),
    logpMargin: meanOf(margins),
    perplexity,
    ...(entropy !== null && { entropy }),
  };
}

async function rewards(model: LanguageTrainee, pairs: Pairs): Promise<Metrics> {
  const { right, margins } = await scoreHeldOutRewards(model, pairs);
  return { accuracy: meanOf(right), rewardMargin: meanOf(margins) };
}
