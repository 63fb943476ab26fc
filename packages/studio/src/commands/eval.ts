import path from "node:path";
import { Command } from "commander";
import {
  compileLanguagePrograms,
  createLanguageTrainee,
  type Example,
  type LanguageTrainee,
  type LanguageYield,
  scoreHeldOut,
  scoreHeldOutRewards,
} from "luce/align";
import { sgd } from "luce/engines";
import { LuceError } from "luce/errors";
import { holdsRewardModel } from "luce/policies/files";
import type { Report } from "luce/report";
import { type Evaluated, policyReport, rewardReport } from "../evaluation-reports.ts";
import { type LoadedModel, loadModel, loadReward } from "../language-model.ts";
import { emitReport } from "../output.ts";
import { heldOutPairs, readTrainingData } from "../training-data.ts";
import { atLeast } from "../vote-options.ts";

type Options = {
  data: string;
  against?: string;
  all?: boolean;
  promptTokens: number;
  responseTokens: number;
  json?: boolean;
  html?: string;
};

export const command = new Command()
  .description(
    "Ask how often a language policy finds the preferred response likelier, or a reward model rewards it more.",
  )
  .argument("<model>", "the folder of a model or of a training run")
  .requiredOption("--data <file>", "judgments: JSONL, CSV, Parquet or another known format")
  .option("--against <model>", "also another model of the same kind, and the difference on the same pairs")
  .option("--all", "all judgments, not only the tenth of the prompts that luce train holds out")
  .option("--prompt-tokens <count>", "cut prompts to their last tokens", atLeast(1), 64)
  .option("--response-tokens <count>", "leave out judgments with longer responses", atLeast(1), 128)
  .option("--json", "print the report as JSON")
  .option("--html <file>", "write a self-contained HTML report")
  .addHelpText(
    "after",
    `
Examples:
  luce eval runs/dpo --data judgments.jsonl
  luce eval runs/dpo --data judgments.jsonl --against runs/start --html comparison.html
  luce eval runs/reward --data judgments.jsonl --against runs/earlier-reward
  luce eval runs/dpo --data other-judgments.csv --all --json`,
  )
  .action(async (folder: string, options: Options) => {
    await emitReport(await evaluate(folder, options), options);
  });

async function evaluate(folder: string, options: Options): Promise<Report> {
  const names = [folder, ...(options.against === undefined ? [] : [options.against])];
  const areRewards = await Promise.all(names.map(async (name) => name !== "tiny" && (await holdsRewardModel(name))));
  if (new Set(areRewards).size > 1) throw differentKinds(names, areRewards);
  const data = path.basename(options.data);
  if (areRewards[0]) return rewardReport(await scoreModels(names, options, rewardModels), data);
  return policyReport(await scoreModels(names, options, policies), data);
}

function differentKinds(names: readonly string[], areRewards: readonly boolean[]): LuceError {
  const [first, second] = areRewards.map((isReward) => (isReward ? "a reward model" : "a language policy"));
  return new LuceError("invalid-parameter", `is ${second}, ${names[0]} ${first}: the two cannot be compared`, {
    where: names[1],
    hint: `give --against the folder of ${first}`,
  });
}

type Kind<Result> = {
  load(name: string): Promise<LoadedModel>;
  readonly yields: LanguageYield;
  score(model: LanguageTrainee, pairs: readonly Example[]): Promise<Result>;
};

const policies = { load: (name: string) => loadModel(name, 1), yields: "logps", score: scoreHeldOut } as const;
const rewardModels = { load: loadReward, yields: "rewards", score: scoreHeldOutRewards } as const;

/** Scores one model after the other, on the same pairs. */
async function scoreModels<Result>(
  names: readonly string[],
  options: Options,
  { load, yields, score }: Kind<Result>,
): Promise<Evaluated<Result>> {
  const rows: Evaluated<Result>["rows"][number][] = [];
  let first: { pairs: readonly Example[]; input: Evaluated<Result>["inputs"][number] } | undefined;
  for (const model of names) {
    const { policy, parameters, tokenizer } = await load(model);
    const data = await readTrainingData(options.data, tokenizer, options);
    const pairs = heldOutPairs(options.all ? [...data.training, ...data.heldOut] : data.heldOut);
    if (pairs.length < 2) {
      throw new LuceError("invalid-input", `${pairs.length} pairs are too few for an interval`, {
        where: options.data,
        hint: options.all ? undefined : "give --all to use every judgment",
      });
    }
    first ??= { pairs, input: data.input };
    requireSamePairs(first.pairs, pairs, names);
    const layout = { policy, tokenizer, padding: { multiple: 32 } };
    const programs = compileLanguagePrograms(layout, sgd({ learningRate: 0 }), [yields]);
    const trainee = createLanguageTrainee({ programs, parameters, maxTokens: options.responseTokens });
    rows.push({ model, ...(await score(trainee, pairs)) });
    trainee.dispose();
  }
  return { rows, inputs: first ? [first.input] : [] };
}

/** What is too long to read depends on the tokenizer. */
function requireSamePairs(
  own: readonly Example[],
  other: readonly Example[],
  [first, second]: readonly string[],
): void {
  const textOf = ({ list, items }: Example) => JSON.stringify(items.map((item) => list.responses[item]));
  if (own.length === other.length && own.every((pair, n) => textOf(pair) === textOf(other[n]))) return;
  throw new LuceError(
    "invalid-input",
    `${first} reads ${own.length} pairs and ${second} ${other.length}: their tokenizers find other responses too long`,
    { where: second, hint: "raise --response-tokens" },
  );
}
