import type { DuckDBConnection } from "@duckdb/node-api";
import type { Comparisons } from "../comparisons.ts";
import type { VoteTable } from "../vote-table.ts";
import { comparisonKinds, toComparisons, valueColumns } from "./count-table.ts";
import { fetchColumns } from "./fetched-columns.ts";
import {
  type Counted,
  type CountRequest,
  fromWhere,
  hasValues,
  isGood,
  milliseconds,
  number,
  readRows,
  selectedColumns,
  shareExpression,
  text,
} from "./table-sql.ts";

/**
 * The comparisons of a table one a row, in order of time where every row has one, else in the order of the file.
 * The file is scanned once for the names and once for the rows, whose names the database replaces by their numbers:
 * only typed columns are held.
 */
export async function readComparisons(
  connection: DuckDBConnection,
  request: CountRequest,
): Promise<Counted<Comparisons>> {
  const rows = await viewRows(connection, request, { numbered: request.columns.time !== undefined });
  const order = rows.isTimed ? "ORDER BY time, ordinal" : "";
  return { ...rows, comparisons: await fetchComparisons(connection, request, rows, [], [], order) };
}

/** The comparisons of a table one a row, in the order of the file, with who judged what and when. */
export async function readVotes(connection: DuckDBConnection, request: CountRequest): Promise<Counted<VoteTable>> {
  const rows = await viewRows(connection, request, { numbered: false });
  const annotators = await enumerate(connection, "annotators", "SELECT annotator AS name FROM votes WHERE usable");
  const prompts = await enumerate(connection, "prompts", "SELECT prompt AS name FROM votes WHERE usable");
  const indexOf = (names: readonly string[], column: string) =>
    names.length > 0 ? `coalesce(enum_code(nullif(${column}, '')::luce_${column}s)::INTEGER, -1)` : "-1";
  const orNaN = (column: string) => `coalesce(${column}, 'nan'::DOUBLE)`;
  const columns: (Int32Array | Float64Array)[] = [];
  const comparisons = await fetchComparisons(
    connection,
    request,
    rows,
    [
      indexOf(annotators, "annotator"),
      indexOf(prompts, "prompt"),
      ...["time", "duration", "left_length", "right_length"].map(orNaN),
    ],
    columns,
    "",
  );
  const [annotator, prompt, time, duration, leftLength, rightLength] = columns as [
    ...[Int32Array, Int32Array],
    ...[Float64Array, Float64Array, Float64Array, Float64Array],
  ];
  return {
    ...rows,
    comparisons: { ...comparisons, annotators, annotator, prompts, prompt, time, duration, leftLength, rightLength },
  };
}

type ViewedRows = {
  readonly systems: readonly string[];
  readonly usable: number;
  readonly unusable: number;
  readonly selfComparisons: number;
  /** Whether every usable row has a time. */
  readonly isTimed: boolean;
};

/**
 * Makes the view `votes` (a scan of the file each time it is read) and the type `luce_systems`.
 *
 * @param numbered whether rows have their `ordinal`, which takes time
 */
