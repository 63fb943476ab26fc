import path from "node:path";
import { Command, Option } from "commander";
import { loadMethod, methodIds, parseParameters } from "luce";
import {
  accuracyInterval,
  compileLanguagePrograms,
  createLanguageTrainee,
  headNames,
  type LanguageTrainee,
  type Metrics,
  preferenceTraining,
  quantitiesTrained,
  runTraining,
  scoreHeldOut,
  sequencesOf,
  supervisedTraining,
  type TrainingJob,
  trainingReport,
} from "luce/align";
import { openRunFolder, readCachedEvidence } from "luce/align/files";
import { adamW, linearSchedule, type Parameters, toDevice, withWarmUp } from "luce/engines";
import { LuceError, suggestNearest } from "luce/errors";
import { isObjective, type Objective } from "luce/objectives";
import { saveLanguagePolicy } from "luce/policies/files";
import { meanInterval, type Report, renderHtml, renderJson } from "luce/report";
import { type LoadedModel, loadModel } from "../language-model.ts";
import { emitReport, provenance, withInterruption, withProgress, writeFileAtomically } from "../output.ts";
import { parseTrainingConfig, readTrainingConfig, type TrainingConfig } from "../training-config.ts";
import { heldOutPairs, readTrainingData } from "../training-data.ts";
import { toSeed } from "../vote-options.ts";

type Options = Record<string, unknown> & { resume?: boolean; json?: boolean; html?: string };

export const command = new Command()
  .description("Train a language policy on demonstrations or preferences. The run can be stopped and resumed.")
  .argument("[config]", "settings as a JSON file; flags come before them")
  .option("--method <method>", "sft, or an objective; see luce methods --kind objective")
  .option("--data <file>", "judgments: JSONL, CSV, Parquet or another known format")
  .option("--held-out <file>", "judgments to evaluate on (default: every tenth prompt of the data)")
  .option("--model <model>", "tiny, or the folder of a model (default: tiny)")
  .option("--reference <folder>", "the frozen reference (default: the model as it starts)")
  .option("--out <folder>", "where the run and its model are kept")
  .option("--steps <count>", "steps in all (default: 200)", Number)
  .option("--batch-size <count>", "examples a step: pairs, lists or responses (default: 8)", Number)
  .option("--learning-rate <rate>", "of AdamW, after a warm-up, falling to a tenth (default: 0.0005)", Number)
  .option("--params <name=value...>", "parameters of the objective; see luce methods", toParameters)
  .addOption(
    new Option("--pairs <selection>", "pairs a ranked list gives (default: extremes)").choices(["extremes", "all"]),
  )
  .option("--evaluate-every <steps>", "(default: 50)", Number)
  .option("--checkpoint-every <steps>", "(default: 50)", Number)
  .option(
    "--patience <evaluations>",
    "stop after so many without a better one, and keep the best model instead of the last",
    Number,
  )
  .option("--prompt-tokens <count>", "cut prompts to their last tokens (default: 64)", Number)
  .option("--response-tokens <count>", "leave out judgments with longer responses (default: 128)", Number)
  .option("--seed <number>", "seed of what is drawn (default: 1)", toSeed)
  .option("--resume", "go on with the run in --out")
  .option("--json", "print the report as JSON")
  .option("--html <file>", "write a self-contained HTML report")
  .addHelpText(
    "after",
    `
Examples:
  luce train --method sft --data judgments.jsonl --out runs/start
  luce train --method dpo --data judgments.jsonl --model runs/start --out runs/dpo --params beta=0.2
  luce train --resume --out runs/dpo
  luce train run.json --seed 2`,
  )
  .action(async (file: string | undefined, { resume = false, json, html, ...flags }: Options) => {
    const config = await settle(file, flags, resume);
    const report = await train(config, resume);
    await emitReport(report, { json, html });
  });

/** Flags before the file; a resumed run's own settings before none. */
async function settle(
  file: string | undefined,
  flags: Record<string, unknown>,
  resume: boolean,
): Promise<TrainingConfig> {
  const { debug: _, ...given } = flags;
  const kept = resume && typeof given.out === "string" ? path.join(given.out, "run.json") : undefined;
  const source = file ?? kept;
  const written = source === undefined ? {} : await readTrainingConfig(source);
  return parseTrainingConfig({ ...written, ...given }, source ?? "luce train");
}

