import { type OpenOptions, openVotes, removeTemporaryFiles, type VoteFile } from "luce/data/files";
import { withCleanup } from "./interruption.ts";
import { withProgress } from "./progress.ts";

/**
 * Opens a file of judgments for as long as `read` takes; Ctrl-C leaves no temporary file of it. What follows the
 * reading belongs after it: work that never waits cannot be interrupted while there is something to tidy.
 */
export function withVotes<T>(path: string, options: OpenOptions, read: (file: VoteFile) => Promise<T>): Promise<T> {
  return withCleanup(removeTemporaryFiles, async () => {
    const file = await withProgress("opening", undefined, () => openVotes(path, options));
    try {
      return await read(file);
    } finally {
      await file.close();
    }
  });
}

/** Runs a reading of the file, with a bar of how far it is. */
export function withReading<T>(label: string, file: VoteFile, read: () => Promise<T>): Promise<T> {
  return withProgress(label, file.progress, read);
}
