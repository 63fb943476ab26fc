import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { LuceError } from "../../errors.ts";
import { type Database, literal, openDatabase } from "./database.ts";
import { LONGEST_RECORD, type Source } from "./source.ts";

/** One row of a file: its fields, or why it cannot be read. */
export type SourceRecord =
  | { readonly line: number; readonly raw: string; readonly values: Readonly<Record<string, unknown>> }
  | Rejection;

/** A row that was left out, and why. `line` counts from 1; for Parquet and JSON arrays it is the row. */
export type Rejection = {
  readonly line: number;
  readonly field: string;
  readonly reason: string;
  /** The row as it stands in the file, cut after 4,096 characters. */
  readonly raw: string;
};

const RAW_KEPT = 4096;

/** Reads a file's rows in order, one at a time, in bounded memory. */
export function readRecords(source: Source): AsyncIterable<SourceRecord> {
  const { container } = source;
  if (container.kind === "delimited") return readDelimited(source, container.delimiter);
  if (container.kind === "ndjson") return readJsonLines(source);
  if (container.kind === "json") return readJsonArray(source);
  if (container.kind === "parquet") return readParquet(source);
  return readTextLines(source);
}

/** The header of a delimited file. */
export function splitHeader(source: Source, delimiter: string): string[] {
  const end = source.head.indexOf("\n");
  const fields = splitFields(stripEnd(end < 0 ? source.head : source.head.slice(0, end)), delimiter);
  if (!fields || new Set(fields).size < fields.length) {
    throw new LuceError(
      "invalid-input",
      fields ? "two columns have the same name" : "the header's quotes do not close",
      {
        where: `${source.path}:1`,
        hint: "the first line must name the columns",
      },
    );
  }
  return fields.map((field) => field.replace(/^\ufeff/, ""));
}

export type Line = { readonly line: number; readonly text: string | undefined; readonly reason?: string };

/** Lines as text. A line that is too long or not UTF-8 has a reason instead. */
async function* readLines(source: Source): AsyncGenerator<Line> {
  for await (const lines of readLineBlocks(source)) yield* lines;
}

/** The lines of a file in order, as many at a time as one read of the disk holds. */
export async function* readLineBlocks(source: Source): AsyncGenerator<Line[]> {
  try {
    yield* splitLines(source);
  } finally {
    source.readShare = null;
  }
}

async function* splitLines(source: Source): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const { size } = await stat(source.plainPath);
  let seen = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  let line = 0;
  const decode = (bytes: Buffer): Line => {
    line++;
    try {
      const text = decoder.decode(bytes);
      return { line, text: line === 1 ? text.replace(/^\ufeff/, "") : text };
    } catch {
      return { line, text: undefined, reason: "the line is not valid UTF-8; save the file as UTF-8" };
    }
  };
  /** The line that was held and `tail`, its end. */
  const finish = (tail: Buffer): Line => {
    const isTooLong = heldBytes + tail.length > LONGEST_RECORD;
    const bytes = held.length > 0 ? Buffer.concat([...held, tail]) : tail;
    held = [];
    heldBytes = 0;
    if (!isTooLong) return decode(bytes);
    return { line: ++line, text: undefined, reason: `the line is longer than ${LONGEST_RECORD / 2 ** 20} MiB` };
  };
  /** Whole lines at once, which costs a tenth of one by one, unless some of them is not UTF-8. */
  const split = (bytes: Buffer): Line[] => {
    try {
      const lines = decoder.decode(bytes).split("\n");
      return lines.map((text) => ({ line: ++line, text: line === 1 ? text.replace(/^\ufeff/, "") : text }));
    } catch {
      const lines: Line[] = [];
      for (let start = 0; start <= bytes.length; ) {
        const end = bytes.indexOf(10, start);
        const stop = end < 0 ? bytes.length : end;
        lines.push(decode(bytes.subarray(start, stop)));
        start = stop + 1;
      }
      return lines;
    }
  };
  for await (const chunk of createReadStream(source.plainPath, { highWaterMark: 2 ** 18 }) as AsyncIterable<Buffer>) {
    seen += chunk.length;
    source.readShare = seen / size;
    const first = chunk.indexOf(10);
    const last = chunk.lastIndexOf(10);
    if (first >= 0) {
      const opening = [finish(chunk.subarray(0, first))];
      yield last > first ? opening.concat(split(chunk.subarray(first + 1, last))) : opening;
    }
    const rest = chunk.subarray(last + 1);
    if (rest.length === 0) continue;
    if (heldBytes + rest.length <= LONGEST_RECORD) held.push(Buffer.from(rest));
    heldBytes += rest.length;
  }
  if (heldBytes > 0) yield [finish(Buffer.alloc(0))];
}

