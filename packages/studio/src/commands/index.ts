import type { Command } from "commander";

/** Each command is a file; it is loaded when it is run. */
type CommandEntry = { name: string; summary: string; load: () => Promise<{ command: Command }> };

export const commands: readonly CommandEntry[] = [
  { name: "audit", summary: "ask votes what is wrong with them", load: () => import("./audit.ts") },
  { name: "methods", summary: "list every method, with its paper and parameters", load: () => import("./methods.ts") },
];
