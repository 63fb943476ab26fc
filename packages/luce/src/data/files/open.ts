import type { DuckDBConnection } from "@duckdb/node-api";
import { LuceError, suggestNearest } from "../../errors.ts";
import {
  type CollectOptions,
  type Collector,
  comparisonCollector,
  rankingCollector,
  sortRankedSystems,
  voteTableCollector,
} from "../collect.ts";
import type { Rankings } from "../comparisons.ts";
import { judgmentIdentifier } from "../identity.ts";
import { inspectionCollector } from "../inspect.ts";
import type { Judgment, JudgmentDraft } from "../judgment.ts";
import { rankingRows } from "../ranking-rows.ts";
import { covariateOf, measuredCovariates } from "../views.ts";
import { countTable, distinctValues, numbersOfColumn, surveyIds, unusableRows } from "./count-table.ts";
import { type Database, identifier, literal, openDatabase } from "./database.ts";
import { type Columns, type Format, type ReadContext, RowFault, type Sample } from "./formats/format.ts";
import { formats } from "./formats/index.ts";
import { readComparisons, readVotes } from "./read-table.ts";
import {
  parquetRelation,
  readLineBlocks,
  readParquetRows,
  readRecords,
  rejection,
  type SourceRecord,
  splitHeader,
  stripEnd,
} from "./records.ts";
import { nothingRejected, openRejects } from "./rejects.ts";
import { LONGEST_RECORD, openSource, type Source } from "./source.ts";
import { findCovariatePair, type TableColumns } from "./table-columns.ts";
import { type Counted, type CountRequest, type Relation, readRows } from "./table-sql.ts";
import { scaleOf } from "./verdict-words.ts";
import type { CountOptions, OpenOptions, VoteFile } from "./vote-file.ts";

const SAMPLED_ROWS = 50;
/** Conflicting ids are no accident where there are this many and they are this share of the rows. */
const MANY_CONFLICTS = 10;
const LARGE_SHARE = 0.2;

/**
 * Opens a file of judgments: CSV, TSV, JSONL, JSON, Parquet, PrefLib and the other `formats`, gzipped or not.
 * What it is, is found from its content.
 *
 * @throws LuceError `not-found`, `unreadable`, `unknown-format` or `invalid-input`, saying what was found and what to do.
 */
export async function openVotes(path: string, options: OpenOptions = {}): Promise<VoteFile> {
  const source = await openSource(path);
  try {
    return await recognise(source, options);
  } catch (error) {
    await source.dispose();
    throw error;
  }
}

