import { accuracyInterval, type HeldOutResult } from "luce/align";
import { type Finding, type MeanInterval, meanInterval, type Report, type Table } from "luce/report";
import { provenance } from "./output.ts";

/** Models of one kind, and what each made of the same pairs. */
export type Evaluated<Result> = {
  /** One, or two to be compared. */
  readonly rows: readonly ({ readonly model: string } & Result)[];
  readonly inputs: Report["provenance"]["inputs"];
};

/** How often language policies find the preferred response likelier, and how well they predict it. */
export function policyReport({ rows, inputs }: Evaluated<HeldOutResult>, data: string): Report {
  const intervals = rows.map(({ right, rightWhole }) => ({
    perToken: accuracyInterval(right),
    whole: accuracyInterval(rightWhole),
  }));
  const [first, second] = rows;
  const compared = second && {
    gain: gainOf(first.right, second.right),
    gainWhole: gainOf(first.rightWhole, second.rightWhole),
    reward: accuracyInterval(first.margins.map((margin, n) => 0.5 + Math.sign(margin - second.margins[n]) / 2)),
  };
  const findings: Finding[] = [
    {
      severity: "note",
      text: `${first.model} finds the preferred response likelier, token for token, in ${inWords(intervals[0].perToken)} of ${first.right.length} pairs.`,
    },
  ];
  if (compared) {
    findings.push(gainFinding(second.model, compared.gain), {
      severity: isClear(compared.reward, 0.5) ? "note" : "caution",
      text: `By what it learned beyond ${second.model} (the implicit reward, how much likelier it makes a response; 50% where nothing was learned) it prefers the preferred response in ${inWords(compared.reward)}.`,
    });
  }
  const models: Table = {
    id: "models",
    title: "On the judgments",
    columns: [
      ...accuracyColumns,
      { key: "whole", label: "By sums", format: "percent", digits: 1 },
      { key: "perplexity", label: "Perplexity", format: "decimal", digits: 2 },
      pairsColumn,
    ],
    rows: rows.map(({ model, perplexity, right }, n) => ({
      ...accuracyCells(model, intervals[n].perToken),
      whole: intervals[n].whole.mean,
      perplexity,
      pairs: right.length,
    })),
  };
  return {
    title: `Preference accuracy on ${data}`,
    findings,
    tables: compared
      ? [
          models,
          comparisonTable(first.model, second.model, {
            "gain in accuracy": compared.gain,
            "gain in accuracy by sums": compared.gainWhole,
            "accuracy of the implicit reward": compared.reward,
          }),
        ]
      : [models],
    plots: [],
    provenance: provenance({ inputs }),
  };
}

/** How often reward models give the preferred response the higher reward, and by how much. */
export function rewardReport(
  { rows, inputs }: Evaluated<Pick<HeldOutResult, "right" | "margins">>,
  data: string,
): Report {
  const intervals = rows.map(({ right, margins }) => ({
    accuracy: accuracyInterval(right),
    margin: meanInterval(margins),
  }));
  const [first, second] = rows;
  const { accuracy, margin } = intervals[0];
  const gain = second && gainOf(first.right, second.right);
  const models: Table = {
    id: "models",
    title: "On the judgments",
    columns: [
      ...accuracyColumns,
      { key: "margin", label: "Mean margin", format: "decimal", digits: 3 },
      { key: "marginLower", label: "95% from", format: "decimal", digits: 3 },
      { key: "marginUpper", label: "to", format: "decimal", digits: 3 },
      pairsColumn,
    ],
    rows: rows.map(({ model, right }, n) => ({
      ...accuracyCells(model, intervals[n].accuracy),
      margin: intervals[n].margin.mean,
      marginLower: intervals[n].margin.lower,
      marginUpper: intervals[n].margin.upper,
      pairs: right.length,
    })),
    caption: "The margin is the reward of the preferred response less that of the other, on each model's own scale.",
  };
  return {
    title: `Reward accuracy on ${data}`,
    findings: [
      {
        severity: accuracy.lower > 0.5 ? "note" : "caution",
        text: `${first.model} gives the preferred response the higher reward in ${inWords(accuracy)} of ${first.right.length} pairs, by ${margin.mean.toFixed(3)} on average (${margin.lower.toFixed(3)} to ${margin.upper.toFixed(3)}).`,
      },
      ...(gain ? [gainFinding(second.model, gain)] : []),
    ],
    tables: gain ? [models, comparisonTable(first.model, second.model, { "gain in accuracy": gain })] : [models],
    plots: [],
    provenance: provenance({ inputs }),
  };
}

const accuracyColumns: Table["columns"] = [
  { key: "model", label: "Model" },
  { key: "accuracy", label: "Accuracy", format: "percent", digits: 1 },
  { key: "lower", label: "95% from", format: "percent", digits: 1 },
  { key: "upper", label: "to", format: "percent", digits: 1 },
];
const pairsColumn = { key: "pairs", label: "Pairs", format: "integer" } as const;

function accuracyCells(model: string, { mean, lower, upper }: MeanInterval) {
  return { model, accuracy: mean, lower, upper };
}

/** Of differences pair by pair, which do not carry what makes a pair easy or hard for both. */
function gainOf(own: readonly number[], other: readonly number[]): MeanInterval {
  return meanInterval(own.map((right, n) => right - other[n]));
}

function gainFinding(other: string, gain: MeanInterval): Finding {
  return {
    severity: isClear(gain, 0) ? "note" : "caution",
    text: `Over ${other} that is a gain of ${percent(gain.mean)} (95% interval ${percent(gain.lower)} to ${percent(gain.upper)}, on the same pairs).`,
  };
}

function comparisonTable(own: string, other: string, measures: Readonly<Record<string, MeanInterval>>): Table {
  return {
    id: "comparison",
    title: `${own} against ${other}, on the same pairs`,
    columns: [
      { key: "measure", label: "Measure" },
      { key: "value", label: "Value", format: "percent", digits: 1 },
      { key: "lower", label: "95% from", format: "percent", digits: 1 },
      { key: "upper", label: "to", format: "percent", digits: 1 },
    ],
    rows: Object.entries(measures).map(([measure, { mean, lower, upper }]) => ({ measure, value: mean, lower, upper })),
  };
}

function isClear({ lower, upper }: MeanInterval, nothing: number): boolean {
  return lower > nothing || upper < nothing;
}

function inWords({ mean, lower, upper }: MeanInterval): string {
  return `${percent(mean)} (95% interval ${percent(lower)} to ${percent(upper)})`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)}%`;
}
