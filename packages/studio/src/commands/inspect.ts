import { Command } from "commander";
import type { Inspection } from "luce/data";
import type { VoteFile } from "luce/data/files";
import { connectedComponents, strongComponents } from "luce/rank";
import type { Finding, Report, Table } from "luce/report";
import { emitReport, provenance } from "../output.ts";
import { toColumns } from "../vote-options.ts";
import { withReading, withVotes } from "../votes.ts";

type Options = { format?: string; columns?: Record<string, string>; rejects?: string; json?: boolean; html?: string };

export const command = new Command()
  .description("Say what a file of judgments holds, what it lacks, and which of its rows cannot be read.")
  .argument("<file>", "judgments: CSV, TSV, JSONL, Parquet or another known format")
  .option("--format <format>", "read the file as this format")
  .option("--columns <pairs>", "which column is what, such as left=model_a,right=model_b,winner=choice", toColumns)
  .option("--rejects <file>", "where to keep rows that cannot be read (JSONL)")
  .option("--json", "print what was found as JSON")
  .option("--html <file>", "write a self-contained HTML report")
  .addHelpText(
    "after",
    "\nExamples:\n  luce inspect votes.csv\n  luce inspect votes.parquet --json\n  luce inspect odd.tsv --columns left=first,right=second,winner=choice",
  )
  .action(async (path: string, { format, columns, rejects, json, html }: Options) => {
    const { file, inspection } = await withVotes(path, { format, columns, rejects }, async (file) => ({
      file,
      inspection: await withReading("reading", file, () => file.inspect()),
    }));
    const report = toReport(file, inspection);
    await emitReport(report, { json: json && toDocument(file, inspection, report), html });
  });

type Connectedness = {
  readonly components: number;
  /** Groups of systems within which every strength is finite; as many as components where all are. */
  readonly strongComponents: number;
};

function connectedness({ graph }: Inspection): Connectedness | null {
  if (graph.systems.length === 0) return null;
  const from: number[] = [];
  const to: number[] = [];
  graph.outcome.forEach((share, row) => {
    if (share > 0) {
      from.push(graph.left[row]);
      to.push(graph.right[row]);
    }
    if (share < 1) {
      from.push(graph.right[row]);
      to.push(graph.left[row]);
    }
  });
  const count = (numbers: Int32Array) => new Set(numbers).size;
  return {
    components: count(connectedComponents(graph)),
    strongComponents: count(strongComponents({ nodes: graph.systems.length, from, to })),
  };
}

/** The JSON of `luce inspect`; counts are of judgments unless named otherwise. */
function toDocument(file: VoteFile, inspection: Inspection, { findings, provenance }: Report) {
  const { graph: _, time, ...counts } = inspection;
  return {
    schema: "luce-inspection/1",
    format: file.format,
    description: file.description,
    columns: file.columns,
    fields: file.fields,
    ...counts,
    time: time && { first: toIso(time.first), last: toIso(time.last) },
    connectedness: connectedness(inspection),
    rejected: file.rejected(),
    findings,
    provenance,
  };
}

function toReport(file: VoteFile, inspection: Inspection): Report {
  const graph = connectedness(inspection);
  const roles = Object.entries(file.columns).map(([part, column]) => (part === column ? part : `${column} (${part})`));
  return {
    title: `${file.fingerprint.name}: ${file.description}`,
    summary: `Read as "${file.format}"${roles.length > 0 ? ` from ${roles.join(", ")}` : ""}.`,
    findings: toFindings(file, inspection, graph),
    tables: [contentsTable(inspection, graph), ...rejectsTable(file)],
    plots: [],
    provenance: provenance({ inputs: [file.fingerprint] }),
  };
}

