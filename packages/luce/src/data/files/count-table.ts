import type { DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import type { Comparisons } from "../comparisons.ts";
import { identifier, literal } from "./database.ts";
import type { TableColumns } from "./table-columns.ts";
import { shareOfWord, type VerdictOverrides, type VerdictScale } from "./verdict-words.ts";

/** A table that the database can scan: `from` is what stands after FROM. */
export type Relation = { readonly from: string; readonly columns: readonly string[] };

export type TableVerdicts = { readonly scale: VerdictScale; readonly overrides: VerdictOverrides };

type CountRequest = {
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

/**
 * Counts the comparisons of a table in one parallel scan: equal rows are grouped first, as the file writes
 * them, and only the groups are then read as verdicts, so that no row ever reaches JavaScript.
 *
 * @returns the comparisons sorted by their columns, how many rows were unusable, and how many compared a system
 * with itself, which is a judgment that says nothing of systems.
 */
export async function countTable(
  connection: DuckDBConnection,
  request: CountRequest,
): Promise<{ comparisons: Comparisons; unusable: number; selfComparisons: number }> {
  const { columns, relation, verdicts, cluster, covariates, where } = request;
  const keys = [
    `${text(columns.left)} AS l`,
    `${text(columns.right)} AS r`,
    `${verdictColumn(columns)} AS w`,
    ...(columns.weight ? [`${number(columns.weight)} AS weight`] : []),
    ...(cluster ? [`${text(cluster)} AS cluster`] : []),
    ...covariates.flatMap(({ columns: [left, right] }, i) => [
      `${number(left)} AS xl${i}`,
      `${right === undefined ? "0::DOUBLE" : number(right)} AS xr${i}`,
    ]),
  ];
  const filter = where ? `WHERE ${text(where.column)} = ${literal(where.value)}` : "";
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE counted AS SELECT ${keys.join(", ")}, count(*)::DOUBLE AS n FROM ${relation.from} ${filter} GROUP BY ALL`,
  );
  await tabulateWords(connection, verdicts.overrides);
  const extra = [
    ...(columns.weight ? ["weight"] : []),
    ...covariates.flatMap((_, i) => [`xl${i}`, `xr${i}`]),
    ...(cluster ? ["cluster"] : []),
  ];
  const valid = extra.map((column) => ` AND ${column} IS NOT NULL`).join("");
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE judged AS
     SELECT counted.*, ${shareExpression(columns, verdicts.scale)} AS share FROM counted LEFT JOIN words ON counted.w = words.word`,
  );
  const isGood = `l <> '' AND r <> '' AND share IS NOT NULL${valid}${columns.weight ? " AND weight >= 0 AND isfinite(weight)" : ""}`;
  const [[bad, self]] = await readRows(
    connection,
    `SELECT coalesce(sum(n) FILTER ((${isGood}) IS NOT TRUE), 0), coalesce(sum(n) FILTER (${isGood} AND l = r), 0) FROM judged`,
  );
  const isUsable = `${isGood} AND l <> r`;

  await connection.run(
    `CREATE OR REPLACE TEMP TABLE names AS
     SELECT name, (row_number() OVER (ORDER BY name) - 1)::INTEGER AS i
     FROM (SELECT l AS name FROM judged WHERE ${isUsable} UNION SELECT r FROM judged WHERE ${isUsable})`,
  );
  if (cluster) {
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE clusters AS
       SELECT name, (row_number() OVER (ORDER BY name) - 1)::INTEGER AS i FROM (SELECT DISTINCT cluster AS name FROM judged WHERE ${isUsable})`,
    );
  }
  const values = [
    ...(columns.weight ? ["weight"] : []),
    ...(cluster ? ["clusters.i AS cluster_index"] : []),
    ...covariates.flatMap((_, i) => [`xl${i}`, `xr${i}`]),
  ];
  const result = await connection.stream(
    `SELECT a.i AS left_index, b.i AS right_index, share${values.map((value) => `, ${value}`).join("")}, sum(n) AS n
     FROM judged JOIN names a ON l = a.name JOIN names b ON r = b.name ${cluster ? "JOIN clusters ON cluster = clusters.name" : ""}
     WHERE ${isUsable} GROUP BY ALL ORDER BY ALL`,
  );
  const chunks = await result.fetchAllChunks();
  const table = new ColumnReader(chunks);
  const left = table.integers(0);
  const right = table.integers(1);
  const outcome = table.numbers(2);
  let next = 3;
  const weight = columns.weight ? table.numbers(next++) : undefined;
  const clusterIndex = cluster ? table.integers(next++) : undefined;
  const leftCovariates = new Float64Array(covariates.length * left.length);
  const rightCovariates = new Float64Array(covariates.length * left.length);
  for (let i = 0; i < covariates.length; i++) {
    table.numbers(next++).forEach((value, row) => {
      leftCovariates[row * covariates.length + i] = value;
    });
    table.numbers(next++).forEach((value, row) => {
      rightCovariates[row * covariates.length + i] = value;
    });
  }
  const systems = (await readRows(connection, "SELECT name FROM names ORDER BY i")).map(([name]) => String(name));
  return {
    unusable: Number(bad),
    selfComparisons: Number(self),
    comparisons: {
      systems,
      left,
      right,
      outcome,
      count: table.numbers(next),
      ...(weight && { weight }),
      ...(clusterIndex && { cluster: clusterIndex }),
      ...(covariates.length > 0 && {
        covariates: { names: covariates.map(({ name }) => name), left: leftCovariates, right: rightCovariates },
      }),
    },
  };
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
