import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type { Comparisons } from "../comparisons.ts";
import type { VoteTable } from "../vote-table.ts";
import { identifier, literal } from "./database.ts";
import type { TableColumns } from "./table-columns.ts";
import { shareOfWord, type VerdictOverrides, type VerdictScale } from "./verdict-words.ts";

/** A table that the database can scan: `from` is what stands after FROM. */
export type Relation = { readonly from: string; readonly columns: readonly string[] };

export type TableVerdicts = { readonly scale: VerdictScale; readonly overrides: VerdictOverrides };

export type CountRequest = {
  readonly relation: Relation;
  readonly columns: TableColumns;
  readonly verdicts: TableVerdicts;
  readonly cluster?: string;
  /** A pair of columns for each covariate, or one column that describes the comparison. */
  readonly covariates: readonly {
    readonly name: string;
    readonly columns: readonly [string, string] | readonly [string];
  }[];
  readonly where?: { readonly column: string; readonly value: string };
};

export type Counted<T> = { readonly comparisons: T; readonly unusable: number; readonly selfComparisons: number };

/**
 * Counts the comparisons of a table in one parallel scan: equal rows are grouped first, as the file writes
 * them, and only the groups are then read as verdicts, so that no row ever reaches JavaScript.
 *
 * @returns the comparisons sorted by their columns, how many rows were unusable, and how many compared a system
 * with itself, which is a judgment that says nothing of systems.
 */
export async function countTable(connection: DuckDBConnection, request: CountRequest): Promise<Counted<Comparisons>> {
  const judged = await judgeTable(connection, request, { keys: [], grouped: true });
  const values = ["a.i", "b.i", "share", ...valueColumns(request)];
  const table = await fetchColumns(
    connection,
    `SELECT ${values.map((value, i) => `${value} AS c${i}`).join(", ")}, sum(n) AS n FROM judged ${joins(request)}
     WHERE ${judged.isUsable} GROUP BY ALL ORDER BY ALL`,
  );
  return { ...judged, comparisons: await toComparisons(connection, request, table, table.numbers(values.length)) };
}

/**
 * The comparisons of a table one a row, in order of time where every row has one and `byTime` asks for it, else in
 * the order of the file.
 */
export async function readTable(
  connection: DuckDBConnection,
  request: CountRequest,
  { byTime }: { byTime: boolean },
): Promise<Counted<VoteTable>> {
  const { annotator, prompt, time, duration, leftLength, rightLength } = request.columns;
  const orNull = (column: string | undefined, read: (column: string) => string, type: string) =>
    column === undefined ? `NULL::${type}` : read(column);
  const keys = [
    "row_number() OVER () AS ordinal",
    `${orNull(annotator, text, "VARCHAR")} AS annotator`,
    `${orNull(prompt, text, "VARCHAR")} AS prompt`,
    `${orNull(time, milliseconds, "DOUBLE")} AS time`,
    `${orNull(duration, number, "DOUBLE")} AS duration`,
    `${orNull(leftLength, number, "DOUBLE")} AS left_length`,
    `${orNull(rightLength, number, "DOUBLE")} AS right_length`,
  ];
  const judged = await judgeTable(connection, request, { keys, grouped: false });
  await numberNames(connection, "annotators", "annotator", `${judged.isUsable} AND annotator <> ''`);
  await numberNames(connection, "prompts", "prompt", `${judged.isUsable} AND prompt <> ''`);
  const [[isTimed]] = await readRows(
    connection,
    `SELECT bool_and(time IS NOT NULL) FROM judged WHERE ${judged.isUsable}`,
  );
  const values = ["a.i", "b.i", "share", ...valueColumns(request)];
  const context = [
    "coalesce(annotators.i, -1)",
    "coalesce(prompts.i, -1)",
    "time",
    "duration",
    "left_length",
    "right_length",
  ];
  const table = await fetchColumns(
    connection,
    `SELECT ${[...values, ...context].map((value, i) => `${value} AS c${i}`).join(", ")} FROM judged ${joins(request)}
     LEFT JOIN annotators ON annotator = annotators.name LEFT JOIN prompts ON prompt = prompts.name
     WHERE ${judged.isUsable} ORDER BY ${byTime && isTimed ? "time, " : ""}ordinal`,
  );
  const comparisons = await toComparisons(connection, request, table, new Float64Array(table.rows).fill(1));
  const at = values.length;
  return {
    ...judged,
    comparisons: {
      ...comparisons,
      annotators: await namesOf(connection, "annotators"),
      annotator: table.integers(at),
      prompts: await namesOf(connection, "prompts"),
      prompt: table.integers(at + 1),
      time: table.numbers(at + 2),
      duration: table.numbers(at + 3),
      leftLength: table.numbers(at + 4),
      rightLength: table.numbers(at + 5),
    },
  };
}

