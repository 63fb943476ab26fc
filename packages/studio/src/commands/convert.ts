import { Command } from "commander";
import { findWriter, writableFormats, writeJudgments } from "luce/data/files";
import { LuceError } from "luce/errors";
import { print, replaceFileAtomically } from "../output.ts";
import { toColumns } from "../vote-options.ts";
import { withReading, withVotes } from "../votes.ts";

type Options = {
  to: string;
  out: string;
  format?: string;
  columns?: Record<string, string>;
  rejects?: string;
  json?: boolean;
};

export const command = new Command()
  .description("Write judgments in another format. What the format cannot carry is left out, and said.")
  .argument("<file>", "judgments: CSV, TSV, JSONL, Parquet or another known format")
  .requiredOption("--to <format>", writableFormats.map(({ id, name }) => `${id}: ${name}`).join("; "))
  .requiredOption("--out <file>", "where to write; replaced whole or not at all")
  .option("--format <format>", "read the file as this format")
  .option("--columns <pairs>", "which column is what, such as left=model_a,right=model_b,winner=choice", toColumns)
  .option("--rejects <file>", "where to keep rows that cannot be read (JSONL)")
  .option("--json", "print { format, out, judgments, leftOut, simplified, rejected }")
  .addHelpText(
    "after",
    "\nExamples:\n  luce convert votes.csv --to luce --out votes.jsonl\n  luce convert dialogues.jsonl.gz --to trl-preference --out train.jsonl\n  luce convert votes.jsonl --to parquet --out votes.parquet",
  )
  .action(async (path: string, { to, out, format, columns, rejects, json }: Options) => {
    findWriter(to);
    const { written, rejected } = await withVotes(path, { format, columns, rejects }, async (file) => {
      let result: Awaited<ReturnType<typeof writeJudgments>> | undefined;
      await withReading("converting", file, () =>
        replaceFileAtomically(out, async (temporary) => {
          result = await writeJudgments(file.judgments(), to, temporary);
          if (result.judgments === 0) throw nothingWritten(path, to, result.leftOut[0]?.reason);
        }),
      );
      return { written: result!, rejected: file.rejected() };
    });
    if (json) print(`${JSON.stringify({ format: to, out, ...written, rejected }, null, 2)}\n`);
    else print(summary(out, to, written, rejected));
  });

function nothingWritten(path: string, format: string, reason: string | undefined): LuceError {
  return new LuceError("unsupported", `no judgment can be written as ${format}${reason ? `: ${reason}` : ""}`, {
    where: path,
    hint: "--to luce keeps everything",
  });
}

function summary(
  out: string,
  format: string,
  { judgments, leftOut, simplified }: Awaited<ReturnType<typeof writeJudgments>>,
  rejected: { count: number; file: string | undefined },
): string {
  const number = new Intl.NumberFormat("en");
  const lines = [`wrote ${number.format(judgments)} judgments as ${format} to ${out}`];
  for (const { reason, count, firstId } of leftOut) {
    lines.push(`left out ${number.format(count)}: ${reason} (first: ${firstId})`);
  }
  for (const { reason, count, firstId } of simplified) {
    lines.push(`simplified ${number.format(count)}: ${reason} (first: ${firstId})`);
  }
  if (rejected.count > 0) lines.push(`rejected ${number.format(rejected.count)} rows; they are in ${rejected.file}`);
  return `${lines.join("\n")}\n`;
}
