import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { LuceError } from "../../errors.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type LearnerState } from "../local/index.ts";

/**
 * Saves a checkpoint whole or not at all: what stood at `path` stays until the new file is on disk.
 *
 * @throws LuceError `not-finite` for a state that holds NaN or infinity; the file at `path` is then untouched.
 */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  await replaceFile(path, await encodeCheckpoint(checkpoint));
}

/** @throws LuceError `not-found`, and those of `decodeCheckpoint`. */
export async function readCheckpoint(path: string, like: Omit<LearnerState, "step">): Promise<Checkpoint> {
  return decodeCheckpoint(await readWhole(path), like, path);
}

/** Writes beside `path`, makes it durable, then takes its place. */
export async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(contents);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new LuceError("unreadable", `the file cannot be written (${(cause as Error).message})`, {
      where: path,
      cause,
    });
  }
}

/** @throws LuceError `not-found` or `unreadable`. */
export async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") throw new LuceError("not-found", "there is no such file", { where: path, cause });
    const message = code === "EISDIR" ? "is a folder, not a file" : `cannot be read (${code})`;
    throw new LuceError("unreadable", message, { where: path, cause });
  }
}