/** Makes the tables `judged` (the rows with their verdicts as shares), `names` and `clusters`. */
async function judgeTable(
  connection: DuckDBConnection,
  { columns, relation, verdicts, cluster, covariates, where }: CountRequest,
  { keys, grouped }: { keys: readonly string[]; grouped: boolean },
): Promise<{ isUsable: string; unusable: number; selfComparisons: number }> {
  const selected = [
    `${text(columns.left)} AS l`,
    `${text(columns.right)} AS r`,
    `${verdictColumn(columns)} AS w`,
    ...(columns.weight ? [`${number(columns.weight)} AS weight`] : []),
    ...(cluster ? [`${text(cluster)} AS cluster`] : []),
    ...covariates.flatMap(({ columns: [left, right] }, i) => [
      `${number(left)} AS xl${i}`,
      `${right === undefined ? "0::DOUBLE" : number(right)} AS xr${i}`,
    ]),
    ...keys,
  ];
  const filter = where ? `WHERE ${text(where.column)} = ${literal(where.value)}` : "";
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE counted AS
     SELECT ${selected.join(", ")}, ${grouped ? "count(*)" : "1"}::DOUBLE AS n FROM ${relation.from} ${filter} ${grouped ? "GROUP BY ALL" : ""}`,
  );
  await tabulateWords(connection, verdicts.overrides);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE judged AS
     SELECT counted.*, ${shareExpression(columns, verdicts.scale)} AS share FROM counted LEFT JOIN words ON counted.w = words.word`,
  );
  const isGood = [
    "l <> '' AND r <> '' AND share IS NOT NULL",
    ...(columns.weight ? ["weight >= 0 AND isfinite(weight)"] : []),
    ...(cluster ? ["cluster <> ''"] : []),
    ...covariates.map((_, i) => `isfinite(xl${i}) AND isfinite(xr${i})`),
  ].join(" AND ");
  const [[unusable, self]] = await readRows(
    connection,
    `SELECT coalesce(sum(n) FILTER ((${isGood}) IS NOT TRUE), 0), coalesce(sum(n) FILTER (${isGood} AND l = r), 0) FROM judged`,
  );
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE unusable AS SELECT DISTINCT l, r, w FROM judged WHERE (${isGood}) IS NOT TRUE`,
  );
  const isUsable = `${isGood} AND l <> r`;
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE names AS
     SELECT name, (row_number() OVER (ORDER BY name) - 1)::INTEGER AS i
     FROM (SELECT l AS name FROM judged WHERE ${isUsable} UNION SELECT r FROM judged WHERE ${isUsable})`,
  );
  if (cluster) await numberNames(connection, "clusters", "cluster", isUsable);
  return { isUsable, unusable: Number(unusable), selfComparisons: Number(self) };
}

