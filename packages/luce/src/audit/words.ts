import { listNames } from "../rank/identification.ts";

/** How audits write numbers in sentences. */

export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)}%`;
}

export function percentRange({ lower, upper }: { lower: number; upper: number }, digits = 1): string {
  return `95% interval ${percent(lower, digits)} to ${percent(upper, digits)}`;
}

export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : `${noun}s`}`;
}

export function pValueText(p: number): string {
  return p < 0.0001 ? "p < 0.0001" : `p = ${p.toPrecision(2)}`;
}

/** Why votes do not say where systems were shown; see `winnersOnOneSide`. */
export function sidesUnknown(side: "left" | "right"): string {
  return `the ${side} side won every decided vote: the file writes winners on that side, and not where they were shown, or nobody ever chose the other`;
}

/** `"a", "b" and 3 more`. */
export function listed(names: readonly string[]): string {
  return listNames(
    names.map((name) => `"${name}"`),
    3,
  );
}
