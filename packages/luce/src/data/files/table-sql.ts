import type { DuckDBConnection } from "@duckdb/node-api";
import { identifier, literal } from "./database.ts";
import type { TableColumns } from "./table-columns.ts";
import { shareOfWord, type VerdictOverrides, type VerdictScale } from "./verdict-words.ts";

/** A table that the database can scan: `from` is what stands after FROM. */
export type Relation = { readonly from: string; readonly columns: readonly string[] };

export type CountRequest = {
  readonly relation: Relation;
  readonly columns: TableColumns;
  readonly verdicts: { readonly scale: VerdictScale; readonly overrides: VerdictOverrides };
  readonly cluster?: string;
  /** A pair of columns for each covariate, or one column that describes the comparison. */
  readonly covariates: readonly {
    readonly name: string;
    readonly columns: readonly [string, string] | readonly [string];
  }[];
  readonly where?: { readonly column: string; readonly value: string };
};

export type Counted<T> = { readonly comparisons: T; readonly unusable: number; readonly selfComparisons: number };

/** What every reading selects of a row: sides l and r, the verdict's words w, weight, cluster and covariates. */
export function selectedColumns({ columns, cluster, covariates }: CountRequest): string[] {
  return [
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
}

/** The relation and the rows of it that are asked for. */
export function fromWhere({ relation, where }: CountRequest): string {
  return `${relation.from} ${where ? `WHERE ${text(where.column)} = ${literal(where.value)}` : ""}`;
}

/** Of rows with `selectedColumns` and `share`: true where nothing is missing; otherwise false or NULL. */
export function isGood(request: CountRequest): string {
  return `l <> '' AND r <> '' AND share IS NOT NULL AND ${hasValues(request)}`;
}

/** The part of `isGood` that concerns weight, cluster and covariates. */
export function hasValues({ columns, cluster, covariates }: CountRequest): string {
  return [
    "true",
    ...(columns.weight ? ["weight >= 0 AND isfinite(weight)"] : []),
    ...(cluster ? ["cluster <> ''"] : []),
    ...covariates.map((_, i) => `isfinite(xl${i}) AND isfinite(xr${i})`),
  ].join(" AND ");
}

/**
 * The share of the left side in a row with `selectedColumns`.
 *
 * @param groups what stands after FROM to find the words that are used: equal rows are best grouped before
 */
export async function shareExpression(
  connection: DuckDBConnection,
  { columns, verdicts: { scale, overrides } }: CountRequest,
  groups: string,
): Promise<string> {
  if (!columns.winner && !columns.winnerFlags) return "1::DOUBLE";
  const found = await readRows(
    connection,
    `SELECT w, bool_or(w = l OR w = r) IS TRUE FROM ${groups} WHERE w IS NOT NULL AND TRY_CAST(w AS DOUBLE) IS NULL
     GROUP BY w LIMIT 100000`,
  );
  const namesSystem = new Map(found.map(([word, isName]) => [String(word), isName === true]));
  const overridden = Object.values(overrides).filter((word) => word !== undefined);
  const known = [...new Set([...namesSystem.keys(), ...overridden])].flatMap((word) => {
    const share = shareOfWord(word, overrides);
    return share === undefined ? [] : [{ word, when: `WHEN ${literal(word)} THEN ${share}` }];
  });
  const caseOf = (words: typeof known) => (words.length > 0 ? `CASE w ${words.map(({ when }) => when).join(" ")}` : "");
  const value = "TRY_CAST(w AS DOUBLE)";
  const byScale = {
    share: `CASE WHEN ${value} BETWEEN 0 AND 1 THEN ${value} END`,
    "first-second": `CASE WHEN ${value} BETWEEN 1 AND 2 THEN 2 - ${value} END`,
    signed: `CASE WHEN NOT isfinite(${value}) THEN NULL WHEN ${value} > 0 THEN 1 WHEN ${value} < 0 THEN 0 WHEN ${value} = 0 THEN 0.5 END`,
    words: "NULL",
  }[scale];
  const byName = "CASE WHEN w = l THEN 1 WHEN w = r THEN 0 END";
  const byWord = known.length > 0 ? `${caseOf(known)} END` : "NULL";
  const whole = `coalesce(CASE WHEN ${value} IS NULL THEN ${byName} END, ${byWord}, ${byScale}, ${byName})::DOUBLE`;
  // Words that name no system need nothing else looked at, which makes most rows ten times as fast.
  const plain = known.filter(({ word }) => namesSystem.get(word) === false);
  return plain.length > 0 ? `${caseOf(plain)} ELSE ${whole} END` : whole;
}

export async function readRows(connection: DuckDBConnection, sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRowsJS();
}

/** Who won as the file writes it; one-hot flags become the words left, right and tie. */
export function verdictColumn({ winner, winnerFlags }: TableColumns): string {
  if (winner) return text(winner);
  if (!winnerFlags) return "''";
  const isSet = (column: string) => `lower(${text(column)}) IN ('1', '1.0', 'true', 't', 'yes')`;
  const set = [winnerFlags.left, winnerFlags.right, ...winnerFlags.ties].map((column) => `(${isSet(column)})::INTEGER`);
  return `CASE WHEN ${set.join(" + ")} <> 1 THEN NULL WHEN ${isSet(winnerFlags.left)} THEN 'left' WHEN ${isSet(winnerFlags.right)} THEN 'right' ELSE 'tie' END`;
}

export function text(column: string): string {
  return `${identifier(column)}::VARCHAR`;
}

/** A time as `timeField` reads it: ISO 8601, or seconds, milliseconds or microseconds since 1970. */
export function milliseconds(column: string): string {
  const value = number(column);
  const scaled = `CASE WHEN abs(${value}) < 1e11 THEN ${value} * 1000 WHEN abs(${value}) < 1e14 THEN ${value} ELSE ${value} / 1000 END`;
  return `CASE WHEN isfinite(${value}) THEN ${scaled} ELSE epoch_ms(TRY_CAST(${text(column)} AS TIMESTAMPTZ))::DOUBLE END`;
}

export function number(column: string): string {
  return `TRY_CAST(${identifier(column)} AS DOUBLE)`;
}
