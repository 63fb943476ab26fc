import path from "node:path";
import { Command } from "commander";
import { accuracyInterval, compileLanguagePrograms, createLanguageTrainee, scoreHeldOut } from "luce/align";
import { sgd } from "luce/engines";
import { LuceError } from "luce/errors";
import { type MeanInterval, meanInterval, type Report } from "luce/report";
import { loadModel } from "../language-model.ts";
import { emitReport, provenance } from "../output.ts";
import { heldOutPairs, readTrainingData } from "../training-data.ts";

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
  .description("Ask how often a language policy finds the preferred response likelier, and how well it predicts it.")
  .argument("<model>", "the folder of a model or of a training run")
  .requiredOption("--data <file>", "judgments: JSONL, CSV, Parquet or another known format")
  .option("--against <model>", "also another model, and the difference on the same pairs")
  .option("--all", "all judgments, not only the tenth of the prompts that luce train holds out")
  .option("--prompt-tokens <count>", "cut prompts to their last tokens", Number, 64)
  .option("--response-tokens <count>", "leave out judgments with longer responses", Number, 128)
  .option("--json", "print the report as JSON")
  .option("--html <file>", "write a self-contained HTML report")
  .addHelpText(
    "after",
    `
Examples:
  luce eval runs/dpo --data judgments.jsonl
  luce eval runs/dpo --data judgments.jsonl --against runs/start --html comparison.html
  luce eval runs/dpo --data other-judgments.csv --all --json`,
  )
  .action(async (folder: string, options: Options) => {
    await emitReport(await evaluate(folder, options), options);
  });

type Row = { model: string } & Awaited<ReturnType<typeof scoreHeldOut>>;

async function evaluate(folder: string, options: Options): Promise<Report> {
  const names = [folder, ...(options.against === undefined ? [] : [options.against])];
  const rows: Row[] = [];
  let inputs: Report["provenance"]["inputs"] = [];
  for (const name of names) {
    const { policy, parameters, tokenizer } = await loadModel(name, 1);
    const data = await readTrainingData(options.data, tokenizer, options);
    const pairs = heldOutPairs(options.all ? [...data.training, ...data.heldOut] : data.heldOut);
    if (pairs.length < 2) {
      throw new LuceError("invalid-input", `${pairs.length} pairs are too few for an interval`, {
        where: options.data,
        hint: options.all ? undefined : "give --all to use every judgment",
      });
    }
    const programs = compileLanguagePrograms(
      { policy, tokenizer, padding: { multiple: 32 } },
      sgd({ learningRate: 0 }),
    );
    const trainee = createLanguageTrainee({ programs, parameters, maxTokens: options.responseTokens });
    rows.push({ model: name, ...(await scoreHeldOut(trainee, pairs)) });
    trainee.dispose();
    inputs = [data.input];
  }
  return toReport(rows, inputs, path.basename(options.data));
}

function toReport(rows: readonly Row[], inputs: Report["provenance"]["inputs"], data: string): Report {
  const intervals = rows.map(({ right, rightWhole }) => ({
    perToken: accuracyInterval(right),
    whole: accuracyInterval(rightWhole),
  }));
  const inWords = ({ mean, lower, upper }: MeanInterval) =>
    `${percent(mean)} (95% interval ${percent(lower)} to ${percent(upper)})`;
  const [first, second] = rows;
  const compared = second && compare(first, second);
  return {
    title: `Preference accuracy on ${data}`,
    findings: [
      {
        severity: "note",
        text: `${first.model} finds the preferred response likelier, token for token, in ${inWords(intervals[0].perToken)} of ${first.right.length} pairs.`,
      },
      ...(compared
        ? [
            {
              severity: isClear(compared.gain, 0) ? ("note" as const) : ("caution" as const),
              text: `Over ${second.model} that is a gain of ${percent(compared.gain.mean)} (95% interval ${percent(compared.gain.lower)} to ${percent(compared.gain.upper)}, on the same pairs).`,
            },
            {
              severity: isClear(compared.reward, 0.5) ? ("note" as const) : ("caution" as const),
              text: `By what it learned beyond ${second.model} (the implicit reward, how much likelier it makes a response; 50% where nothing was learned) it prefers the preferred response in ${inWords(compared.reward)}.`,
            },
          ]
        : []),
    ],
    tables: [
      {
        id: "models",
        title: "On the judgments",
        columns: [
          { key: "model", label: "Model" },
          { key: "accuracy", label: "Accuracy", format: "percent", digits: 1 },
          { key: "lower", label: "95% from", format: "percent", digits: 1 },
          { key: "upper", label: "to", format: "percent", digits: 1 },
          { key: "whole", label: "By sums", format: "percent", digits: 1 },
          { key: "perplexity", label: "Perplexity", format: "decimal", digits: 2 },
          { key: "pairs", label: "Pairs", format: "integer" },
        ],
        rows: rows.map(({ model, perplexity, right }, n) => ({
          model,
          accuracy: intervals[n].perToken.mean,
          lower: intervals[n].perToken.lower,
          upper: intervals[n].perToken.upper,
          whole: intervals[n].whole.mean,
          perplexity,
          pairs: right.length,
        })),
      },
      ...(compared
        ? [
            {
              id: "comparison",
              title: `${first.model} against ${second.model}, on the same pairs`,
              columns: [
                { key: "measure", label: "Measure" },
                { key: "value", label: "Value", format: "percent" as const, digits: 1 },
                { key: "lower", label: "95% from", format: "percent" as const, digits: 1 },
                { key: "upper", label: "to", format: "percent" as const, digits: 1 },
              ],
              rows: [
                { measure: "gain in accuracy", ...toCells(compared.gain) },
                { measure: "gain in accuracy by sums", ...toCells(compared.gainWhole) },
                { measure: "accuracy of the implicit reward", ...toCells(compared.reward) },
              ],
            },
          ]
        : []),
    ],
    plots: [],
    provenance: provenance({ inputs }),
  };
}

/** Differences pair by pair, which do not carry what makes a pair easy or hard for both. */
function compare(own: Row, other: Row): Record<"gain" | "gainWhole" | "reward", MeanInterval> {
  const gains = (read: (row: Row) => readonly number[]) =>
    meanInterval(read(own).map((right, n) => right - read(other)[n]));
  return {
    gain: gains(({ right }) => right),
    gainWhole: gains(({ rightWhole }) => rightWhole),
    reward: accuracyInterval(own.margins.map((margin, n) => 0.5 + Math.sign(margin - other.margins[n]) / 2)),
  };
}

function isClear({ lower, upper }: MeanInterval, nothing: number): boolean {
  return lower > nothing || upper < nothing;
}

function toCells({ mean, lower, upper }: MeanInterval): Record<"value" | "lower" | "upper", number> {
  return { value: mean, lower, upper };
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)}%`;
}
