import { constants } from "node:os";
import { LuceError } from "luce/errors";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const cleanups = new Set<() => void>();
const stoppable = new Set<AbortController>();

/**
 * Runs work that can stop tidily. The first Ctrl-C aborts `signal`, whose reason is a LuceError `interrupted`
 * that the work should throw; a second one ends the process at once.
 */
export async function withInterruption<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  stoppable.add(controller);
  listen();
  try {
    return await work(controller.signal);
  } finally {
    stoppable.delete(controller);
    listen();
  }
}

/** Runs `cleanup` if the process is ended by a signal while `work` runs. It must be synchronous. */
export async function withCleanup<T>(cleanup: () => void, work: () => Promise<T>): Promise<T> {
  cleanups.add(cleanup);
  listen();
  try {
    return await work();
  } finally {
    cleanups.delete(cleanup);
    listen();
  }
}

/** Signals keep their default, which ends even synchronous work at once, unless there is something to tidy. */
function listen(): void {
  const needed = cleanups.size > 0 || stoppable.size > 0;
  for (const name of SIGNALS) {
    process.off(name, onSignal);
    if (needed) process.on(name, onSignal);
  }
}

function onSignal(name: NodeJS.Signals): void {
  const running = [...stoppable].filter((controller) => !controller.signal.aborted);
  if (running.length > 0) {
    for (const controller of running) controller.abort(new LuceError("interrupted", "interrupted"));
    return;
  }
  for (const cleanup of cleanups) cleanup();
  process.exit(128 + constants.signals[name]);
}
