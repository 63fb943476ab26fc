import type { MeanInterval } from "../report/mean-interval.ts";
import type { Finding, Plot, Provenance, Report } from "../report/report.ts";
import type { LogEntry, RunOutcome } from "./run.ts";

export type TrainingSummary = {
  readonly title: string;
  readonly outcome: RunOutcome;
  /** The step whose model is kept. */
  readonly keptStep: number;
  /** Held-out preference accuracy before and after, and their difference on the same pairs. */
  readonly accuracy?: { readonly start: MeanInterval; readonly end: MeanInterval; readonly gain: MeanInterval };
  readonly findings?: readonly Finding[];
  readonly provenance: Provenance;
};

/** What a training run did: its curves, a line each metric, and what became of held-out preferences. */
export function trainingReport({
  title,
  outcome,
  keptStep,
  accuracy,
  findings = [],
  provenance,
}: TrainingSummary): Report {
  const { log, steps, stopped } = outcome;
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  return {
    title,
    findings: [
      ...(accuracy
        ? [
            {
              severity: accuracy.gain.lower > 0 ? ("note" as const) : ("caution" as const),
              text: `Held-out preference accuracy went from ${percent(accuracy.start.mean)} to ${percent(accuracy.end.mean)} (95% interval ${percent(accuracy.end.lower)} to ${percent(accuracy.end.upper)}): a gain of ${percent(accuracy.gain.mean)} (${percent(accuracy.gain.lower)} to ${percent(accuracy.gain.upper)}).`,
              ...(accuracy.gain.lower > 0
                ? {}
                : { advice: "The gain is not distinguishable from none: train longer, or on more data." }),
            },
          ]
        : []),
      ...onSamples(log, keptStep),
      {
        severity: "note",
        text: `${steps} steps${stopped === "early" ? ", stopped early for want of progress" : ""}; the model kept is that of step ${keptStep}.`,
      },
      ...findings,
    ],
    tables: [evaluationTable(log)],
    plots: curves(log),
    provenance,
  };
}

/** What became of the policy's own responses, where evaluations drew some. */
function onSamples(log: readonly LogEntry[], keptStep: number): Finding[] {
  const evaluations = log.filter(({ kind, step }) => kind === "evaluation" && step <= keptStep);
  const first = evaluations.at(0)?.metrics;
  const last = evaluations.at(-1)?.metrics;
  if (first?.reward === undefined || last?.reward === undefined) return [];
  const [from, to, kl] = [first.reward, last.reward, last.sequenceKl].map((value) => value.toFixed(2));
  return [
    {
      severity: last.reward > first.reward ? "note" : "caution",
      text: `The mean reward of its own responses to held-out prompts went from ${from} to ${to}, at ${kl} nats a response from the reference.`,
    },
  ];
}

function evaluationTable(log: readonly LogEntry[]): Report["tables"][number] {
  const evaluations = log.filter(({ kind }) => kind === "evaluation");
  const names = [...new Set(evaluations.flatMap(({ metrics }) => Object.keys(metrics)))];
  return {
    id: "evaluations",
    title: "On held-out data",
    columns: [
      { key: "step", label: "Step", format: "integer" },
      ...names.map((name) => ({ key: name, label: name, format: "decimal" as const, digits: 4 })),
    ],
    rows: evaluations.map(({ step, metrics }) => ({ step, ...metrics })),
  };
}

/** A plot a metric; one that both steps and evaluations have gets two lines. */
function curves(log: readonly LogEntry[]): Plot[] {
  const names = [...new Set(log.flatMap(({ metrics }) => Object.keys(metrics)))];
  return names.map((name) => ({
    id: `curve-${name}`,
    kind: "lines",
    title: name,
    x: "step",
    y: name,
    series: (["step", "evaluation"] as const)
      .map((kind) => ({
        name: kind === "step" ? "training batch" : "held out",
        points: log
          .filter((entry) => entry.kind === kind && entry.metrics[name] !== undefined)
          .map(({ step, metrics }) => ({ x: step, y: metrics[name] })),
      }))
      .filter(({ points }) => points.length > 0),
  }));
}
