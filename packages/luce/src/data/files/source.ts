import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, stat, symlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { LuceError } from "../../errors.ts";
import { makeTemporaryFolder, removeTemporary } from "./temporary.ts";

/** How rows lie in a file. */
export type Container =
  | { readonly kind: "delimited"; readonly delimiter: string }
  | { readonly kind: "ndjson" }
  | { readonly kind: "json" }
  | { readonly kind: "parquet" }
  | { readonly kind: "text" };

/** A file that exists, is readable, uncompressed, and known to be text or Parquet. */
export type Source = {
  /** As given. */
  readonly path: string;
  /** Where the plain bytes are, under a name that no database takes for a pattern. */
  readonly plainPath: string;
  readonly container: Container;
  /** The first text of the file, up to 256 KiB; empty for Parquet. */
  readonly head: string;
  readonly fingerprint: { readonly name: string; readonly sha256: string; readonly bytes: number };
  /** Some line is longer than `LONGEST_RECORD`, so that only the reading line by line copes. */
  readonly hasEndlessLine: boolean;
  /** The share of the plain bytes that the present reading of lines has seen; null where lines are not read. */
  readShare: number | null;
  dispose(): Promise<void>;
};

/** A longer line or quoted field is rejected instead of held in memory. */
export const LONGEST_RECORD = 16 * 2 ** 20;

const HEAD_BYTES = 256 * 1024;
/** Text compresses 5 to 50 times; past this and past 1 GiB it is taken for a bomb. */
const LARGEST_EXPANSION = 250;
const TRUSTED_BYTES = 2 ** 30;

/** @throws LuceError `not-found`, `unreadable` or `unknown-format`, naming the file and what to do. */
export async function openSource(path: string): Promise<Source> {
  const bytes = await sizeOfFile(path);
  const scratch: string[] = [];
  const dispose = async () => {
    await Promise.all(scratch.map(removeTemporary));
  };
  try {
    const lines = lineGauge();
    const sha256 = hashFile(path, lines.add);
    sha256.catch(() => {});
    const unpackedLines = lineGauge();
    const plainPath = await plainFile(path, bytes, scratch, unpackedLines.add);
    const head = await readHead(plainPath);
    const container = sniffContainer(path, head);
    const fingerprint = { name: basename(path), sha256: await sha256, bytes };
    const isUnpacked = unpackedLines.longest() > 0;
    return {
      path,
      plainPath,
      container,
      head: container.kind === "parquet" ? "" : decodeHead(head),
      fingerprint,
      hasEndlessLine: (isUnpacked ? unpackedLines : lines).longest() > LONGEST_RECORD,
      readShare: null,
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function sizeOfFile(path: string): Promise<number> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "ENOENT" || cause.code === "ENOTDIR"
      ? new LuceError("not-found", "there is no such file", { where: path || '""', hint: "check the path", cause })
      : new LuceError("unreadable", `cannot be read (${cause.code})`, { where: path, cause });
  });
  if (found.isDirectory()) {
    throw new LuceError("unreadable", "is a directory", { where: path, hint: "name one file in it" });
  }
  if (!found.isFile()) {
    throw new LuceError("unreadable", "is not a regular file", { where: path, hint: "save it to a file first" });
  }
  if (found.size === 0) {
    throw new LuceError("invalid-input", "the file is empty", { where: path, hint: "check that it was fully written" });
  }
  return found.size;
}

/** SHA-256 of the whole file as it lies on disk. */
async function hashFile(path: string, onChunk: (chunk: Buffer) => void): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    onChunk(chunk);
  }
  return hash.digest("hex");
}

/** The longest line of what passes by, exact where it is longer than a chunk. */
function lineGauge() {
  let longest = 0;
  let current = 0;
  return {
    add(chunk: Buffer): void {
      const end = chunk.indexOf(10);
      longest = Math.max(longest, current + (end < 0 ? chunk.length : end));
      current = end < 0 ? current + chunk.length : chunk.length - chunk.lastIndexOf(10) - 1;
    },
    longest: () => longest,
  };
}

/** Unpacks gzip into a temporary file, and hides names that a database would expand as patterns. */
async function plainFile(
  path: string,
  bytes: number,
  scratch: string[],
  onChunk: (chunk: Buffer) => void,
): Promise<string> {
  const absolute = resolve(path);
  const magic = await readHead(absolute, 2).catch((cause: NodeJS.ErrnoException) => {
    throw new LuceError("unreadable", `cannot be read (${cause.code})`, { where: path, cause });
  });
  const isGzip = magic[0] === 0x1f && magic[1] === 0x8b;
  if (!isGzip && /^[\w./ -]+$/.test(absolute)) return absolute;
  const folder = makeTemporaryFolder();
  scratch.push(folder);
  const plain = join(folder, "plain");
  if (isGzip) await unpack(path, bytes, plain, onChunk);
  else await symlink(absolute, plain);
  return plain;
}

