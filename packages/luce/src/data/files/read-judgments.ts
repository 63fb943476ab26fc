import { LuceError } from "../../errors.ts";
import type { Collector } from "../collect.ts";
import { judgmentIdentifier } from "../identity.ts";
import type { Judgment, JudgmentDraft } from "../judgment.ts";
import { covariateOf } from "../views.ts";
import { type Columns, type Reader, type RepeatedDraft, RowFault } from "./formats/format.ts";
import type { OpenedFile } from "./opened-file.ts";
import { readContextOf } from "./read-context.ts";
import { readRecords, rejection, type SourceRecord } from "./records.ts";
import { openRejects, type Rejects } from "./rejects.ts";
import type { CountOptions } from "./vote-file.ts";

/** Every judgment of a file in order, each with its id. */
export async function* readJudgments(file: OpenedFile): AsyncGenerator<Judgment> {
  const identify = judgmentIdentifier();
  for await (const { draft, repeat } of readDrafts(file)) {
    for (let copy = 0; copy < repeat; copy++) {
      yield (draft.id === undefined ? { ...draft, id: identify(draft).id } : draft) as Judgment;
    }
  }
}

/** What the judgments that are asked for amount to. */
export async function collectJudgments<T>(
  file: OpenedFile,
  collector: Collector<T>,
  request: CountOptions = {},
): Promise<T> {
  for await (const { draft, repeat } of readDrafts(file, request)) collector.add(draft, repeat);
  return collector.finish();
}

/**
 * Reads a file row by row: its judgments in order, with the rows that are none set aside in `file.rejected`.
 * Ids are checked where the source gives them.
 *
 * @param records the rows to read, where not all
 */
export async function* readDrafts(
  file: OpenedFile,
  request: CountOptions = {},
  records: AsyncIterable<SourceRecord> = readRecords(file.source),
): AsyncGenerator<{ draft: JudgmentDraft; repeat: number }> {
  const { source, format, columns, sample } = file;
  const kept = openRejects(source.path, file.rejects);
  const reader = format.reader(columns, sample, await readContextOf(file));
  const isFirstOfId = firstOfEachId(kept, columns);
  let lastLine = 0;
  try {
    for await (const record of records) {
      lastLine = record.line;
      if (!("values" in record)) {
        kept.add(record);
        continue;
      }
      try {
        for (const { repeat = 1, ...draft } of reader.read(record.values, record.line)) {
          if (!isFirstOfId(draft, record) || !isAskedFor(draft, request, columns)) continue;
          requireFields(draft, request);
          if (isSelfComparison(draft)) kept.addSelfComparison();
          yield { draft, repeat };
        }
      } catch (error) {
        kept.addFault(error, record.line, record.raw || JSON.stringify(record.values));
      }
    }
    for (const { repeat = 1, ...draft } of finishReading(reader, `${source.path}:${lastLine}`)) {
      if (isAskedFor(draft, request, columns)) yield { draft, repeat };
    }
  } finally {
    file.rejected = kept.close();
  }
}

/** Tells whether a judgment is the first of its id, and has the rejects know of one that is not. */
function firstOfEachId(kept: Rejects, columns: Columns) {
  const identify = judgmentIdentifier();
  return (draft: JudgmentDraft, { line, raw }: { readonly line: number; readonly raw: string }): boolean => {
    if (draft.id === undefined) return true;
    const { kind, id } = identify(draft);
    if (kind === "duplicate") kept.addDuplicate();
    if (kind === "conflict") {
      const reason = `id "${id}" came before with other content; the first stands (--columns id= counts every row)`;
      kept.add(rejection(line, columns.id ?? "id", reason, raw));
    }
    return kind === "new";
  };
}

function isAskedFor(draft: JudgmentDraft, { where }: CountOptions, columns: Columns): boolean {
  return where === undefined || fieldOf(draft, where.field, columns) === where.value;
}

/** A field of a judgment by its part or by the name of its column. */
export function fieldOf(draft: JudgmentDraft, field: string, columns: Columns): string | undefined {
  const is = (part: string) => field === part || columns[part] === field;
  const value = is("annotator")
    ? draft.annotator
    : is("prompt")
      ? draft.prompt?.id
      : is("dimension")
        ? draft.dimension
        : is("left")
          ? draft.items[0]?.system
          : is("right")
            ? draft.items[1]?.system
            : draft.metadata?.[field];
  return value === undefined || value === null ? undefined : String(value);
}

/** What a request needs of every judgment. @throws RowFault */
function requireFields(draft: JudgmentDraft, { cluster, covariates = [] }: CountOptions): void {
  if (cluster && draft[cluster] === undefined) throw new RowFault(cluster, "is not named, so the vote has no cluster");
  for (const name of covariates) {
    const missing = draft.items.findIndex((item, side) => Number.isNaN(covariateOf(draft, item, side, name)));
    if (missing >= 0) throw new RowFault(name, `item ${missing + 1} has no number for it`);
  }
}

function isSelfComparison({ items: [left, right, ...others] }: JudgmentDraft): boolean {
  return others.length === 0 && right !== undefined && left.system !== undefined && left.system === right.system;
}

/** What a reader held until the end of the file. */
function finishReading(reader: Reader, where: string): readonly RepeatedDraft[] {
  try {
    return reader.finish?.() ?? [];
  } catch (error) {
    if (!(error instanceof RowFault)) throw error;
    throw new LuceError("invalid-input", `${error.field}: ${error.message}`, { where });
  }
}
