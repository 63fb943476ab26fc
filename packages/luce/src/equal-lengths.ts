import { LuceError } from "./errors.ts";

/** @throws LuceError `shape-mismatch` unless all the named lists have one length. */
export function checkEqualLengths(lists: Readonly<Record<string, readonly unknown[]>>): void {
  const lengths = Object.values(lists).map((list) => list.length);
  if (lengths.every((length) => length === lengths[0])) return;
  const found = Object.entries(lists).map(([name, list]) => `${name} has ${list.length}`);
  throw new LuceError("shape-mismatch", `lists of one length are needed: ${found.join(", ")}`);
}
