export { openVotes } from "./open.ts";
export type { CountOptions, OpenOptions, RankingOptions, Rejected, VoteFile, Where } from "./vote-file.ts";
