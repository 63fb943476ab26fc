import { stat } from "node:fs/promises";
import { LuceError, suggestNearest } from "../../errors.ts";
import { comparisonCollector, rankingCollector, voteTableCollector } from "../collect.ts";
import type { Comparisons, Rankings } from "../comparisons.ts";
import { inspectionCollector } from "../inspect.ts";
import type { VoteTable } from "../vote-table.ts";
import { countTable, distinctValues } from "./count-table.ts";
import { type OpenedFile, recogniseFile } from "./opened-file.ts";
import { readInDatabase } from "./read-in-database.ts";
import { collectJudgments, fieldOf, readDrafts, readJudgments } from "./read-judgments.ts";
import { readRankingLines } from "./read-ranking-lines.ts";
import { readComparisons, readVotes } from "./read-table.ts";
import { openSource } from "./source.ts";
import type { CountOptions, OpenOptions, RankingOptions, VoteFile } from "./vote-file.ts";

/**
 * Opens a file of judgments: CSV, TSV, JSONL, JSON, Parquet, PrefLib and the other `formats`, gzipped or not.
 * What it is, is found from its content.
 *
 * @throws LuceError `not-found`, `unreadable`, `unknown-format` or `invalid-input`, saying what was found and what to do.
 */
export async function openVotes(path: string, options: OpenOptions = {}): Promise<VoteFile> {
  if (options.rejects !== undefined && (await isSameFile(options.rejects, path))) {
    throw new LuceError("invalid-parameter", "is the file that is read: its rejected rows would take its place", {
      where: options.rejects,
      hint: "name another file for them",
    });
  }
  const source = await openSource(path);
  try {
    return voteFile(await recogniseFile(source, options));
  } catch (error) {
    await source.dispose();
    throw error;
  }
}

async function isSameFile(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => stat(path).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.ino === b.ino && a.dev === b.dev;
}

function voteFile(file: OpenedFile): VoteFile {
  const { source, sample, format, columns, notes, database } = file;
  return {
    path: source.path,
    format: format.id,
    description: format.name,
    columns,
    notes,
    fields: sample.fields,
    fingerprint: source.fingerprint,
    judgments: () => readJudgments(file),
    countComparisons: (request = {}) => countComparisons(file, request),
    readRankings: (request = {}) => readRankings(file, request),
    readVoteTable: (request = {}) => readVoteTable(file, request),
    inspect: () => collectJudgments(file, inspectionCollector()),
    progress: () => source.readShare ?? database.progress(),
    groups: (field) => findGroups(file, field),
    rejected: () => file.rejected,
    async close() {
      await database.close();
      await source.dispose();
    },
  };
}

async function countComparisons(file: OpenedFile, request: CountOptions): Promise<Comparisons> {
  checkRequest(file, request);
  const counted = await readInDatabase(file, request, request.ordered ? readComparisons : countTable);
  return requireSome(file, counted ?? (await collectJudgments(file, comparisonCollector(request), request)));
}

async function readRankings(file: OpenedFile, request: RankingOptions): Promise<Rankings> {
  checkRequest(file, request);
  const lines = request.where || request.cluster ? undefined : file.format.rankingLines?.();
  const rankings = lines
    ? await readRankingLines(file, lines, request)
    : await collectJudgments(file, rankingCollector(request), request);
  return requireSome(file, rankings);
}

async function readVoteTable(file: OpenedFile, request: Pick<CountOptions, "where">): Promise<VoteTable> {
  checkRequest(file, request);
  // Where the file has texts and no lengths, the lengths are measured on the texts.
  const isMeasured = file.table?.leftContent !== undefined && file.table.leftLength === undefined;
  const read = isMeasured ? undefined : await readInDatabase(file, request, readVotes);
  return requireSome(file, read ?? (await collectJudgments(file, voteTableCollector(), request)));
}

async function findGroups(file: OpenedFile, field: string): Promise<string[]> {
  const { relation, columns, database } = file;
  checkField(file, field);
  if (relation) {
    try {
      return await distinctValues(await database.connection(), relation, columns[field] ?? field);
    } catch {
      // A file that the database cannot scan is read row by row.
    }
  }
  const values = new Set<string>();
  for await (const { draft } of readDrafts(file)) {
    const value = fieldOf(draft, field, columns);
    if (value !== undefined) values.add(value);
  }
  return [...values].sort();
}

function checkRequest(file: OpenedFile, { cluster, where }: Pick<CountOptions, "cluster" | "where">): void {
  if (file.table && cluster && !file.table[cluster]) {
    throw new LuceError(
      "invalid-input",
      `no column says who the ${cluster} was, so nothing can be clustered by ${cluster}`,
      {
        where: file.source.path,
        hint: `name it with --columns ${cluster}=COLUMN`,
      },
    );
  }
  if (where) checkField(file, where.field);
}

function checkField({ table, sample, columns, source }: OpenedFile, field: string): void {
  if (table && !sample.fields.includes(columns[field] ?? field)) {
    throw new LuceError("invalid-parameter", `there is no field "${field}"`, {
      where: source.path,
      hint: suggestNearest(field, sample.fields),
    });
  }
}

function requireSome<T extends { systems: readonly string[] }>({ rejected, format, source }: OpenedFile, votes: T): T {
  if (votes.systems.length > 0) return votes;
  const [first] = rejected.first;
  const why = first
    ? `; ${rejected.count} rows were rejected, the first at line ${first.line} (${first.field}: ${first.reason})`
    : "";
  throw new LuceError("invalid-input", `nothing in this ${format.name} compares two named systems${why}`, {
    where: source.path,
    hint: "see `luce inspect` for what was found, and name the columns with --columns",
  });
}
