import { mkdtempSync, rmSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What this process has made outside its output and will remove. */
const existing = new Set<string>();

/** A new folder in the system's temporary one, known to `removeTemporaryFiles` from its first moment. */
export function makeTemporaryFolder(): string {
  return claimTemporary(mkdtempSync(join(tmpdir(), "luce-")));
}

/** Has `removeTemporaryFiles` remove a file that is about to be made. */
export function claimTemporary(path: string): string {
  existing.add(path);
  return path;
}

export async function removeTemporary(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  existing.delete(path);
}

/**
 * Removes every temporary file of this process that is still there, at once: for a program that is being ended by
 * a signal while it reads or converts. What is closed in the ordinary way has removed its own.
 */
export function removeTemporaryFiles(): void {
  for (const path of existing) rmSync(path, { recursive: true, force: true });
  existing.clear();
}