async function* readJsonLines(source: Source): AsyncGenerator<SourceRecord> {
  for await (const { line, text, reason } of readLines(source)) {
    if (text === undefined) yield rejection(line, "line", reason!, "");
    else if (text.trim() !== "") yield parseJsonRow(line, text);
  }
}

function parseJsonRow(line: number, text: string): SourceRecord {
  try {
    const values: unknown = JSON.parse(text);
    if (values !== null && typeof values === "object" && !Array.isArray(values)) {
      return { line, raw: text, values: values as Record<string, unknown> };
    }
    return rejection(line, "line", "is not a JSON object", text);
  } catch (error) {
    return rejection(line, "line", `is not JSON (${(error as Error).message.slice(0, 120)})`, text);
  }
}

async function* readTextLines(source: Source): AsyncGenerator<SourceRecord> {
  for await (const { line, text, reason } of readLines(source)) {
    if (text === undefined) yield rejection(line, "line", reason!, "");
    else if (text.trim() !== "") yield { line, raw: stripEnd(text), values: { text: stripEnd(text) } };
  }
}

/**
 * Records of a delimited file (RFC 4180): a field in quotes may hold delimiters, doubled quotes and line ends.
 * A quote that never closes costs its own line alone: reading goes on with the next.
 */
async function* readDelimited(source: Source, delimiter: string): AsyncGenerator<SourceRecord> {
  const header = splitHeader(source, delimiter);
  let pending: Line[] = [];
  const lines = readLines(source);
  /** Lines given back after a quote that never closed. */
  const replay: Line[] = [];
  const nextLine = async () => replay.shift() ?? ((await lines.next()).value as Line | undefined);
  let pendingLength = 0;
  for (let next = await nextLine(); next !== undefined || pending.length > 0; next = await nextLine()) {
    if (pending.length === 0 && next!.line === 1) continue;
    const isBroken = next === undefined || next.text === undefined || pendingLength > LONGEST_RECORD;
    if (pending.length > 0 && isBroken) {
      const [opened, ...others] = pending;
      yield rejection(opened.line, "line", "a quote that opens here never closes", opened.text!);
      replay.unshift(...others, ...(next ? [next] : []));
      pending = [];
      pendingLength = 0;
      continue;
    }
    const { line, text, reason } = next!;
    if (text === undefined) {
      yield rejection(line, "line", reason!, "");
      continue;
    }
    if (pending.length === 0 && text.trim() === "") continue;
    const isQuoteOdd = text.includes('"') && (text.split('"').length - 1) % 2 === 1;
    if (pending.length === 0 ? isQuoteOdd : !isQuoteOdd) {
      pending.push(next!);
      pendingLength += text.length;
      continue;
    }
    const start = pending[0]?.line ?? line;
    const raw = pending.length > 0 ? [...pending.map((held) => held.text), text].join("\n") : text;
    pending = [];
    pendingLength = 0;
    yield toDelimitedRecord(start, stripEnd(raw), header, delimiter);
  }
}

