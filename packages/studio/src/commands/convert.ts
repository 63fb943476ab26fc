import { realpath } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { splitByPrompt } from "luce/data";
import { distributeJudgments, findWriter, type VoteFile, type Written, writableFormats } from "luce/data/files";
import { LuceError } from "luce/errors";
import { print, replaceFileAtomically } from "../output.ts";
import { toColumns, toSeed, toShare } from "../vote-options.ts";
import { withReading, withVotes } from "../votes.ts";

type Options = {
  to: string;
  out: string;
  split?: number;
  splitOut?: string;
  seed?: number;
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
  .option("--split <share>", "set the judgments of about this share of the prompts apart", toShare)
  .option("--split-out <file>", "where to write what --split sets apart")
  .option("--seed <number>", "of --split: another seed sets other prompts apart (default: 1)", toSeed)
  .option("--format <format>", "read the file as this format")
  .option("--columns <pairs>", "which column is what, such as left=model_a,right=model_b,winner=choice", toColumns)
  .option("--rejects <file>", "where to keep rows that cannot be read (JSONL)")
  .option("--json", "print { format, out, judgments, leftOut, simplified, split, rejected }")
  .addHelpText(
    "after",
    `
Examples:
  luce convert votes.csv --to luce --out votes.jsonl
  luce convert dialogues.jsonl.gz --to trl-preference --out train.jsonl
  luce convert judgments.jsonl --to luce --out training.jsonl --split 0.2 --split-out test.jsonl --seed 1
  luce convert votes.jsonl --to parquet --out votes.parquet`,
  )
  .action(async (source: string, { to, out, split, splitOut, seed, format, columns, rejects, json }: Options) => {
    findWriter(to);
    const parts = planParts(out, { share: split, out: splitOut, seed });
    await requireDistinct({
      "the file that is read": source,
      "--out": out,
      "--split-out": splitOut,
      "--rejects": rejects,
    });
    const { written, rejected } = await withVotes(source, { format, columns, rejects }, async (file) => {
      const written = await withReading("converting", file, () => writeParts(file, to, parts));
      return { written, rejected: file.rejected() };
    });
    const [main, apart] = parts.map(({ out, split }, n) => ({ out, ...split, ...written[n] }));
    if (json) print(`${JSON.stringify({ format: to, ...main, ...(apart && { split: apart }), rejected }, null, 2)}\n`);
    else print(summary([main, ...(apart ? [apart] : [])], to, rejected));
  });

type Part = { readonly out: string; readonly split?: { readonly share: number; readonly seed: number } };

/** The files to write: one, or two where a split sets judgments apart. */
function planParts(
  out: string,
  split: { share: number | undefined; out: string | undefined; seed: number | undefined },
): Part[] {
  if (split.share === undefined || split.out === undefined) {
    if (split.share !== undefined) throw refuse("--split sets judgments apart, and nothing says where", "--split-out");
    if (split.out !== undefined) throw refuse("--split-out is for judgments that are set apart", "--split");
    if (split.seed !== undefined) throw refuse("--seed is for judgments that are set apart", "--split");
    return [{ out }];
  }
  return [{ out }, { out: split.out, split: { share: split.share, seed: split.seed ?? 1 } }];
}

function refuse(message: string, missing: string): LuceError {
  return new LuceError("invalid-parameter", message, { hint: `give ${missing} too` });
}

/** No file may be written over one that is read or written too. */
async function requireDistinct(files: Readonly<Record<string, string | undefined>>): Promise<void> {
  const seen = new Map<string, string>();
  for (const [name, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const place = await placeOf(file);
    const other = seen.get(place);
    if (other !== undefined) {
      const message = `is both ${other} and ${name}`;
      throw new LuceError("invalid-parameter", message, { where: file, hint: "name two files" });
    }
    seen.set(place, name);
  }
}

/** Where a file lies, or will, whatever links lead there. */
function placeOf(file: string): Promise<string> {
  const { dir, base } = path.parse(path.resolve(file));
  return realpath(file)
    .catch(async () => path.join(await realpath(dir), base))
    .catch(() => path.join(dir, base));
}

/** Writes all parts, in one reading of the file, or none. */
async function writeParts(file: VoteFile, format: string, parts: readonly Part[]): Promise<Written[]> {
  const split = parts.at(-1)?.split;
  const isApart = split ? splitByPrompt(split) : () => false;
  const write = async ([next, ...others]: readonly Part[], temporaries: readonly string[]): Promise<Written[]> => {
    let written: Written[] = [];
    if (!next) {
      written = await distributeJudgments(file.judgments(), format, temporaries, (judgment) => +isApart(judgment));
      const empty = written.findIndex(({ judgments }) => judgments === 0);
      if (empty >= 0) throw nothingWritten(file.path, format, parts[empty], written);
      return written;
    }
    await replaceFileAtomically(next.out, async (temporary) => {
      written = await write(others, [...temporaries, temporary]);
    });
    return written;
  };
  return write(parts, []);
}

function nothingWritten(source: string, format: string, { out }: Part, written: readonly Written[]): LuceError {
  const reason = written.flatMap(({ leftOut }) => leftOut)[0]?.reason;
  if (written.some(({ judgments }) => judgments > 0)) {
    return new LuceError(
      "invalid-input",
      `the split leaves nothing to write to ${out}${reason ? `, among what is left out: ${reason}` : ""}`,
      {
        where: source,
        hint: "it has few prompts: take another share or seed",
      },
    );
  }
  if (reason === undefined) {
    return new LuceError("invalid-input", "holds no judgment that can be read", {
      where: source,
      hint: "`luce inspect` says what is in it",
    });
  }
  return new LuceError("unsupported", `no judgment can be written as ${format}: ${reason}`, {
    where: source,
    hint: "--to luce keeps everything",
  });
}

function summary(
  parts: readonly (Part & Written)[],
  format: string,
  rejected: { count: number; file: string | undefined },
): string {
  const number = new Intl.NumberFormat("en");
  const total = parts.reduce((sum, { judgments }) => sum + judgments, 0);
  const lines = parts.flatMap(({ out, judgments, leftOut, simplified }) => [
    `wrote ${number.format(judgments)} judgments${parts.length > 1 ? ` (${((100 * judgments) / total).toFixed(1)}%)` : ""} as ${format} to ${out}`,
    ...leftOut.map(({ reason, count, firstId }) => `left out ${number.format(count)}: ${reason} (first: ${firstId})`),
    ...simplified.map(
      ({ reason, count, firstId }) => `simplified ${number.format(count)}: ${reason} (first: ${firstId})`,
    ),
  ]);
  if (rejected.count > 0) lines.push(`rejected ${number.format(rejected.count)} rows; they are in ${rejected.file}`);
  return `${lines.join("\n")}\n`;
}