async function train(config: TrainingConfig, resume: boolean): Promise<Report> {
  const objective = config.method === "sft" ? null : await findObjective(config.method);
  if (objective) parseParameters(objective, config.params);
  const store = await openRunFolder(config.out, { resume });
  const model = await loadModel(config.model, config.seed);
  const data = await readTrainingData(config.data, model.tokenizer, config);
  const evaluated = config.heldOut && (await readTrainingData(config.heldOut, model.tokenizer, config));
  const split = evaluated
    ? { training: [...data.training, ...data.heldOut], heldOut: [...evaluated.training, ...evaluated.heldOut] }
    : data;
  await writeFileAtomically(path.join(config.out, "run.json"), `${JSON.stringify(config, null, 2)}\n`);

  const yields = objective ? quantitiesTrained(objective, objective.reads(config.params)) : (["logps"] as const);
  const trainee = createTrainee(config, model, yields);
  const start = createTrainee(config, await loadModel(config.reference ?? config.model, config.seed), ["logps"]);
  const pairs = heldOutPairs(split.heldOut);
  const evaluate = pairs.length > 1 && yields.includes("logps") ? () => evaluateOn(trainee, pairs) : undefined;
  let job: TrainingJob;
  if (objective) {
    const reference = objective.needsReference
      ? await readCachedEvidence(path.join(config.out, "reference"), start, sequencesOf(split.training))
      : undefined;
    job = preferenceTraining({
      ...config,
      policy: trainee,
      objective,
      source: { kind: "offline", lists: split.training },
      reference,
      evaluate,
    });
  } else {
    const demonstrations = split.training.map(({ prompt, responses, ranks }) => ({
      prompt,
      response: responses[ranks.indexOf(1)],
    }));
    job = supervisedTraining({ ...config, policy: trainee, demonstrations, evaluate });
  }
  const outcome = await withInterruption((signal) =>
    withProgress(config.method, config.steps, (progress) =>
      runTraining(
        job,
        {
          ...config,
          watch: objective ? { metric: "accuracy", better: "higher" } : { metric: "perplexity", better: "lower" },
        },
        store,
        { signal, onProgress: ({ step }) => progress.at(step) },
      ),
    ),
  );
  const best = config.patience === undefined ? null : await store.readBest();
  if (best) await job.restore(best.files);
  await saveLanguagePolicy(config.out, model.policy, withoutHeads(trainee.parameters()));
  const report = trainingReport({
    title: `${config.method} on ${path.basename(config.data)}`,
    outcome,
    keptStep: best?.step ?? outcome.steps,
    accuracy: evaluate && (await compareWithStart(start, trainee, pairs)),
    findings: [
      {
        severity: "note",
        text: `${split.training.length} judgments to learn from, ${split.heldOut.length} held out, ${data.tooLong} left out for a response of ${config.responseTokens} tokens or more.`,
      },
      ...(best
        ? [
            {
              severity: "caution" as const,
              text: "The model was chosen among its checkpoints by the same held-out pairs, so its accuracy on them is a little flattered.",
            },
          ]
        : []),
      ...(data.unusable.count > 0
        ? [
            {
              severity: "caution" as const,
              text: `${data.unusable.count} judgments cannot be learnt from; the first: ${data.unusable.first}.`,
            },
          ]
        : []),
    ],
    provenance: provenance({ inputs: [data.input], seed: config.seed }),
  });
  await writeFileAtomically(path.join(config.out, "report.json"), renderJson(report));
  await writeFileAtomically(path.join(config.out, "report.html"), await renderHtml(report));
  return report;
}

async function findObjective(id: string): Promise<Objective> {
  if (!methodIds.includes(id as never)) {
    throw new LuceError("unknown-method", `there is no method "${id}" to train with`, {
      hint: suggestNearest(id, ["sft", ...methodIds]),
    });
  }
  const method = await loadMethod(id);
  if (!isObjective(method)) {
    throw new LuceError("unsupported", `${id} is a ${method.kind}: it trains nothing`, {
      hint: "luce methods --kind objective lists objectives",
    });
  }
  if (method.family === "group") {
    throw new LuceError(
      "unsupported",
      `${id} learns from the policy's own responses as they are rewarded, not from a file`,
      {
        hint: "use preferenceTraining with scoredRollouts of luce/align",
      },
    );
  }
  return method;
}

function createTrainee(
  config: TrainingConfig,
  { policy, parameters, tokenizer }: LoadedModel,
  yields: readonly ("logps" | "values" | "rewards")[],
) {
  const { learningRate, steps, promptTokens, responseTokens } = config;
  const transform = adamW({
    learningRate: withWarmUp(Math.ceil(steps / 20), linearSchedule(learningRate, learningRate / 10, steps)),
    beta2: 0.99,
  });
  const padding = { multiple: 8, promptLength: roundUp(promptTokens + 1), responseLength: roundUp(responseTokens) };
  const programs = compileLanguagePrograms({ policy, tokenizer, padding }, transform, yields);
  const { hiddenSize } = policy.config;
  const heads = yields.flatMap((name) =>
    name === "logps" ? [] : [[headNames[name], { data: new Float32Array(hiddenSize), shape: [1, hiddenSize] }]],
  );
  return createLanguageTrainee({
    programs,
    parameters: { ...parameters, ...toDevice(Object.fromEntries(heads)) },
    maxTokens: responseTokens,
  });
}

function roundUp(tokens: number): number {
  return Math.ceil(tokens / 8) * 8;
}

function withoutHeads(parameters: Parameters): Parameters {
  const heads: string[] = Object.values(headNames);
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !heads.includes(name)));
}

type Pairs = ReturnType<typeof heldOutPairs>;

async function evaluateOn(policy: LanguageTrainee, pairs: Pairs): Promise<Metrics> {
  const { right, rightWhole, margins, perplexity, entropy } = await scoreHeldOut(policy, pairs);
  return {
    accuracy: meanOf(right),
    accuracyOfSums: meanOf(rightWhole),
    logpMargin: meanOf(margins),
    perplexity,
    ...(entropy !== null && { entropy }),
  };
}

async function compareWithStart(start: LanguageTrainee, end: LanguageTrainee, pairs: Pairs) {
  const before = (await scoreHeldOut(start, pairs)).right;
  const after = (await scoreHeldOut(end, pairs)).right;
  const gains = after.map((right, n) => right - before[n]);
  return {
    start: accuracyInterval(before),
    end: accuracyInterval(after),
    gain: meanInterval(gains),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function toParameters(text: string, previous: Record<string, unknown> = {}): Record<string, unknown> {
  const [name, ...rest] = text.split("=");
  const value = rest.join("=");
  if (value === "")
    throw new LuceError("invalid-parameter", `"${text}" is no parameter`, { hint: "write it as name=value" });
  const plain =
    value === "true" || value === "false" ? value === "true" : Number.isNaN(Number(value)) ? value : Number(value);
  return { ...previous, [name]: plain };
}
