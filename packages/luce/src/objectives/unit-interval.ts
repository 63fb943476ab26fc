import { LuceError } from "../errors.ts";
import type { EvidenceArray } from "./evidence.ts";

/** @throws LuceError `invalid-input` for a probability of exactly 0 or 1. */
export function checkOpenUnitInterval(name: string, array: EvidenceArray | undefined): void {
  const bad = array?.data.findIndex((value) => value <= 0 || value >= 1) ?? -1;
  if (bad < 0) return;
  throw new LuceError("invalid-input", `${name}[${bad}] is ${array?.data[bad]}, expected a probability`, {
    hint: "strictly between 0 and 1",
  });
}
