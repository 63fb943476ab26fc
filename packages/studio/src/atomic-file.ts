import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { chmod, open, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { LuceError } from "luce/errors";
import { withCleanup } from "./interruption.ts";

/** Text or bytes, whole or in pieces. */
export type Contents = string | Uint8Array | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** Writes a file whole or not at all, also when it is interrupted. @throws LuceError where it cannot be written. */
export function writeFileAtomically(file: string, contents: Contents): Promise<void> {
  return replaceFileAtomically(file, (temporary) => writeFile(temporary, contents));
}

/**
 * Lets `write` fill a temporary file in the folder of `file` (with the same extension), then puts it in its
 * place. If anything fails before that, or the process is interrupted, `file` stays as it was and nothing is left
 * behind. Pipes and devices, such as /dev/stdout, are written directly.
 *
 * @throws LuceError `not-found` where there is no such folder, `unsupported` where `file` is a folder,
 * `unreadable` where writing is not permitted or the disk is full.
 */
export async function replaceFileAtomically(file: string, write: (temporary: string) => Promise<void>): Promise<void> {
  if (file === "") throw new LuceError("invalid-parameter", "the name of the file to write is empty");
  let target = path.resolve(file);
  try {
    const existing = await stat(file).catch(() => undefined);
    if (existing?.isDirectory()) {
      throw new LuceError("unsupported", "is a folder", { where: file, hint: "name a file to write" });
    }
    if (existing && !existing.isFile()) return await write(file);
    if (existing) target = await realpath(file);
    const temporary = path.join(path.dirname(target), `.${randomBytes(6).toString("hex")}.${path.basename(target)}`);
    await withCleanup(
      () => rmSync(temporary, { force: true }),
      async () => {
        try {
          await write(temporary);
          if (existing) await chmod(temporary, existing.mode);
          await flush(temporary);
          await rename(temporary, target);
        } catch (error) {
          await rm(temporary, { force: true });
          throw error;
        }
      },
    );
  } catch (error) {
    throw explain(error, file, target);
  }
}

/** Onto the disk before the rename, so that a crash cannot leave an empty file under the final name. */
async function flush(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** In words, unless the error is of a file in another folder, which whoever writes that one explains. */
function explain(error: unknown, file: string, target: string): unknown {
  if (!(error instanceof Error)) return error;
  const { code, path: failed = target } = error as NodeJS.ErrnoException;
  if (path.dirname(failed) !== path.dirname(target)) return error;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new LuceError("not-found", `there is no folder ${path.dirname(path.resolve(file))} to write to`, {
        where: file,
        hint: "create it first",
        cause: error,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new LuceError("unreadable", "may not be written here", { where: file, cause: error });
    case "ENOSPC":
    case "EDQUOT":
      return new LuceError("unreadable", "the disk is full", { where: file, cause: error });
    default:
      return error;
  }
}