/** Numbers the distinct values of a column of `judged`, in order. */
async function numberNames(connection: DuckDBConnection, table: string, column: string, where: string): Promise<void> {
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${table} AS
     SELECT name, (row_number() OVER (ORDER BY name) - 1)::INTEGER AS i
     FROM (SELECT DISTINCT ${column} AS name FROM judged WHERE ${where})`,
  );
}

async function namesOf(connection: DuckDBConnection, table: string): Promise<string[]> {
  return (await readRows(connection, `SELECT name FROM ${table} ORDER BY i`)).map(([name]) => String(name));
}

function joins({ cluster }: CountRequest): string {
  return `JOIN names a ON l = a.name JOIN names b ON r = b.name ${cluster ? "JOIN clusters ON cluster = clusters.name" : ""}`;
}

function valueColumns({ columns, cluster, covariates }: CountRequest): string[] {
  return [
    ...(columns.weight ? ["weight"] : []),
    ...(cluster ? ["clusters.i"] : []),
    ...covariates.flatMap((_, i) => [`xl${i}`, `xr${i}`]),
  ];
}

async function fetchColumns(connection: DuckDBConnection, sql: string): Promise<ColumnReader> {
  return new ColumnReader(await (await connection.stream(sql)).fetchAllChunks());
}

async function toComparisons(
  connection: DuckDBConnection,
  { columns, cluster, covariates }: CountRequest,
  table: ColumnReader,
  count: Float64Array,
): Promise<Comparisons> {
  const K = covariates.length;
  const firstCovariate = 3 + (columns.weight ? 1 : 0) + (cluster ? 1 : 0);
  const side = (offset: number) => {
    const values = new Float64Array(K * table.rows);
    for (let i = 0; i < K; i++) {
      table.numbers(firstCovariate + 2 * i + offset).forEach((value, row) => {
        values[row * K + i] = value;
      });
    }
    return values;
  };
  return {
    systems: await namesOf(connection, "names"),
    left: table.integers(0),
    right: table.integers(1),
    outcome: table.numbers(2),
    count,
    ...(columns.weight && { weight: table.numbers(3) }),
    ...(cluster && { cluster: table.integers(firstCovariate - 1) }),
    ...(K > 0 && { covariates: { names: covariates.map(({ name }) => name), left: side(0), right: side(1) } }),
  };
}

/** Of the rows of `source`, those that the last reading of the table found unusable, and rows that look the same. */
export function unusableRows(columns: TableColumns): string {
  const same = [
    `${text(columns.left)} IS NOT DISTINCT FROM l`,
    `${text(columns.right)} IS NOT DISTINCT FROM r`,
    `${verdictColumn(columns)} IS NOT DISTINCT FROM w`,
  ];
  return `EXISTS (SELECT 1 FROM unusable WHERE ${same.join(" AND ")})`;
}

/** How many of a column's distinct values are numbers, and their range: what a verdict scale is found from. */
export async function numbersOfColumn(
  connection: DuckDBConnection,
  relation: Relation,
  column: string,
): Promise<{ count: number; min: number; max: number }> {
  const value = number(column);
  const [[count, min, max]] = await readRows(
    connection,
    `SELECT count(v)::INTEGER, min(v), max(v) FROM (SELECT ${value} AS v FROM ${relation.from}) WHERE isfinite(v)`,
  );
  return { count: Number(count), min: Number(min), max: Number(max) };
}

export async function distinctValues(
  connection: DuckDBConnection,
  relation: Relation,
  column: string,
): Promise<string[]> {
  const value = text(column);
  const rows = await readRows(
    connection,
    `SELECT DISTINCT ${value} AS v FROM ${relation.from} WHERE v <> '' ORDER BY v`,
  );
  return rows.map(([name]) => String(name));
}

/** True where no two rows share an id (and annotator, where there are some). One scan of these columns. */
export async function hasUniqueIds(
  connection: DuckDBConnection,
  relation: Relation,
  columns: TableColumns,
): Promise<boolean> {
  if (!columns.id) return true;
  const key = [columns.id, ...(columns.annotator ? [columns.annotator] : [])].map(text).join(", ");
  const [[rows, ids]] = await readRows(
    connection,
    `SELECT count(*), count(DISTINCT hash(${key})) FROM ${relation.from} WHERE ${text(columns.id)} <> ''`,
  );
  return rows === ids;
}

export async function readRows(connection: DuckDBConnection, sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRowsJS();
}

/** The words of the winner column as shares; there are few, whatever the number of rows. */
async function tabulateWords(connection: DuckDBConnection, overrides: VerdictOverrides): Promise<void> {
  const found = await readRows(
    connection,
    "SELECT DISTINCT w FROM counted WHERE w IS NOT NULL AND TRY_CAST(w AS DOUBLE) IS NULL LIMIT 100000",
  );
  const overridden = Object.values(overrides).filter((word) => word !== undefined);
  const words = new Set([...found.map(([word]) => String(word)), ...overridden]);
  const known = [...words].flatMap((word) => {
    const share = shareOfWord(word, overrides);
    return share === undefined ? [] : [`(${literal(word)}, ${share}::DOUBLE)`];
  });
  await connection.run("CREATE OR REPLACE TEMP TABLE words (word VARCHAR, share DOUBLE)");
  if (known.length > 0) await connection.run(`INSERT INTO words VALUES ${known.join(", ")}`);
}

function shareExpression(columns: TableColumns, scale: VerdictScale): string {
  if (!columns.winner && !columns.winnerFlags) return "1::DOUBLE";
  const value = "TRY_CAST(w AS DOUBLE)";
  const byScale = {
    share: `CASE WHEN ${value} BETWEEN 0 AND 1 THEN ${value} END`,
    "first-second": `CASE WHEN ${value} BETWEEN 1 AND 2 THEN 2 - ${value} END`,
    signed: `CASE WHEN NOT isfinite(${value}) THEN NULL WHEN ${value} > 0 THEN 1 WHEN ${value} < 0 THEN 0 WHEN ${value} = 0 THEN 0.5 END`,
    words: "NULL",
  }[scale];
  const byName = "CASE WHEN w = l THEN 1 WHEN w = r THEN 0 END";
  return `coalesce(CASE WHEN ${value} IS NULL THEN ${byName} END, words.share, ${byScale}, ${byName})::DOUBLE`;
}

/** Who won as the file writes it; one-hot flags become the words left, right and tie. */
function verdictColumn({ winner, winnerFlags }: TableColumns): string {
  if (winner) return text(winner);
  if (!winnerFlags) return "''";
  const isSet = (column: string) => `lower(${text(column)}) IN ('1', '1.0', 'true', 't', 'yes')`;
  const set = [winnerFlags.left, winnerFlags.right, ...winnerFlags.ties].map((column) => `(${isSet(column)})::INTEGER`);
  return `CASE WHEN ${set.join(" + ")} <> 1 THEN NULL WHEN ${isSet(winnerFlags.left)} THEN 'left' WHEN ${isSet(winnerFlags.right)} THEN 'right' ELSE 'tie' END`;
}

function text(column: string): string {
  return `${identifier(column)}::VARCHAR`;
}

/** A time as `timeField` reads it: ISO 8601, or seconds, milliseconds or microseconds since 1970. */
function milliseconds(column: string): string {
  const value = number(column);
  const scaled = `CASE WHEN abs(${value}) < 1e11 THEN ${value} * 1000 WHEN abs(${value}) < 1e14 THEN ${value} ELSE ${value} / 1000 END`;
  return `CASE WHEN isfinite(${value}) THEN ${scaled} ELSE epoch_ms(TRY_CAST(${text(column)} AS TIMESTAMPTZ))::DOUBLE END`;
}

function number(column: string): string {
  return `TRY_CAST(${identifier(column)} AS DOUBLE)`;
}

/** Columns of a fetched result as typed arrays. */
class ColumnReader {
  readonly chunks: readonly DuckDBDataChunk[];
  readonly rows: number;

  constructor(chunks: readonly DuckDBDataChunk[]) {
    this.chunks = chunks;
    this.rows = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  }

  integers(column: number): Int32Array {
    return this.#fill(column, new Int32Array(this.rows));
  }

  numbers(column: number): Float64Array {
    return this.#fill(column, new Float64Array(this.rows));
  }

  #fill<T extends Int32Array | Float64Array>(column: number, target: T): T {
    let row = 0;
    for (const chunk of this.chunks) {
      const vector = chunk.getColumnVector(column);
      for (let i = 0; i < chunk.rowCount; i++) target[row++] = Number(vector.getItem(i) ?? Number.NaN);
    }
    return target;
  }
}
