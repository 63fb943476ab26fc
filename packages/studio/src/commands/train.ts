import path from "node:path";
import { Command, Option } from "commander";
import { loadMethod, methodIds, parseParameters } from "luce";
import {
  accuracyInterval,
  type LanguageTrainee,
  runTraining,
  scoreHeldOut,
  scoreHeldOutRewards,
  trainingReport,
} from "luce/align";
import { openRunFolder } from "luce/align/files";
import { LuceError, suggestNearest } from "luce/errors";
import { isObjective } from "luce/objectives";
import { type Finding, meanInterval, type Report, renderHtml, renderJson } from "luce/report";
import { type LoadedModel, loadModel } from "../language-model.ts";
import { emitReport, provenance, withInterruption, withProgress, writeFileAtomically } from "../output.ts";
import { parseTrainingConfig, readTrainingConfig, type TrainingConfig } from "../training-config.ts";
import { heldOutPairs, readTrainingData, type TrainingData } from "../training-data.ts";
import { checkSettings, createJob, type TrainingMethod, watchOf, yieldsOf } from "../training-jobs.ts";
import { createFrozen, createTrainee, loadScorer } from "../training-models.ts";
import { toSeed } from "../vote-options.ts";

type Options = Record<string, unknown> & { resume?: boolean; json?: boolean; html?: string };

export const command = new Command()
  .description(
    "Train a language policy on demonstrations, preferences or rewards, or a reward model. The run can be stopped and resumed.",
  )
  .argument("[config]", "settings as a JSON file; flags come before them")
  .option("--method <method>", "sft, distillation, or an objective; see luce methods --kind objective")
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
  .option("--reward <reward>", "what scores the policy's own responses: the folder of a reward model, or world")
  .option("--online", "learn preferences from the policy's own responses, as --reward ranks them")
  .option("--iterative", "learn from responses against the policy that wrote them, not against the start")
  .option("--responses <count>", "responses a prompt, where the policy or a teacher writes them (default: 4)", Number)
  .option("--every <steps>", "steps that learn from the same responses of the policy (default: 2)", Number)
  .option("--temperature <value>", "of responses to learn from (default: 1)", Number)
  .option("--teacher <model>", "of distillation: the model to imitate")
  .addOption(
    new Option("--from <author>", "of distillation: whose responses to learn from (default: teacher)").choices([
      "teacher",
      "student",
    ]),
  )
  .option("--lora-rank <rank>", "train low-rank adapters instead of all weights", Number)
  .option("--lora-alpha <alpha>", "of adapters: their scale is alpha / rank (default: twice the rank)", Number)
  .option("--accumulate <parts>", "read a step's prompts in so many parts, to save memory (default: 1)", Number)
  .option("--evaluation-samples <count>", "held-out prompts to answer at evaluations (default: 16)", Number)
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
  luce train --method bradley-terry-reward --data judgments.jsonl --model runs/start --out runs/reward
  luce train --method grpo --data judgments.jsonl --model runs/start --reward runs/reward --out runs/grpo
  luce train --method dpo --online --data judgments.jsonl --model runs/start --reward runs/reward --out runs/online
  luce train --method distillation --data judgments.jsonl --teacher runs/grpo --out runs/small
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
  const method = await findMethod(config.method);
  if (typeof method !== "string") parseParameters(method, config.params);
  checkSettings(method, config);
  const store = await openRunFolder(config.out, { resume });
  const model = await loadModel(config.model, config.seed);
  const data = await readTrainingData(config.data, model.tokenizer, config);
  const evaluated = config.heldOut && (await readTrainingData(config.heldOut, model.tokenizer, config));
  const split = evaluated
    ? { training: [...data.training, ...data.heldOut], heldOut: [...evaluated.training, ...evaluated.heldOut] }
    : data;
  const score = config.reward === undefined ? undefined : await loadScorer(config, config.reward);
  const frozen = await loadModel(config.teacher ?? config.reference ?? config.model, config.seed);
  requireSameTokens(model, frozen, config.teacher ?? config.reference);
  await writeFileAtomically(path.join(config.out, "run.json"), `${JSON.stringify(config, null, 2)}\n`);

  const yields = yieldsOf(method, config);
  const reference = createFrozen(config, frozen);
  const start = config.teacher
    ? createFrozen(config, await loadModel(config.reference ?? config.model, config.seed))
    : reference;
  const { trainee, save } = createTrainee(config, model, yields);
  const job = await createJob({ config, method, trainee, reference, ...split, score });
  const watch = watchOf(method, config);
  const outcome = await withInterruption((signal) =>
    withProgress(config.method, config.steps, (progress) =>
      runTraining(job, { ...config, watch }, store, { signal, onProgress: ({ step }) => progress.at(step) }),
    ),
  );
  const best = config.patience === undefined ? null : await store.readBest();
  if (best) await job.restore(best.files);
  await save(config.out);
  const pairs = heldOutPairs(split.heldOut);
  const report = trainingReport({
    title: `${config.method} on ${path.basename(config.data)}`,
    outcome,
    keptStep: best?.step ?? outcome.steps,
    accuracy:
      pairs.length > 1 ? await compareWithStart(yields.includes("logps") ? start : null, trainee, pairs) : undefined,
    findings: findingsOf(config, split, data, best !== null),
    provenance: provenance({ inputs: [data.input], seed: config.seed }),
  });
  await writeFileAtomically(path.join(config.out, "report.json"), renderJson(report));
  await writeFileAtomically(path.join(config.out, "report.html"), await renderHtml(report));
  return report;
}