async function viewRows(
  connection: DuckDBConnection,
  request: CountRequest,
  { numbered }: { numbered: boolean },
): Promise<ViewedRows> {
  const { annotator, prompt, time, duration, leftLength, rightLength } = request.columns;
  const orNull = (column: string | undefined, read: (column: string) => string, type: string) =>
    column === undefined ? `NULL::${type}` : read(column);
  const selected = [
    ...selectedColumns(request),
    ...(numbered ? ["row_number() OVER () AS ordinal"] : []),
    `${orNull(annotator, text, "VARCHAR")} AS annotator`,
    `${orNull(prompt, text, "VARCHAR")} AS prompt`,
    `${orNull(time, milliseconds, "DOUBLE")} AS time`,
    `${orNull(duration, number, "DOUBLE")} AS duration`,
    `${orNull(leftLength, number, "DOUBLE")} AS left_length`,
    `${orNull(rightLength, number, "DOUBLE")} AS right_length`,
  ];
  const from = `(SELECT ${selected.join(", ")} FROM ${fromWhere(request)})`;
  const good = isGood(request);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE grouped AS
     SELECT l, r, w, (${hasValues(request)}) IS TRUE AS valued, count(*)::DOUBLE AS n, bool_and(time IS NOT NULL) AS timed
     FROM ${from} GROUP BY ALL`,
  );
  const share = await shareExpression(connection, request, "grouped");
  await connection.run(
    `CREATE OR REPLACE TEMP VIEW votes AS
     SELECT *, (${good}) IS TRUE AS good, good AND l <> r AS usable FROM (SELECT *, ${share} AS share FROM ${from})`,
  );
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE groups AS
     SELECT *, (l <> '' AND r <> '' AND share IS NOT NULL AND valued) IS TRUE AS good, good AND l <> r AS usable
     FROM (SELECT *, ${share} AS share FROM grouped)`,
  );
  const [[usable, unusable, self, isTimed]] = await readRows(
    connection,
    `SELECT coalesce(sum(n) FILTER (usable), 0), coalesce(sum(n) FILTER (NOT good), 0),
       coalesce(sum(n) FILTER (good AND l = r), 0), bool_and(timed) FILTER (usable) FROM groups`,
  );
  if (Number(unusable) > 0) {
    await connection.run("CREATE OR REPLACE TEMP TABLE unusable AS SELECT DISTINCT l, r, w FROM votes WHERE NOT good");
  }
  const systems = await enumerate(
    connection,
    "systems",
    "SELECT l AS name FROM groups WHERE usable UNION SELECT r FROM groups WHERE usable",
  );
  if (request.cluster) await enumerate(connection, "clusters", "SELECT cluster AS name FROM votes WHERE usable");
  return {
    systems,
    usable: Number(usable),
    unusable: Number(unusable),
    selfComparisons: Number(self),
    isTimed: isTimed === true,
  };
}

/** Makes the type `luce_KIND` of the distinct names, in order, so that a name can be cast to its number. */
async function enumerate(connection: DuckDBConnection, kind: string, names: string): Promise<string[]> {
  const distinct = `SELECT DISTINCT name FROM (${names}) WHERE name <> '' ORDER BY name`;
  await connection.run(`DROP TYPE IF EXISTS luce_${kind}`);
  await connection.run(`CREATE OR REPLACE TEMP TABLE named AS ${distinct}`);
  const found = await readRows(connection, "SELECT name FROM named ORDER BY name");
  if (found.length > 0) {
    await connection.run(`CREATE TYPE luce_${kind} AS ENUM (SELECT name FROM named ORDER BY name)`);
  }
  return found.map(([name]) => String(name));
}

/** @param extra more columns, the first two whole numbers; they are added to `extraColumns` */
async function fetchComparisons(
  connection: DuckDBConnection,
  request: CountRequest,
  { systems, usable }: ViewedRows,
  extra: readonly string[],
  extraColumns: (Int32Array | Float64Array)[],
  order: string,
): Promise<Comparisons> {
  const code = (column: string, type: string) => `enum_code(${column}::luce_${type})::INTEGER`;
  const values = [
    ...[code("l", "systems"), code("r", "systems"), "share"],
    ...valueColumns(request, code("cluster", "clusters")),
    ...extra,
  ];
  const kinds = [
    ...comparisonKinds(request),
    ...extra.map((_, i) => (i < 2 ? ("integer" as const) : ("double" as const))),
  ];
  const columns =
    usable === 0
      ? kinds.map((kind) => (kind === "integer" ? new Int32Array(0) : new Float64Array(0)))
      : await fetchColumns(
          connection,
          `SELECT ${values.map((value, i) => `${value} AS c${i}`).join(", ")} FROM votes WHERE usable ${order}`,
          kinds,
          usable,
        );
  extraColumns.push(...columns.slice(kinds.length - extra.length));
  return toComparisons(request, systems, columns, new Float64Array(usable).fill(1));
}
