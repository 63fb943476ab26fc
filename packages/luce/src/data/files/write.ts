import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { LuceError, suggestNearest } from "../../errors.ts";
import type { Judgment } from "../judgment.ts";
import { identifier, literal, openDatabase } from "./database.ts";
import { claimTemporary, removeTemporary } from "./temporary.ts";
import { writers } from "./writers/index.ts";
import type { Writer } from "./writers/writer.ts";

export const writableFormats: readonly { readonly id: string; readonly name: string }[] = writers;

export type Written = {
  readonly judgments: number;
  /** Judgments that the format cannot carry, by the reason. */
  readonly leftOut: readonly Reason[];
  /** Judgments that were written, but of which the format cannot say all, by what it leaves unsaid. */
  readonly simplified: readonly Reason[];
};

export type Reason = { readonly reason: string; readonly count: number; readonly firstId: string };

/** The writer of a format. @throws LuceError `invalid-parameter` for a name that is none. */
export function findWriter(format: string): Writer {
  const ids = writers.map(({ id }) => id);
  const writer = writers.find(({ id }) => id === format);
  if (writer) return writer;
  throw new LuceError("invalid-parameter", `there is no format "${format}" to write`, {
    hint: suggestNearest(format, ids),
  });
}

/**
 * Writes judgments to `path` one at a time, in bounded memory.
 *
 * @param format one of `writableFormats`
 * @param onJudgment called with each, with how many were read
 */
export async function writeJudgments(
  judgments: AsyncIterable<Judgment> | Iterable<Judgment>,
  format: string,
  path: string,
  onJudgment: (read: number) => void = () => {},
): Promise<Written> {
  let read = 0;
  const [written] = await distributeJudgments(judgments, format, [path], () => {
    onJudgment(++read);
    return 0;
  });
  return written;
}

/**
 * Writes each judgment to one of several files, in one pass and in bounded memory.
 *
 * @param format one of `writableFormats`
 * @param choose which of `paths`, counted from 0
 */
export async function distributeJudgments(
  judgments: AsyncIterable<Judgment> | Iterable<Judgment>,
  format: string,
  paths: readonly string[],
  choose: (judgment: Judgment) => number,
): Promise<Written[]> {
  const writer = findWriter(format);
  const files = paths.map((path) => openOutput(writer, path));
  try {
    for await (const judgment of judgments) await files[choose(judgment)].add(judgment);
    const written: Written[] = [];
    for (const file of files) written.push(await file.finish());
    return written;
  } finally {
    for (const file of files) await file.close();
  }
}

function openOutput(writer: Writer, path: string) {
  const linesPath = writer.parquetColumns ? claimTemporary(`${path}.rows`) : path;
  const leftOut = reasons();
  const simplified = reasons();
  const stream = createWriteStream(linesPath);
  const done = finished(stream);
  done.catch(() => {});
  let judgments = 0;
  let block = writer.header === undefined ? "" : `${writer.header}\n`;
  const flush = async () => {
    if (!stream.write(block)) await Promise.race([once(stream, "drain"), done]);
    block = "";
  };
  return {
    async add(judgment: Judgment): Promise<void> {
      const lines = writer.lines(judgment);
      if ("leftOut" in lines) {
        leftOut.add(lines.leftOut, judgment.id);
        return;
      }
      judgments++;
      const unsaid = writer.simplification?.(judgment);
      if (unsaid !== undefined) simplified.add(unsaid, judgment.id);
      for (const line of lines) block += `${line}\n`;
      if (block.length > 2 ** 18) await flush();
    },
    async finish(): Promise<Written> {
      await flush();
      stream.end();
      await done;
      if (writer.parquetColumns) await toParquet(linesPath, path, writer.parquetColumns);
      return { judgments, leftOut: leftOut.list(), simplified: simplified.list() };
    },
    /** Lets go of what an interrupted writing holds. */
    async close(): Promise<void> {
      stream.destroy();
      if (linesPath !== path) await removeTemporary(linesPath);
    },
  };
}

/** Counts reasons. */
function reasons() {
  const counted = new Map<string, { reason: string; count: number; firstId: string }>();
  return {
    add(reason: string, id: string): void {
      const entry = counted.get(reason) ?? { reason, count: 0, firstId: id };
      entry.count++;
      counted.set(reason, entry);
    },
    /** The most frequent first. */
    list: () => [...counted.values()].sort((a, b) => b.count - a.count),
  };
}

async function toParquet(lines: string, path: string, columns: Readonly<Record<string, string>>): Promise<void> {
  const database = await openDatabase([lines, path]);
  const typed = Object.entries(columns).map(([name, type]) => `${identifier(name)}: '${type}'`);
  try {
    await database.connection.run(
      `COPY (SELECT * FROM read_json(${literal(lines)}, format = 'newline_delimited', columns = {${typed.join(", ")}}, compression = 'uncompressed', maximum_object_size = 67108864)) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
  } finally {
    await database.close();
  }
}
