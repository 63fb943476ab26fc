import type { DuckDBConnection } from "@duckdb/node-api";

/** How a column of a result is kept: whole numbers or doubles. No value may be NULL. */
export type ColumnKind = "integer" | "double";

/**
 * Runs a query and gives its columns as typed arrays, copied chunk by chunk, so that the rows are never held twice.
 *
 * @param kinds of the columns of `sql`
 * @param expected how many rows are likely; the arrays grow where there are more
 */
export async function fetchColumns(
  connection: DuckDBConnection,
  sql: string,
  kinds: readonly ColumnKind[],
  expected = 4096,
): Promise<(Int32Array | Float64Array)[]> {
  const make = (kind: ColumnKind, length: number) =>
    kind === "integer" ? new Int32Array(length) : new Float64Array(length);
  const result = await connection.stream(sql);
  let arrays = kinds.map((kind) => make(kind, expected));
  let capacity = expected;
  let rows = 0;
  for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
    const size = chunk.rowCount;
    if (rows + size > capacity) {
      capacity = Math.max(2 * capacity, rows + size);
      arrays = arrays.map((array, column) => {
        const larger = make(kinds[column], capacity);
        larger.set(array);
        return larger;
      });
    }
    for (const [column, array] of arrays.entries()) {
      const vector = chunk.getColumnVector(column);
      for (let i = 0; i < size; i++) array[rows + i] = vector.getItem(i) as number;
    }
    rows += size;
  }
  return rows === capacity ? arrays : arrays.map((array) => array.slice(0, rows));
}