async function unpack(path: string, bytes: number, target: string, onChunk: (chunk: Buffer) => void): Promise<void> {
  let unpacked = 0;
  const guard = new Transform({
    transform(chunk: Buffer, _, done) {
      if (unpacked === 0) {
        try {
          sniffContainer(path, chunk);
        } catch (error) {
          done(error as Error);
          return;
        }
      }
      unpacked += chunk.length;
      onChunk(chunk);
      const isBomb = unpacked > TRUSTED_BYTES && unpacked > bytes * LARGEST_EXPANSION;
      done(
        isBomb
          ? new LuceError(
              "invalid-input",
              `unpacks to more than ${LARGEST_EXPANSION} times its size, as a zip bomb does`,
              {
                where: path,
                hint: "unpack it yourself if you trust it",
              },
            )
          : null,
        chunk,
      );
    },
  });
  await pipeline(createReadStream(path), createGunzip(), guard, createWriteStream(target)).catch((cause: Error) => {
    if (cause instanceof LuceError) throw cause;
    throw new LuceError("unreadable", `the gzip stream is broken after ${unpacked} bytes (${cause.message})`, {
      where: path,
      hint: "the file is probably cut short; fetch it again",
      cause,
    });
  });
  if (unpacked === 0) {
    throw new LuceError("invalid-input", "the gzip file holds nothing", { where: path });
  }
}

async function readHead(path: string, bytes = HEAD_BYTES): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** First bytes of kinds of file that hold no judgments, so that the error can name them. */
const foreignKinds: readonly [bytes: string, kind: string][] = [
  ["\x89PNG", "a PNG image"],
  ["\xff\xd8\xff", "a JPEG image"],
  ["GIF8", "a GIF image"],
  ["%PDF", "a PDF document"],
  ["PK\x03\x04", "a zip archive (or a spreadsheet)"],
  ["SQLite format 3", "an SQLite database"],
  ["\x28\xb5\x2f\xfd", "a zstd archive"],
  ["BZh", "a bzip2 archive"],
  ["\xfd7zXZ", "an xz archive"],
  ["7z\xbc\xaf", "a 7z archive"],
  ["\x1f\x8b", "a gzip file within a gzip file"],
  ["\x7fELF", "a program"],
  ["ARROW1", "an Arrow file"],
  ["\x89HDF", "an HDF5 file"],
  ["\xff\xfe", "UTF-16 text"],
  ["\xfe\xff", "UTF-16 text"],
];

function sniffContainer(path: string, head: Buffer): Container {
  const magic = head.toString("latin1", 0, 16);
  if (magic.startsWith("PAR1")) return { kind: "parquet" };
  const foreign = foreignKinds.find(([bytes]) => magic.startsWith(bytes));
  if (foreign || head.includes(0)) {
    throw new LuceError("unknown-format", `is ${foreign?.[1] ?? "a binary file"}, not judgments`, {
      where: path,
      hint: "Luce reads UTF-8 text (CSV, TSV, JSON, JSONL, PrefLib), Parquet, and these gzipped",
    });
  }
  const text = decodeHead(head);
  const start = text.trimStart();
  if (start === "") throw new LuceError("invalid-input", "holds nothing but blanks", { where: path });
  if (start.startsWith("{")) return { kind: "ndjson" };
  if (start.startsWith("[")) return { kind: "json" };
  const firstLine = text.slice(0, indexOrEnd(text, "\n"));
  if (firstLine.startsWith("#") || /^\s/.test(firstLine)) return { kind: "text" };
  const counts = [",", "\t", ";", "|"].map((delimiter) => [delimiter, firstLine.split(delimiter).length] as const);
  const [delimiter, fields] = counts.reduce((best, next) => (next[1] > best[1] ? next : best));
  return fields > 1 ? { kind: "delimited", delimiter } : { kind: "text" };
}

function decodeHead(head: Buffer): string {
  return new TextDecoder("utf-8").decode(head);
}

function indexOrEnd(text: string, part: string): number {
  const index = text.indexOf(part);
  return index < 0 ? text.length : index;
}
