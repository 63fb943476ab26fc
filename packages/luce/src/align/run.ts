import { LuceError } from "../errors.ts";

/** Named numbers of a step, an evaluation, an example. */
export type Metrics = Readonly<Record<string, number>>;

/** What a step did, or what an evaluation after it found: one line of the metrics log. */
export type LogEntry = { readonly step: number; readonly kind: "step" | "evaluation"; readonly metrics: Metrics };

/** What can be trained: a step at a time, and put back to where it was. */
export type TrainingJob = {
  /** Step `n`, from 0. What it draws must follow from `n` alone, so that a resumed run draws the same. */
  step(n: number): Promise<Metrics>;
  evaluate?(): Promise<Metrics>;
  /** All state that a step changes, as files. */
  snapshot(): Promise<Readonly<Record<string, Uint8Array>>>;
  restore(files: Readonly<Record<string, Uint8Array>>): Promise<void>;
};

export type RunSettings = {
  readonly steps: number;
  /** Steps between evaluations; there is one before the first step and one after the last. */
  readonly evaluateEvery: number;
  /** Steps between checkpoints; there is one after the last step. */
  readonly checkpointEvery: number;
  /** The metric of evaluations by which a checkpoint is the best one, and a run stops early. */
  readonly watch: { readonly metric: string; readonly better: "higher" | "lower" };
  /** Evaluations without a better one after which the run stops; absent: it never stops early. */
  readonly patience?: number;
};

export type Checkpoint = {
  /** Steps done. */
  readonly step: number;
  readonly log: readonly LogEntry[];
  readonly files: Readonly<Record<string, Uint8Array>>;
};

/** Where a run is kept. Everything is written whole or not at all. */
export type RunStore = {
  readLast(): Promise<Checkpoint | null>;
  readBest(): Promise<Checkpoint | null>;
  /** Begins the log anew with what the last checkpoint has seen. */
  startLog(log: readonly LogEntry[]): Promise<void>;
  appendLog(entry: LogEntry): Promise<void>;
  saveLast(checkpoint: Checkpoint): Promise<void>;
  saveBest(checkpoint: Checkpoint): Promise<void>;
};

export type RunOutcome = {
  readonly log: readonly LogEntry[];
  /** Steps done in all. */
  readonly steps: number;
  /** The step after which the watched metric was best. */
  readonly bestStep: number;
  readonly stopped: "done" | "early";
};

/**
 * Runs a job to its end, from its last checkpoint where there is one: a run that was killed and resumed has the same
 * log, and ends with the same state, as one that was not. The job is left as it was at its last step.
 *
 * @throws LuceError `not-finite` where a step or evaluation yields NaN or an infinity: nothing is written then, and
 *   the checkpoints stay as they are; `interrupted` when `signal` is aborted, after a checkpoint
 */
export async function runTraining(
  job: TrainingJob,
  settings: RunSettings,
  store: RunStore,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (entry: LogEntry) => void } = {},
): Promise<RunOutcome> {
  const resumed = await store.readLast();
  if (resumed) await job.restore(resumed.files);
  const log: LogEntry[] = [...(resumed?.log ?? [])];
  let step = resumed?.step ?? 0;
  let lastSaved = resumed ? step : -1;
  await store.startLog(log);

  const record = async (entry: LogEntry) => {
    requireFinite(entry);
    log.push(entry);
    await store.appendLog(entry);
    onProgress?.(entry);
  };
  const save = async () => {
    if (lastSaved === step) return;
    await store.saveLast({ step, log, files: await job.snapshot() });
    lastSaved = step;
  };
  const evaluate = async () => {
    if (!job.evaluate) return;
    await record({ step, kind: "evaluation", metrics: await job.evaluate() });
    if (bestOf(log, settings).step === step) await store.saveBest({ step, log, files: await job.snapshot() });
  };

  if (!resumed) await evaluate();
  while (step < settings.steps && !isStuck(log, settings)) {
    if (signal?.aborted) {
      await save();
      throw new LuceError("interrupted", `stopped after step ${step} of ${settings.steps}`, {
        hint: "run it again with --resume to go on from there",
      });
    }
    await record({ step: step + 1, kind: "step", metrics: await job.step(step) });
    step++;
    const last = step === settings.steps;
    if (last || step % settings.evaluateEvery === 0) await evaluate();
    if (last || step % settings.checkpointEvery === 0) await save();
  }
  await save();
  return {
    log,
    steps: step,
    bestStep: bestOf(log, settings).step,
    stopped: step < settings.steps ? "early" : "done",
  };
}

/** A store that forgets: for runs whose state nobody wants back. */
export function createMemoryStore(): RunStore {
  let last: Checkpoint | null = null;
  let best: Checkpoint | null = null;
  return {
    readLast: async () => last,
    readBest: async () => best,
    startLog: async () => {},
    appendLog: async () => {},
    saveLast: async (checkpoint) => {
      last = { ...checkpoint, log: [...checkpoint.log] };
    },
    saveBest: async (checkpoint) => {
      best = { ...checkpoint, log: [...checkpoint.log] };
    },
  };
}

/** The evaluation with the best watched metric, the earliest among equals; step 0 where there is none. */
function bestOf(log: readonly LogEntry[], { watch }: RunSettings): { step: number; value: number } {
  const sign = watch.better === "higher" ? 1 : -1;
  return log
    .filter(({ kind }) => kind === "evaluation")
    .map(({ step, metrics }) => ({ step, value: sign * (metrics[watch.metric] ?? Number.NEGATIVE_INFINITY) }))
    .reduce((best, one) => (one.value > best.value ? one : best), { step: 0, value: Number.NEGATIVE_INFINITY });
}

function isStuck(log: readonly LogEntry[], settings: RunSettings): boolean {
  if (settings.patience === undefined) return false;
  const best = bestOf(log, settings).step;
  return log.filter(({ kind, step }) => kind === "evaluation" && step > best).length >= settings.patience;
}

function requireFinite({ step, kind, metrics }: LogEntry): void {
  for (const [name, value] of Object.entries(metrics)) {
    if (Number.isFinite(value)) continue;
    throw new LuceError("not-finite", `${name} is ${value} ${kind === "step" ? "in" : "after"} step ${step}`, {
      hint: "the last checkpoint is kept; resume from it with a lower learning rate",
    });
  }
}
