import { createHash } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { LuceError } from "../../errors.ts";
import { RowFault } from "./formats/format.ts";
import { type Rejection, rejection } from "./records.ts";
import type { Rejected } from "./vote-file.ts";

const SHOWN = 20;

/** Where one reading puts the rows that it leaves out. */
export type Rejects = {
  add(rejection: Rejection): void;
  /** Adds the row `raw` of a line for a `RowFault`, and throws what is none. */
  addFault(error: unknown, line: number, raw: string): void;
  addDuplicate(): void;
  addSelfComparison(): void;
  close(): Rejected;
};

/** Keeps the rows that one reading leaves out: the first few in memory, all of them in a JSONL file. */
export function openRejects(source: string, file: string | undefined): Rejects {
  const target = file ?? temporaryFile(source);
  const first: Rejected["first"][number][] = [];
  let count = 0;
  let duplicates = 0;
  let selfComparisons = 0;
  let handle: number | undefined;
  function add({ line, field, reason, raw }: Rejection): void {
    handle ??= openTarget(target);
    writeSync(handle, `${JSON.stringify({ line, field, reason, raw })}\n`);
    if (count < SHOWN) first.push({ line, field, reason });
    count++;
  }
  return {
    add,
    addFault(error, line, raw) {
      if (!(error instanceof RowFault)) throw error;
      add(rejection(line, error.field, error.message, raw));
    },
    addDuplicate() {
      duplicates++;
    },
    addSelfComparison() {
      selfComparisons++;
    },
    close() {
      if (handle !== undefined) closeSync(handle);
      return { count, first, duplicates, selfComparisons, file: handle === undefined ? undefined : target };
    },
  };
}

function openTarget(target: string): number {
  try {
    mkdirSync(dirname(target), { recursive: true });
    return openSync(target, "w");
  } catch (cause) {
    const isFolder = (cause as NodeJS.ErrnoException).code === "EISDIR";
    throw new LuceError("unreadable", isFolder ? "is a folder" : "rejected rows cannot be kept here", {
      where: target,
      hint: isFolder ? "name a file for rejected rows" : "name another file with --rejects",
      cause,
    });
  }
}

/** The same name for the same source, so that reading a file again replaces its rejects. */
function temporaryFile(source: string): string {
  const key = createHash("sha256").update(resolve(source)).digest("hex").slice(0, 12);
  return join(tmpdir(), "luce-rejects", `${basename(source)}.${key}.jsonl`);
}

export const nothingRejected: Rejected = { count: 0, first: [], file: undefined, duplicates: 0, selfComparisons: 0 };
