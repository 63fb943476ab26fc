/** A learning rate (or any number) by the count of updates already made, from 0. */
export type Schedule = (step: number) => number;

export function constantSchedule(value: number): Schedule {
  return () => value;
}

/** From `start` to `end` in equal steps over `steps` updates, then `end`. */
export function linearSchedule(start: number, end: number, steps: number): Schedule {
  return (step) => start + (end - start) * progress(step, steps);
}

/** From `start` to `end` along half a cosine over `steps` updates, then `end`. */
export function cosineSchedule(start: number, end: number, steps: number): Schedule {
  return (step) => end + (start - end) * 0.5 * (1 + Math.cos(Math.PI * progress(step, steps)));
}

/**
 * Rises in equal steps to the first value of `schedule` over `steps` updates, then follows it: update 0 has
 * 1 / (steps + 1) of it, so that none is lost.
 */
export function withWarmUp(steps: number, schedule: Schedule): Schedule {
  return (step) => (step < steps ? (schedule(0) * (step + 1)) / (steps + 1) : schedule(step - steps));
}

function progress(step: number, steps: number): number {
  return steps <= 0 ? 1 : Math.min(1, Math.max(0, step / steps));
}