async function recognise(
  source: Source,
  { format: wanted, columns: given = {}, rejects }: OpenOptions,
): Promise<VoteFile> {
  const sample = await takeSample(source);
  const { format, columns: found } = chooseFormat(sample, wanted, given);
  const relation = format.table && relationOf(source, sample.fields);
  let opened: Promise<Database> | undefined;
  const connection = async () => {
    opened ??= openDatabase([source.plainPath]);
    database = (await opened).connection;
    return database;
  };
  let database: DuckDBConnection | undefined;
  /** Of the present query; the database knows only of scans. */
  const duckdbShare = () => {
    const percentage = database?.progress.percentage ?? -1;
    return percentage > 0 ? percentage / 100 : null;
  };
  const { columns, notes, hasRepeatedIds } = await checkIds();
  const table = format.table?.(columns, sample);
  let rejected = nothingRejected;
  let context: Promise<ReadContext> | undefined;
  const readContext = () => {
    context ??= findContext();
    return context;
  };

  /**
   * An id that comes again and again with other content names what was judged and not the judgment: it is then
   * read as the prompt's, unless the user named the column.
   */
  async function checkIds(): Promise<{ columns: Columns; notes: string[]; hasRepeatedIds: boolean }> {
    const asFound = { columns: found, notes: [], hasRepeatedIds: false };
    const parts = format.table?.(found, sample);
    if (!relation || !parts?.id) return asFound;
    try {
      const { rows, distinct, conflicts } = await surveyIds(await connection(), relation, parts);
      const areMany = conflicts >= MANY_CONFLICTS && conflicts > LARGE_SHARE * rows;
      if (given.id || !areMany) return { ...asFound, hasRepeatedIds: distinct < rows };
      const { id, ...others } = found;
      const isPrompt = found.prompt === undefined;
      return {
        columns: isPrompt ? { ...others, prompt: id } : others,
        notes: [
          `Column "${id}" repeats with other content (${distinct} values in ${rows} rows), so it does not name the judgment; it is ${isPrompt ? "read as the prompt" : "left aside"} and every row counts. Say --columns id=${id} to keep the first row of each.`,
        ],
        hasRepeatedIds: false,
      };
    } catch {
      // A file that the database cannot scan is read row by row, which checks ids as it goes.
      return asFound;
    }
  }

  async function findContext(): Promise<ReadContext> {
    const { leftWins, rightWins, tie } = columns;
    const overrides = { ...(leftWins && { leftWins }), ...(rightWins && { rightWins }), ...(tie && { tie }) };
    const winner = table?.winner;
    const areNumbers = winner !== undefined && sample.rows.some((row) => isNumeric(row[winner]));
    if (!areNumbers || Object.keys(overrides).length > 0) return { scale: "words", overrides };
    const sampled = () => rangeOf(sample.rows.map((row) => row[winner]));
    const range = relation ? await numbersOfColumn(await connection(), relation, winner).catch(sampled) : sampled();
    const scale = scaleOf(range);
    if (scale === undefined) {
      throw new LuceError(
        "invalid-input",
        `column "${winner}" holds numbers from ${range.min} to ${range.max}, which can mean two things`,
        {
          where: source.path,
          hint: "say which value is what, as in --columns leftWins=0,rightWins=1,tie=2",
        },
      );
    }
    return { scale, overrides };
  }

  /** Judgments in order, with their rejected rows set aside; ids are checked where the source gives them. */
  async function* drafts(
    { where, cluster, covariates = [] }: CountOptions = {},
    records: AsyncIterable<SourceRecord> = readRecords(source),
  ): AsyncGenerator<{ draft: JudgmentDraft & { id?: string }; repeat: number }> {
    const kept = openRejects(source.path, rejects);
    const reader = format.reader(columns, sample, await readContext());
    const identify = judgmentIdentifier();
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
            if (draft.id !== undefined) {
              const { kind, id } = identify(draft);
              if (kind === "duplicate") kept.addDuplicate();
              if (kind === "conflict") {
                kept.add(
                  rejection(
                    record.line,
                    columns.id ?? "id",
                    `id "${id}" came before with other content; the first stands (--columns id= counts every row)`,
                    record.raw,
                  ),
                );
              }
              if (kind !== "new") continue;
            }
            if (where && fieldOf(draft, where.field, columns) !== where.value) continue;
            requireFields(draft, cluster, covariates);
            if (isSelfComparison(draft)) kept.addSelfComparison();
            yield { draft, repeat };
          }
        } catch (error) {
          if (!(error instanceof RowFault)) throw error;
          kept.add(rejection(record.line, error.field, error.message, record.raw || JSON.stringify(record.values)));
        }
      }
      for (const { repeat = 1, ...draft } of finishReading(reader, lastLine)) {
        if (!where || fieldOf(draft, where.field, columns) === where.value) yield { draft, repeat };
      }
    } finally {
      rejected = kept.close();
    }
  }

  function finishReading(reader: ReturnType<Format["reader"]>, line: number) {
    try {
      return reader.finish?.() ?? [];
    } catch (error) {
      if (!(error instanceof RowFault)) throw error;
      throw new LuceError("invalid-input", `${error.field}: ${error.message}`, { where: `${source.path}:${line}` });
    }
  }

  async function collect<T>(collector: Collector<T>, request: CountOptions = {}): Promise<T> {
    for await (const { draft, repeat } of drafts(request)) collector.add(draft, repeat);
    return collector.finish();
  }

  /** The rankings of a format whose lines are rankings and nothing more. */
  async function readRankingLines({ ordered = false }: CountOptions): Promise<Rankings> {
    const kept = openRejects(source.path, rejects);
    const lines = format.rankingLines!();
    const rows = rankingRows({ merged: !ordered });
    try {
      for await (const block of readLineBlocks(source)) {
        for (const { line, text, reason } of block) {
          if (text === undefined) kept.add(rejection(line, "line", reason!, ""));
          else if (text.trim() !== "") {
            try {
              lines.read(text, rows.add);
            } catch (error) {
              if (!(error instanceof RowFault)) throw error;
              kept.add(rejection(line, error.field, error.message, stripEnd(text)));
            }
          }
        }
      }
    } finally {
      rejected = kept.close();
    }
    return sortRankedSystems(rows.finish(lines.systems, false));
  }

  /** Reads by the database; undefined where something about the file needs the slower reading, row by row. */
  async function readInDatabase<T>(
    request: CountOptions,
    read: (duckdb: DuckDBConnection, request: CountRequest) => Promise<Counted<T>>,
  ): Promise<T | undefined> {
    if (!table || !relation) return undefined;
    const covariates = covariateColumns(request.covariates ?? [], relation.columns, table);
    if (!covariates) return undefined;
    const verdicts = await readContext();
    const duckdb = await connection();
    try {
      if (hasRepeatedIds) return undefined;
      const { comparisons, unusable, selfComparisons } = await read(duckdb, {
        relation,
        columns: table,
        verdicts,
        cluster: request.cluster && table[request.cluster],
        covariates,
        where: request.where && {
          column: columns[request.where.field] ?? request.where.field,
          value: request.where.value,
        },
      });
      if (source.container.kind === "delimited") {
        const [[broken]] = await readRows(duckdb, "SELECT count(*)::INTEGER FROM reject_errors");
        if (Number(broken) > 0) return undefined;
      }
      if (unusable > 0) {
        const suspects =
          source.container.kind === "parquet"
            ? readParquetRows(duckdb, source, unusableRows(table))
            : readRecords(source);
        for await (const _ of drafts(request, suspects)) {
          // Reading them is what reports them.
        }
        rejected = { ...rejected, selfComparisons };
      } else rejected = { ...nothingRejected, selfComparisons };
      return comparisons;
    } catch (error) {
      // What the database refuses to scan is read row by row; its errors are plain ones.
      if ((error as Error).constructor !== Error) throw error;
      return undefined;
    }
  }

  function checkRequest({ cluster, where }: Pick<CountOptions, "cluster" | "where">): void {
    if (table && cluster && !table[cluster]) {
      throw new LuceError(
        "invalid-input",
        `no column says who the ${cluster} was, so nothing can be clustered by ${cluster}`,
        {
          where: source.path,
          hint: `name it with --columns ${cluster}=COLUMN`,
        },
      );
    }
    if (where) checkField(where.field);
  }

  function checkField(field: string): void {
    if (table && !sample.fields.includes(columns[field] ?? field)) {
      throw new LuceError("invalid-parameter", `there is no field "${field}"`, {
        where: source.path,
        hint: suggestNearest(field, sample.fields),
      });
    }
  }

  function requireSome<T extends { systems: readonly string[] }>(votes: T): T {
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

  return {
    path: source.path,
    format: format.id,
    description: format.name,
    columns,
    notes,
    fields: sample.fields,
    fingerprint: source.fingerprint,
    rejected: () => rejected,

    async *judgments() {
      const identify = judgmentIdentifier();
      for await (const { draft, repeat } of drafts()) {
        for (let copy = 0; copy < repeat; copy++) {
          yield (draft.id === undefined ? { ...draft, id: identify(draft).id } : draft) as Judgment;
        }
      }
    },

    async countComparisons(request = {}) {
      checkRequest(request);
      const counted = await readInDatabase(request, request.ordered ? readComparisons : countTable);
      const options: CollectOptions = request;
      return requireSome(counted ?? (await collect(comparisonCollector(options), request)));
    },

    async readRankings(request = {}) {
      checkRequest(request);
      const isPlain = format.rankingLines && !request.where && !request.cluster;
      return requireSome(isPlain ? await readRankingLines(request) : await collect(rankingCollector(request), request));
    },

    async readVoteTable(request = {}) {
      checkRequest(request);
      // Where the file has texts and no lengths, the lengths are measured on the texts.
      const isMeasured = table?.leftContent !== undefined && table.leftLength === undefined;
      const read = isMeasured ? undefined : await readInDatabase(request, readVotes);
      return requireSome(read ?? (await collect(voteTableCollector(), request)));
    },

    inspect: () => collect(inspectionCollector()),

    progress: () => source.readShare ?? duckdbShare(),

    async groups(field) {
      checkField(field);
      if (relation) {
        try {
          return await distinctValues(await connection(), relation, columns[field] ?? field);
        } catch {
          // A file that the database cannot scan is read row by row.
        }
      }
      const values = new Set<string>();
      for await (const { draft } of drafts()) {
        const value = fieldOf(draft, field, columns);
        if (value !== undefined) values.add(value);
      }
      return [...values].sort();
    },

    async close() {
      if (opened) await (await opened).close();
      await source.dispose();
    },
  };
}

