export { renderCsv } from "./csv.ts";
export { formatCell } from "./format.ts";
export { renderHtml } from "./html.ts";
export { renderJson } from "./json.ts";
export { type MeanInterval, meanInterval } from "./mean-interval.ts";
export type { FinishedRuns, Recipe, RecipeOptions, RecipeResult, RecipeRun, Verdict } from "./recipe.ts";
export type { Cell, Column, Finding, Plot, Provenance, Report, Table } from "./report.ts";
export { renderTerminal } from "./terminal.ts";
