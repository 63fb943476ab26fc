import { InvalidArgumentError } from "commander";
import type { VoteFile } from "luce/data/files";
import type { Finding } from "luce/report";

/** `a,b` as a list. */
export function toList(value: string): string[] {
  return value
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** `part=column,part=column` as a record; `part=` says that no column plays the part. */
export function toColumns(value: string): Record<string, string> {
  return Object.fromEntries(
    toList(value).map((pair) => {
      const [part, column] = pair.split("=");
      if (!part || column === undefined) throw new InvalidArgumentError("write part=column, separated by commas");
      return [part.trim(), column.trim()];
    }),
  );
}

export function toSeed(value: string): number {
  const seed = Number(value);
  if (!Number.isInteger(seed)) throw new InvalidArgumentError("a seed is a whole number");
  return seed;
}

/** Reads a whole number from `least` up. */
export function atLeast(least: number): (value: string) => number {
  return (value) => {
    const count = Number(value);
    if (!Number.isSafeInteger(count) || count < least) {
      throw new InvalidArgumentError(`give a whole number from ${least} up`);
    }
    return count;
  };
}

/** A share of a whole that is neither nothing nor all of it. */
export function toShare(value: string): number {
  const share = Number(value);
  if (!(share > 0 && share < 1)) throw new InvalidArgumentError("a share is between 0 and 1, such as 0.2");
  return share;
}

/** What the reading of a file left out, in words. */
export function readingFindings(file: VoteFile): Finding[] {
  const { count, first, file: kept, duplicates, selfComparisons } = file.rejected();
  const findings: Finding[] = file.notes.map((text) => ({ severity: "note", text }));
  if (count > 0) {
    const [example] = first;
    findings.push({
      severity: "caution",
      text: `${count} ${count === 1 ? "row was" : "rows were"} left out${example ? `; the first, at line ${example.line}: ${example.field ? `${example.field}: ` : ""}${example.reason}` : ""}.`,
      ...(kept === undefined ? {} : { advice: `See ${kept}.` }),
    });
  }
  if (duplicates > 0) {
    findings.push({ severity: "note", text: `${duplicates} rows repeat an earlier judgment and count once.` });
  }
  if (selfComparisons > 0) {
    findings.push({
      severity: "note",
      text: `${selfComparisons} rows compare a system with itself, which says nothing of systems; they are left out.`,
    });
  }
  return findings;
}