function toDelimitedRecord(line: number, raw: string, header: string[], delimiter: string): SourceRecord {
  const fields = splitFields(raw, delimiter);
  if (!fields) return rejection(line, "line", "a quote stands where none may", raw);
  if (fields.length !== header.length) {
    return rejection(line, "line", `has ${fields.length} fields, the header ${header.length}`, raw);
  }
  const values: Record<string, string> = {};
  for (let i = 0; i < header.length; i++) values[header[i]] = fields[i];
  return { line, raw, values };
}

/** The fields of one record, or undefined where its quotes are not as they should be. */
function splitFields(record: string, delimiter: string): string[] | undefined {
  if (!record.includes('"')) return record.split(delimiter);
  const fields: string[] = [];
  for (let at = 0; ; ) {
    if (record[at] === '"') {
      let field = "";
      for (at++; ; ) {
        const quote = record.indexOf('"', at);
        if (quote < 0) return undefined;
        field += record.slice(at, quote);
        at = quote + 1;
        if (record[at] !== '"') break;
        field += '"';
        at++;
      }
      fields.push(field);
      if (at < record.length && record[at] !== delimiter) return undefined;
    } else {
      const end = record.indexOf(delimiter, at);
      const stop = end < 0 ? record.length : end;
      fields.push(record.slice(at, stop));
      at = stop;
    }
    if (at >= record.length) return fields;
    at++;
  }
}

/** The objects of a JSON array, by the database's streaming parser. */
async function* readJsonArray(source: Source): AsyncGenerator<SourceRecord> {
  const database = await openDatabase([source.plainPath]);
  try {
    const from = `read_json_objects(${literal(source.plainPath)}, format = 'array', compression = 'uncompressed', maximum_object_size = ${LONGEST_RECORD})`;
    let line = 0;
    for await (const [text] of streamRows(database, `SELECT json::VARCHAR FROM ${from}`)) {
      yield parseJsonRow(++line, String(text));
    }
  } catch (error) {
    if (error instanceof LuceError) throw error;
    throw new LuceError("invalid-input", `is not a whole JSON array (${firstLineOf(error)})`, {
      where: source.path,
      cause: error,
    });
  } finally {
    await database.close();
  }
}

async function* readParquet(source: Source): AsyncGenerator<SourceRecord> {
  const database = await openDatabase([source.plainPath]);
  try {
    yield* readParquetRows(database.connection, source, "true");
  } finally {
    await database.close();
  }
}

/** The rows of a Parquet file that pass an SQL condition, with their numbers in the file. */
export async function* readParquetRows(
  connection: DuckDBConnection,
  source: Source,
  condition: string,
): AsyncGenerator<SourceRecord> {
  try {
    const from = `read_parquet(${literal(source.plainPath)}, hive_partitioning = false, file_row_number = true)`;
    const result = await connection.stream(`SELECT * FROM ${from} AS source WHERE ${condition}`);
    const columns = result.columnNames();
    for await (const rows of result.yieldRowsJson()) {
      for (const row of rows) {
        const { file_row_number, ...values } = Object.fromEntries(columns.map((column, i) => [column, row[i]]));
        yield { line: Number(file_row_number) + 1, raw: "", values };
      }
    }
  } catch (error) {
    throw new LuceError("unreadable", `the Parquet file is broken (${firstLineOf(error)})`, {
      where: source.path,
      cause: error,
    });
  }
}

async function* streamRows(database: Database, sql: string): AsyncGenerator<unknown[]> {
  const result = await database.connection.stream(sql);
  for await (const rows of result.yieldRowsJs()) yield* rows;
}

export function rejection(line: number, field: string, reason: string, raw: string): Rejection {
  return { line, field, reason, raw: raw.slice(0, RAW_KEPT) };
}

function firstLineOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0].slice(0, 200);
}

export function stripEnd(text: string): string {
  return text.endsWith("\r") ? text.slice(0, -1) : text;
}
