import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { readWhole, replaceFile } from "../../engines/files/index.ts";
import { LuceError } from "../../errors.ts";
import { parseWith } from "../../method.ts";
import type { Checkpoint, LogEntry, RunStore } from "../run.ts";

const LOG = "metrics.jsonl";
const STATE = "checkpoints.json";

const stateSchema = z.object({ last: z.string().nullable(), best: z.string().nullable() });
type State = z.output<typeof stateSchema>;

/**
 * A run kept in a folder: `metrics.jsonl`, a line each entry of the log, and checkpoints, each a folder that is
 * complete before `checkpoints.json` names it. What it does not name any more is removed.
 *
 * @throws LuceError `invalid-input` where the folder holds a run and `resume` is not asked for, `not-found` where it
 *   holds none and it is
 */
export async function openRunFolder(folder: string, { resume }: { resume: boolean }): Promise<RunStore> {
  await mkdir(folder, { recursive: true });
  let state = await readState(folder);
  if (state && !resume) {
    throw new LuceError("invalid-input", "this folder holds a run already", {
      where: folder,
      hint: "give --resume to go on with it, or another folder",
    });
  }
  if (!state && resume) {
    const begun = (await readdir(folder)).includes(LOG);
    if (!begun)
      throw new LuceError("not-found", "there is no run to resume", { where: folder, hint: "leave --resume out" });
  }

  const save = async (which: keyof State, { step, files }: Checkpoint) => {
    const name = `checkpoint-${step}`;
    if (state?.last !== name && state?.best !== name) await writeCheckpoint(path.join(folder, name), step, files);
    state = { last: state?.last ?? null, best: state?.best ?? null, [which]: name };
    await replaceFile(path.join(folder, STATE), `${JSON.stringify(state)}\n`);
    for (const other of await readdir(folder)) {
      const isOld = other.startsWith("checkpoint-") && other !== state.last && other !== state.best;
      if (isOld) await rm(path.join(folder, other), { recursive: true, force: true });
    }
  };
  const read = async (name: string | null | undefined): Promise<Checkpoint | null> => {
    if (!name) return null;
    const { step, files } = await readCheckpoint(path.join(folder, name));
    return { step, files, log: (await readLog(path.join(folder, LOG))).filter((entry) => entry.step <= step) };
  };

  return {
    readLast: () => read(state?.last),
    readBest: () => read(state?.best),
    startLog: (log) => replaceFile(path.join(folder, LOG), log.map(toLine).join("")),
    appendLog: (entry) => appendFile(path.join(folder, LOG), toLine(entry)),
    saveLast: (checkpoint) => save("last", checkpoint),
    saveBest: (checkpoint) => save("best", checkpoint),
  };
}

function toLine(entry: LogEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

async function readState(folder: string): Promise<State | null> {
  const file = path.join(folder, STATE);
  const text = await readWhole(file).catch((error) => {
    if (error instanceof LuceError && error.code === "not-found") return null;
    throw error;
  });
  return text && parseWith(stateSchema, parseJson(new TextDecoder().decode(text), file), file);
}

/** The log's whole lines: one that a crash cut off is left out. */
async function readLog(file: string): Promise<LogEntry[]> {
  const text = await readFile(file, "utf8");
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => parseJson(line, file) as LogEntry);
}

async function writeCheckpoint(folder: string, step: number, files: Checkpoint["files"]): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial);
  for (const [name, bytes] of Object.entries(files)) await writeFile(path.join(partial, name), bytes, { flush: true });
  await writeFile(path.join(partial, "step"), String(step), { flush: true });
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

async function readCheckpoint(folder: string): Promise<{ step: number; files: Record<string, Uint8Array> }> {
  const files: Record<string, Uint8Array> = {};
  for (const name of await readdir(folder)) files[name] = await readWhole(path.join(folder, name));
  const { step, ...rest } = files;
  if (!step) throw new LuceError("invalid-input", "the checkpoint has no step", { where: folder });
  return { step: Number(new TextDecoder().decode(step)), files: rest };
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LuceError("invalid-input", "it is damaged: not JSON", { where, cause });
  }
}
