import { Command } from "commander";
import { auditReport, audits, runAudits, selectAudits } from "luce/audit";
import { emitReport, provenance, withProgress } from "../output.ts";
import { readingFindings, toColumns, toList, toSeed } from "../vote-options.ts";
import { withReading, withVotes } from "../votes.ts";

type Options = {
  only?: string[];
  seed: number;
  format?: string;
  columns?: Record<string, string>;
  rejects?: string;
  json?: boolean;
  html?: string;
  csv?: string;
};

export const command = new Command()
  .description("Ask votes what is wrong with them: what matters first, in words, then the numbers of each audit.")
  .argument("<file>", "judgments: CSV, TSV, JSONL, Parquet or another known format")
  .option("--only <audits>", `only these, separated by commas: ${audits.map(({ id }) => id).join(", ")}`, toList)
  .option("--seed <number>", "seed of what is simulated or resampled", toSeed, 1)
  .option("--format <format>", "read the file as this format")
  .option("--columns <pairs>", "which column is what, such as left=model_a,right=model_b,annotator=judge", toColumns)
  .option("--rejects <file>", "keep rows that cannot be read in this file")
  .option("--json", "print the report with the numbers of each audit (schema luce.audit/1)")
  .option("--html <file>", "write a self-contained HTML report")
  .option("--csv <file>", "write the tables as CSV")
  .addHelpText(
    "after",
    "\nExamples:\n  luce audit votes.csv\n  luce audit votes.csv --only position-bias,agreement --json\n  luce audit votes.parquet --columns annotator=judge --html audit.html",
  )
  .action(async (path: string, { only, seed, json, html, csv, ...reading }: Options) => {
    const selected = selectAudits(only);
    const { file, votes } = await withVotes(path, reading, async (file) => ({
      file,
      votes: await withReading("reading votes", file, () => file.readVoteTable()),
    }));
    const results = await withProgress("auditing", selected.length, (progress) =>
      runAudits(votes, { only, seed, onAudit: () => progress.advance() }),
    );
    const report = auditReport(results, provenance({ inputs: [file.fingerprint], seed }), readingFindings(file));
    const document = {
      schema: "luce.audit/1",
      ...report,
      audits: results.map(({ audit, missing, summary, numbers, findings }) => ({
        audit,
        missing,
        summary,
        numbers,
        findings,
      })),
    };
    await emitReport(report, { json: json && document, html, csv });
  });