function findingsOf(
  { responseTokens }: TrainingConfig,
  { training, heldOut }: Pick<TrainingData, "training" | "heldOut">,
  { tooLong, unusable }: TrainingData,
  isChosen: boolean,
): Finding[] {
  const findings: Finding[] = [
    {
      severity: "note",
      text: `${training.length} judgments to learn from, ${heldOut.length} held out, ${tooLong} left out for a response of ${responseTokens} tokens or more.`,
    },
  ];
  if (isChosen) {
    findings.push({
      severity: "caution",
      text: "The model was chosen among its checkpoints by the same held-out data, so what is measured on them is a little flattered.",
    });
  }
  if (unusable.count > 0) {
    findings.push({
      severity: "caution",
      text: `${unusable.count} judgments cannot be learnt from; the first: ${unusable.first}.`,
    });
  }
  return findings;
}

function requireSameTokens(own: LoadedModel, other: LoadedModel, name: string | undefined): void {
  const [size, found] = [own, other].map(({ tokenizer }) => tokenizer.size);
  if (size === found) return;
  throw new LuceError("shape-mismatch", `its tokenizer has ${found} tokens, the model's own ${size}`, {
    where: name,
    hint: "a policy is compared with its reference or teacher token by token: both need the same tokenizer",
  });
}

async function findMethod(id: string): Promise<TrainingMethod> {
  if (id === "sft" || id === "distillation") return id;
  if (!methodIds.includes(id as never)) {
    throw new LuceError("unknown-method", `there is no method "${id}" to train with`, {
      hint: suggestNearest(id, ["sft", "distillation", ...methodIds]),
    });
  }
  const method = await loadMethod(id);
  if (!isObjective(method)) {
    throw new LuceError("unsupported", `${id} is a ${method.kind}: it trains nothing`, {
      hint: "luce methods --kind objective lists objectives",
    });
  }
  return method;
}

/** A reward model does not write: it starts by knowing nothing, every pair a tie. */
async function compareWithStart(
  start: LanguageTrainee | null,
  end: LanguageTrainee,
  pairs: ReturnType<typeof heldOutPairs>,
) {
  const before = start ? (await scoreHeldOut(start, pairs)).right : pairs.map(() => 0.5);
  const after = (await (start ? scoreHeldOut(end, pairs) : scoreHeldOutRewards(end, pairs))).right;
  const gains = after.map((right, n) => right - before[n]);
  return {
    start: accuracyInterval(before),
    end: accuracyInterval(after),
    gain: meanInterval(gains),
  };
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