function chooseFormat(
  sample: Sample,
  wanted: string | undefined,
  given: Columns,
): { format: Format; columns: Columns } {
  const ids = formats.map(({ id }) => id);
  if (wanted !== undefined && !ids.includes(wanted)) {
    throw new LuceError("invalid-parameter", `there is no format "${wanted}"`, { hint: suggestNearest(wanted, ids) });
  }
  for (const format of formats) {
    if (wanted !== undefined && format.id !== wanted) continue;
    const columns = format.detect(sample, given);
    if (columns) return { format, columns };
  }
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

async function takeSample(source: Source): Promise<Sample> {
  const { container } = source;
  const rows: Record<string, unknown>[] = [];
  for await (const record of readRecords(source)) {
    if ("values" in record) rows.push(record.values);
    if (rows.length >= SAMPLED_ROWS) break;
  }
  const fields =
    container.kind === "delimited"
      ? splitHeader(source, container.delimiter)
      : [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return { path: source.path, container: container.kind, fields, rows, head: source.head };
}

/** How the database reads the file, every field as text; undefined where it does not. */
function relationOf(source: Source, fields: readonly string[]): Relation | undefined {
  const file = literal(source.plainPath);
  const typed = `{${fields.map((field) => `${identifier(field)}: 'VARCHAR'`).join(", ")}}`;
  const { container, hasEndlessLine } = source;
  if (hasEndlessLine && (container.kind === "delimited" || container.kind === "ndjson")) return undefined;
  if (container.kind === "parquet") return { from: parquetRelation(source.plainPath), columns: fields };
  if (container.kind === "ndjson" || container.kind === "json") {
    const layout = container.kind === "json" ? "array" : "newline_delimited";
    return {
      from: `read_json(${file}, format = '${layout}', columns = ${typed}, compression = 'uncompressed', hive_partitioning = false, maximum_object_size = ${LONGEST_RECORD})`,
      columns: fields,
    };
  }
  if (container.kind === "delimited") {
    return {
      from: `read_csv(${file}, auto_detect = false, header = true, delim = ${literal(container.delimiter)}, quote = '"', escape = '"', columns = ${typed}, compression = 'none', hive_partitioning = false, store_rejects = true, max_line_size = ${LONGEST_RECORD})`,
      columns: fields,
    };
  }
  return undefined;
}

/** The columns of each covariate; undefined where one must be measured on the texts. */
function covariateColumns(names: readonly string[], columns: readonly string[], table: TableColumns) {
  const found: { name: string; columns: readonly [string, string] | readonly [string] }[] = [];
  for (const name of names) {
    const pair =
      name === "length" && table.leftLength && table.rightLength
        ? ([table.leftLength, table.rightLength] as const)
        : findCovariatePair(columns, name);
    const single = columns.includes(name) && !pair ? ([name] as const) : undefined;
    if (!pair && !single) {
      const isMeasured =
        (measuredCovariates.includes(name) && table.leftContent) || name === "position" || name === "time";
      if (isMeasured) return undefined;
      throw new LuceError("invalid-parameter", `no columns hold "${name}" for the two sides`, {
        hint: `the columns are ${columns.join(", ")}; of texts, ${measuredCovariates.join(", ")} can be measured`,
      });
    }
    if (name === "time") return undefined;
    found.push({ name, columns: (pair ?? single)! });
  }
  return found;
}

/** What a request needs of every judgment. @throws RowFault */
function requireFields(draft: JudgmentDraft, cluster: CountOptions["cluster"], covariates: readonly string[]): void {
  if (cluster && draft[cluster] === undefined) throw new RowFault(cluster, "is not named, so the vote has no cluster");
  for (const name of covariates) {
    const missing = draft.items.findIndex((item, side) => Number.isNaN(covariateOf(draft, item, side, name)));
    if (missing >= 0) throw new RowFault(name, `item ${missing + 1} has no number for it`);
  }
}

function isSelfComparison({ items: [left, right, ...others] }: JudgmentDraft): boolean {
  return others.length === 0 && right !== undefined && left.system !== undefined && left.system === right.system;
}

/** A field of a judgment by its part or by the name of its column. */
function fieldOf(draft: JudgmentDraft, field: string, columns: Columns): string | undefined {
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

function isNumeric(value: unknown): boolean {
  return (
    typeof value === "number" || (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)))
  );
}

function rangeOf(values: readonly unknown[]): { count: number; min: number; max: number } {
  const numbers = values.filter(isNumeric).map(Number);
  return { count: numbers.length, min: Math.min(...numbers), max: Math.max(...numbers) };
}