function contentsTable(inspection: Inspection, graph: Connectedness | null): Table {
  const { judgments, verdicts, items, systems, annotators, prompts, comparisons, longRankings, time } = inspection;
  const rows: [string, number | string][] = [
    ["judgments", judgments],
    ...Object.entries(verdicts).map(([kind, count]): [string, number] => [`with a verdict of ${kind}`, count]),
    ["items shown", items],
    ["systems", systems],
    ["annotators", annotators],
    ["prompts", prompts],
  ];
  if (comparisons.count > 0) {
    rows.push(["comparisons of two", comparisons.count]);
    for (const side of ["left", "tie", "right"] as const) {
      const name = side === "tie" ? "tied" : `won by the ${side === "left" ? "first (left)" : "second (right)"}`;
      rows.push([name, withShare(comparisons[side], comparisons.count)]);
    }
  }
  if (longRankings.count > 0) {
    rows.push(["rankings of more than two", longRankings.count]);
    rows.push(["with ties", withShare(longRankings.withTies, longRankings.count)]);
  }
  if (inspection.dimensions.length > 0) rows.push(["dimensions", inspection.dimensions.join(", ")]);
  if (time) rows.push(["from", toIso(time.first)], ["to", toIso(time.last)]);
  if (graph) rows.push(["separate groups of systems", graph.components]);
  if (inspection.repeated > 0) rows.push(["judged again by the same annotator", inspection.repeated]);
  for (const [field, count] of Object.entries(inspection.missing)) {
    if (count > 0) rows.push([`without ${field}`, withShare(count, judgments)]);
  }
  return {
    id: "contents",
    title: "Contents",
    columns: [
      { key: "what", label: "what" },
      { key: "count", label: "count", format: "integer" },
    ],
    rows: rows.map(([what, count]) => ({ what, count })),
  };
}

function rejectsTable(file: VoteFile): Table[] {
  const { first } = file.rejected();
  if (first.length === 0) return [];
  return [
    {
      id: "rejected",
      title: "Rejected rows, the first of them",
      columns: [
        { key: "line", label: "line", format: "integer" },
        { key: "field", label: "field" },
        { key: "reason", label: "reason" },
      ],
      rows: first.slice(0, 5).map(({ line, field, reason }) => ({ line, field, reason })),
    },
  ];
}

function toFindings(file: VoteFile, inspection: Inspection, graph: Connectedness | null): Finding[] {
  const { judgments, comparisons, repeated } = inspection;
  const { count: rejectedCount, file: rejectsFile, duplicates, selfComparisons } = file.rejected();
  const findings: Finding[] = file.notes.map((text) => ({ severity: "note", text }));
  if (judgments === 0) findings.push({ severity: "problem", text: "No row could be read as a judgment." });
  if (rejectedCount > 0) {
    findings.push({
      severity: rejectedCount > 0.05 * (judgments + rejectedCount) ? "problem" : "caution",
      text: `${integer(rejectedCount)} rows were rejected and are kept in ${rejectsFile}.`,
      advice: "Read the reasons there; correct the rows or name the columns with --columns.",
    });
  }
  if (graph && graph.components > 1) {
    findings.push({
      severity: "problem",
      text: `The systems fall into ${integer(graph.components)} groups that were never compared with each other.`,
      advice: "Ratings can be compared only within a group; collect judgments between the groups.",
    });
  }
  if (graph && graph.strongComponents > graph.components) {
    findings.push({
      severity: "caution",
      text: `Not every strength is finite: the systems form ${integer(graph.strongComponents)} blocks between which all judgments point one way, such as a system that never lost.`,
      advice: "Use a prior, or collect more judgments of these systems.",
    });
  }
  const decided = comparisons.left + comparisons.right;
  if (decided > 0) {
    const share = comparisons.left / decided;
    const deviations = Math.abs(comparisons.left - decided / 2) / Math.sqrt(decided / 4);
    if (comparisons.left === comparisons.count && decided > 20) {
      findings.push({ severity: "note", text: "The first always won: the order in the file is its verdict." });
    } else if (deviations > 3) {
      findings.push({
        severity: "caution",
        text: `The first of the two won ${percent(share)} of the decided comparisons, ${deviations.toFixed(1)} standard errors from an even split.`,
        advice: "Where the order shown was random this is position bias; `luce audit` tests it.",
      });
    }
  }
  if (repeated > 0) {
    findings.push({
      severity: "caution",
      text: `${integer(repeated)} judgments repeat what the same annotator had already judged.`,
    });
  }
  if (duplicates > 0) {
    findings.push({
      severity: "note",
      text: `${integer(duplicates)} rows repeat the id and content of an earlier row and count once.`,
    });
  }
  if (selfComparisons > 0) {
    findings.push({
      severity: "note",
      text: `${integer(selfComparisons)} judgments compare a system with itself and say nothing of ratings.`,
    });
  }
  return findings;
}

function withShare(count: number, total: number): string {
  return `${integer(count)} (${percent(count / total)})`;
}

function integer(value: number): string {
  return value.toLocaleString("en");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

function toIso(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? String(milliseconds) : date.toISOString();
}
