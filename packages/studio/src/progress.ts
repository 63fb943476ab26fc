import type { SingleBar } from "cli-progress";

/** Reports how far the work is; calling it often costs little. */
export type Progress = {
  /** `done` of the total given to `withProgress`; `part`, shown in place of the label, is what is running now. */
  at(done: number, part?: string): void;
  advance(by?: number): void;
};

const PATIENCE = 1000;

/**
 * Runs `work`, with a progress bar on standard error once it takes more than a second. There is none where
 * standard error is not a terminal.
 *
 * @param total what `at` counts to; undefined where it is not known, then the count itself is shown. Or a
 * function that is asked now and then for the share of the work that is done, null where it is not known.
 */
export async function withProgress<T>(
  label: string,
  total: number | undefined | (() => number | null),
  work: (progress: Progress) => Promise<T> | T,
): Promise<T> {
  if (!process.stderr.isTTY) return work({ at() {}, advance() {} });
  const { SingleBar } = await import("cli-progress");
  const format =
    total === undefined
      ? "{label} {value} ({duration_formatted})"
      : typeof total === "function"
        ? "{label} {bar} {percentage}% ({duration_formatted})"
        : "{label} {bar} {percentage}% (about {eta_formatted} left)";
  const share = typeof total === "function" ? total : undefined;
  const started = Date.now();
  let bar: SingleBar | undefined;
  let done = 0;
  let running = label;
  const show = () => {
    if (bar) bar.update(done, { label: running });
    else if (Date.now() - started >= PATIENCE) {
      bar = new SingleBar({
        format,
        stream: process.stderr,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        clearOnComplete: true,
        // Switching wrapping off would outlive a process that is killed.
        linewrap: true,
      });
      bar.start(share ? 1 : typeof total === "number" ? total : 0, done, { label: running });
    }
  };
  const ask = () => {
    done = share?.() ?? done;
    show();
  };
  const timer = setTimeout(show, PATIENCE);
  const asking = share && setInterval(ask, PATIENCE / 4);
  try {
    return await work({
      at(value, part = running) {
        done = value;
        running = part;
        show();
      },
      advance(by = 1) {
        done += by;
        show();
      },
    });
  } finally {
    clearTimeout(timer);
    clearInterval(asking);
    bar?.stop();
  }
}
