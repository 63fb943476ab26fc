import type { Command } from "commander";

/** Each command is a file; it is loaded when it is run. */
type CommandEntry = { name: string; summary: string; load: () => Promise<{ command: Command }> };

export const commands: readonly CommandEntry[] = [
  { name: "inspect", summary: "say what a file of judgments holds and lacks", load: () => import("./inspect.ts") },
  { name: "convert", summary: "write judgments in another format", load: () => import("./convert.ts") },
  { name: "start", summary: "rate a simulated arena whose truth is known", load: () => import("./start.ts") },
  { name: "audit", summary: "ask votes what is wrong with them", load: () => import("./audit.ts") },
  { name: "rank", summary: "turn judgments into a leaderboard one can trust", load: () => import("./rank.ts") },
  {
    name: "train",
    summary: "train a language policy on demonstrations or preferences",
    load: () => import("./train.ts"),
  },
  { name: "sample", summary: "draw responses from a language policy", load: () => import("./sample.ts") },
  {
    name: "eval",
    summary: "ask how often a language policy prefers what people prefer",
    load: () => import("./eval.ts"),
  },
  { name: "recipe", summary: "re-run published claims in miniature", load: () => import("./recipe.ts") },
  { name: "methods", summary: "list every method, with its paper and parameters", load: () => import("./methods.ts") },
];
