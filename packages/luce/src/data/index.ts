export {
  type CollectOptions,
  comparisonsFromJudgments,
  comparisonsFromRankings,
  mergeComparisons,
  rankingsFromComparisons,
  rankingsFromJudgments,
  voteTableFromJudgments,
} from "./collect.ts";
export type { Comparisons, Rankings } from "./comparisons.ts";
export type { Inspection } from "./inspect.ts";
export { type Content, type Item, type Judgment, judgmentSchema, type Message, type Verdict } from "./judgment.ts";
export { type PromptSplit, splitByPrompt } from "./split-by-prompt.ts";
export { labels, type Pair, pairs, rankings, scores } from "./views.ts";
export type { VoteTable } from "./vote-table.ts";
