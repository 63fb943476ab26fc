import type { DuckDBConnection } from "@duckdb/node-api";
import { LuceError } from "../../errors.ts";
import { measuredCovariates } from "../views.ts";
import { unusableRows } from "./count-table.ts";
import type { OpenedFile } from "./opened-file.ts";
import { readContextOf } from "./read-context.ts";
import { readDrafts } from "./read-judgments.ts";
import { readParquetRows, readRecords } from "./records.ts";
import { nothingRejected } from "./rejects.ts";
import type { Source } from "./source.ts";
import { findCovariatePair, type TableColumns } from "./table-columns.ts";
import { type Counted, type CountRequest, readRows } from "./table-sql.ts";
import type { CountOptions } from "./vote-file.ts";

/**
 * Reads a file by the database; undefined where something about the file needs the slower reading, row by row.
 * Rows that are rejected are read again one by one, to say why.
 *
 * @throws LuceError `invalid-parameter` where no columns hold a covariate and it cannot be measured
 */
export async function readInDatabase<T>(
  file: OpenedFile,
  request: CountOptions,
  read: (connection: DuckDBConnection, request: CountRequest) => Promise<Counted<T>>,
): Promise<T | undefined> {
  const { table, relation, columns, source } = file;
  if (!table || !relation) return undefined;
  const { cluster, where } = request;
  const covariates = covariateColumns(request.covariates ?? [], relation.columns, table);
  if (!covariates || file.hasRepeatedIds) return undefined;
  const verdicts = await readContextOf(file);
  const connection = await file.database.connection();
  try {
    const { comparisons, unusable, selfComparisons } = await read(connection, {
      relation,
      columns: table,
      verdicts,
      cluster: cluster && table[cluster],
      covariates,
      where: where && { column: columns[where.field] ?? where.field, value: where.value },
    });
    if (await hasBrokenRows(connection, source)) return undefined;
    if (unusable > 0) await rejectUnusable(file, request, connection, table);
    else file.rejected = nothingRejected;
    file.rejected = { ...file.rejected, selfComparisons };
    return comparisons;
  } catch (error) {
    // What the database refuses to scan is read row by row; its errors are plain ones.
    if ((error as Error).constructor !== Error) throw error;
    return undefined;
  }
}

/** Whether the scan passed over rows that are not as a delimited file's should be. */
async function hasBrokenRows(connection: DuckDBConnection, { container }: Source): Promise<boolean> {
  if (container.kind !== "delimited") return false;
  const [[broken]] = await readRows(connection, "SELECT count(*)::INTEGER FROM reject_errors");
  return Number(broken) > 0;
}

/** Finds the rows that the database could not use, and why, by reading them one by one. */
async function rejectUnusable(
  file: OpenedFile,
  request: CountOptions,
  connection: DuckDBConnection,
  table: TableColumns,
): Promise<void> {
  const { source } = file;
  const suspects =
    source.container.kind === "parquet"
      ? readParquetRows(connection, source, unusableRows(table))
      : readRecords(source);
  for await (const _ of readDrafts(file, request, suspects)) {
    // Reading them is what reports them.
  }
}

/** The columns of each covariate; undefined where one must be measured on the texts. */
function covariateColumns(
  names: readonly string[],
  columns: readonly string[],
  table: TableColumns,
): CountRequest["covariates"] | undefined {
  const found: CountRequest["covariates"][number][] = [];
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
