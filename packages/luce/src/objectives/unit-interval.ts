import { LuceError } from "../errors.ts";
import type { EvidenceArray } from "./evidence.ts";

/** @throws LuceError `invalid-input` for a value outside [0, 1], or on its ends where `open`. */
export function checkUnitInterval(name: string, array: EvidenceArray | undefined, open = false): void {
  const bad = array?.data.findIndex((value) => !(open ? value > 0 && value < 1 : value >= 0 && value <= 1)) ?? -1;
  if (bad < 0) return;
  throw new LuceError("invalid-input", `${name}[${bad}] is ${array?.data[bad]}, expected a probability`, {
    hint: open ? "strictly between 0 and 1" : "from 0 to 1",
  });
}
