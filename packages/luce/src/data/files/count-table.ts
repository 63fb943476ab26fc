import type { DuckDBConnection } from "@duckdb/node-api";
import type { Comparisons } from "../comparisons.ts";
import { type ColumnKind, fetchColumns } from "./fetched-columns.ts";
import type { TableColumns } from "./table-columns.ts";
import {
  type Counted,
  type CountRequest,
  fromWhere,
  isGood,
  number,
  type Relation,
  readRows,
  selectedColumns,
  shareExpression,
  text,
  verdictColumn,
} from "./table-sql.ts";

/**
 * Counts the comparisons of a table in one parallel scan: equal rows are grouped first, as the file writes
 * them, and only the groups are then read as verdicts, so that no row ever reaches JavaScript.
 *
 * @returns the comparisons sorted by their columns, how many rows were unusable, and how many compared a system
 * with itself, which is a judgment that says nothing of systems.
 */
export async function countTable(connection: DuckDBConnection, request: CountRequest): Promise<Counted<Comparisons>> {
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE counted AS
     SELECT ${selectedColumns(request).join(", ")}, count(*)::DOUBLE AS n FROM ${fromWhere(request)} GROUP BY ALL`,
  );
  const good = isGood(request);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE judged AS
     SELECT *, (${good}) IS TRUE AS good, good AND l <> r AS usable
     FROM (SELECT *, ${await shareExpression(connection, request, "counted")} AS share FROM counted)`,
  );
  await connection.run("CREATE OR REPLACE TEMP TABLE unusable AS SELECT DISTINCT l, r, w FROM judged WHERE NOT good");
  const [[unusable, self]] = await readRows(
    connection,
    "SELECT coalesce(sum(n) FILTER (NOT good), 0), coalesce(sum(n) FILTER (good AND l = r), 0) FROM judged",
  );
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE names AS
     SELECT name, (row_number() OVER (ORDER BY name) - 1)::INTEGER AS i
     FROM (SELECT l AS name FROM judged WHERE usable UNION SELECT r FROM judged WHERE usable)`,
  );
  if (request.cluster) {
    await connection.run(
      `CREATE OR REPLACE TEMP TABLE clusters AS
       SELECT name, (row_number() OVER (ORDER BY name) - 1)::INTEGER AS i
       FROM (SELECT DISTINCT cluster AS name FROM judged WHERE usable)`,
    );
  }
  const values = ["a.i", "b.i", "share", ...valueColumns(request, "clusters.i"), "sum(n)"];
  const clusters = request.cluster ? "JOIN clusters ON cluster = clusters.name" : "";
  const columns = await fetchColumns(
    connection,
    `SELECT ${values.map((value, i) => `${value} AS c${i}`).join(", ")}
     FROM judged JOIN names a ON l = a.name JOIN names b ON r = b.name ${clusters}
     WHERE usable GROUP BY ALL ORDER BY ALL`,
    [...comparisonKinds(request), "double"],
  );
  const systems = await readRows(connection, "SELECT name FROM names ORDER BY i");
  return {
    unusable: Number(unusable),
    selfComparisons: Number(self),
    comparisons: toComparisons(
      request,
      systems.map(([name]) => String(name)),
      columns,
      columns.at(-1) as Float64Array,
    ),
  };
}

/** What follows left, right and share: weight, cluster and covariates. */
export function valueColumns({ columns, cluster, covariates }: CountRequest, clusterIndex: string): string[] {
  return [
    ...(columns.weight ? ["weight"] : []),
    ...(cluster ? [clusterIndex] : []),
    ...covariates.flatMap((_, i) => [`xl${i}`, `xr${i}`]),
  ];
}

/** Of left, right, share and `valueColumns`. */
export function comparisonKinds({ columns, cluster, covariates }: CountRequest): ColumnKind[] {
  return [
    ...(["integer", "integer", "double"] as const),
    ...(columns.weight ? (["double"] as const) : []),
    ...(cluster ? (["integer"] as const) : []),
    ...covariates.flatMap(() => ["double", "double"] as const),
  ];
}

/** From columns of `comparisonKinds`. */
export function toComparisons(
  { columns: { weight }, cluster, covariates }: CountRequest,
  systems: readonly string[],
  columns: readonly (Int32Array | Float64Array)[],
  count: Float64Array,
): Comparisons {
  const K = covariates.length;
  const firstCovariate = 3 + (weight ? 1 : 0) + (cluster ? 1 : 0);
  const side = (offset: number) => {
    const values = new Float64Array(K * count.length);
    for (let i = 0; i < K; i++) {
      const column = columns[firstCovariate + 2 * i + offset];
      for (let row = 0; row < count.length; row++) values[row * K + i] = column[row];
    }
    return values;
  };
  return {
    systems,
    left: columns[0] as Int32Array,
    right: columns[1] as Int32Array,
    outcome: columns[2] as Float64Array,
    count,
    ...(weight && { weight: columns[3] as Float64Array }),
    ...(cluster && { cluster: columns[firstCovariate - 1] as Int32Array }),
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

/** How the id column (with the annotator's, where there is one) tells rows apart. One scan. */
export async function surveyIds(
  connection: DuckDBConnection,
  relation: Relation,
  columns: TableColumns,
): Promise<{ rows: number; distinct: number; conflicts: number }> {
  const key = [columns.id!, ...(columns.annotator ? [columns.annotator] : [])].map(text).join(", ");
  const named = `FROM ${relation.from} WHERE ${text(columns.id!)} <> ''`;
  const [[rows, distinct]] = await readRows(connection, `SELECT count(*), count(DISTINCT hash(${key})) ${named}`);
  if (rows === distinct) return { rows: Number(rows), distinct: Number(distinct), conflicts: 0 };
  const content = relation.columns.map(text).join(", ");
  const [[contents]] = await readRows(connection, `SELECT count(DISTINCT hash(${content})) ${named}`);
  return { rows: Number(rows), distinct: Number(distinct), conflicts: Number(contents) - Number(distinct) };
}
