import { LuceError, suggestNearest } from "../../errors.ts";
import type { Columns, Format, Sample } from "./formats/format.ts";
import { formats } from "./formats/index.ts";
import { type Rejection, readRecords, splitHeader } from "./records.ts";
import type { Source } from "./source.ts";
import { wordOverrides } from "./table-columns.ts";

const SAMPLED_ROWS = 50;

/**
 * The fields of a file and its first rows, which is all that detection sees.
 *
 * @throws LuceError `invalid-input` where no row can be read and no header names the fields
 */
export async function takeSample(source: Source): Promise<Sample> {
  const { container } = source;
  const rows: Record<string, unknown>[] = [];
  let unread: Rejection | undefined;
  for await (const record of readRecords(source)) {
    if ("values" in record) rows.push(record.values);
    else unread ??= record;
    if (rows.length >= SAMPLED_ROWS) break;
  }
  const fields =
    container.kind === "delimited"
      ? splitHeader(source, container.delimiter)
      : [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (fields.length === 0 && unread) {
    throw new LuceError("invalid-input", `holds no row that can be read; the first ${unread.reason}`, {
      where: `${source.path}:${unread.line}`,
      hint: "check that the file is whole",
    });
  }
  return { path: source.path, container: container.kind, fields, rows, head: source.head };
}

/**
 * The first format that recognises the sample, and the parts its fields play.
 *
 * @param wanted a format's id, where no other will do
 * @param given parts whose columns the user has named
 * @throws LuceError `invalid-parameter` for a format there is not, `unknown-format` where none recognises the sample
 */
export function chooseFormat(
  sample: Sample,
  wanted: string | undefined,
  given: Columns,
): { format: Format; columns: Columns } {
  const ids = formats.map(({ id }) => id);
  if (wanted !== undefined && !ids.includes(wanted)) {
    throw new LuceError("invalid-parameter", `there is no format "${wanted}"`, { hint: suggestNearest(wanted, ids) });
  }
  const candidates = formats.filter(({ id }) => wanted === undefined || id === wanted);
  checkColumns(sample, given);
  for (const format of candidates) {
    if (unknownPart(given, format.parts) !== undefined) continue;
    const columns = format.detect(sample, given);
    if (columns) return { format, columns };
  }
  checkParts(sample, given, candidates);
  const found =
    sample.fields.length > 0 ? `its fields are ${sample.fields.slice(0, 20).join(", ")}` : "it has no fields";
  throw new LuceError(
    "unknown-format",
    wanted ? `is not in the format ${wanted}; ${found}` : `holds no judgments that Luce knows; ${found}`,
    {
      where: sample.path,
      hint: "say which columns are what, as in --columns left=model_a,right=model_b,winner=winner",
    },
  );
}

function checkColumns({ path, fields }: Sample, given: Columns): void {
  const words: readonly string[] = wordOverrides;
  for (const [part, column] of Object.entries(given)) {
    if (words.includes(part) || column === "" || fields.includes(column)) continue;
    throw new LuceError("invalid-parameter", `there is no column "${column}" for ${part}`, {
      where: path,
      hint: suggestNearest(column, fields),
    });
  }
}

/** Complains of a part that the format has not which would recognise the file without it, or that no format has. */
function checkParts(sample: Sample, given: Columns, candidates: readonly Format[]): void {
  const format = candidates.find(({ detect }) => detect(sample, {}));
  const known = format ? format.parts : [...new Set(candidates.flatMap(({ parts }) => parts))];
  const part = unknownPart(given, known);
  if (part === undefined) return;
  throw new LuceError(
    "invalid-parameter",
    `--columns has no part "${part}"${format ? ` for the format ${format.id}` : ""}`,
    {
      where: sample.path,
      hint: known.length > 0 ? suggestNearest(part, known) : "leave --columns out",
    },
  );
}

function unknownPart(given: Columns, known: readonly string[]): string | undefined {
  return Object.keys(given).find((part) => !known.includes(part));
}
