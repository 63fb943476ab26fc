export { openVotes } from "./open.ts";
export { removeTemporaryFiles } from "./temporary.ts";
export type { CountOptions, OpenOptions, RankingOptions, Rejected, VoteFile, Where } from "./vote-file.ts";
export { distributeJudgments, findWriter, type Written, writableFormats, writeJudgments } from "./write.ts";
