import { identifier, literal } from "./database.ts";
import { LONGEST_RECORD, type Source } from "./source.ts";
import type { Relation } from "./table-sql.ts";

/** How the database reads the file, every field as text but in Parquet; undefined where it does not. */
export function relationOf(source: Source, fields: readonly string[]): Relation | undefined {
  const { container, hasEndlessLine } = source;
  const file = literal(source.plainPath);
  const typed = `{${fields.map((field) => `${identifier(field)}: 'VARCHAR'`).join(", ")}}`;
  if (hasEndlessLine && (container.kind === "delimited" || container.kind === "ndjson")) return undefined;
  if (container.kind === "parquet") {
    return { from: `read_parquet(${file}, hive_partitioning = false)`, columns: fields };
  }
  if (container.kind === "ndjson" || container.kind === "json") {
    const layout = container.kind === "json" ? "array" : "newline_delimited";
    return {
      from: `read_json(${file}, format = '${layout}', columns = ${typed}, compression = 'uncompressed', hive_partitioning = false, maximum_object_size = ${LONGEST_RECORD})`,
      columns: fields,
    };
  }
  if (container.kind === "delimited") {
    // Threads share a file by buffers; the default is so large for such lines that one thread reads most files.
    return {
      from: `read_csv(${file}, auto_detect = false, header = true, delim = ${literal(container.delimiter)}, quote = '"', escape = '"', columns = ${typed}, compression = 'none', hive_partitioning = false, store_rejects = true, max_line_size = ${LONGEST_RECORD}, buffer_size = ${LONGEST_RECORD})`,
      columns: fields,
    };
  }
  return undefined;
}
