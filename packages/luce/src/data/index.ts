export type { Comparisons, Rankings } from "./comparisons.ts";
export type { VoteTable } from "./vote-table.ts";
