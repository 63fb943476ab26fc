export { type BootstrapOptions, bootstrapRatings } from "./bootstrap.ts";
export { type BradleyTerryOptions, bradleyTerry, fitBradleyTerry } from "./bradley-terry.ts";
export { connectedComponents, strongComponents } from "./components.ts";
export { convergencePlot, fitGrowingShares, type PartialFit } from "./convergence.ts";
export { davidson, fitDavidson } from "./davidson.ts";
export { type Decision, decide, type PairDecision, probabilityBest } from "./decision.ts";
export { elo, updateElo } from "./elo.ts";
export { countMeetings, fitKSort, type GroupSelection, kSortArena, selectGroup, updateKSort } from "./k-sort-arena.ts";
export {
  fitLengthControlledWinRate,
  type LengthControlledOptions,
  lengthControlledWinRate,
} from "./length-controlled-win-rate.ts";
export { mergeRows } from "./merge-rows.ts";
export { fitPlackettLuce, type PlackettLuceOptions, plackettLuce } from "./plackett-luce.ts";
export { type RankBiasedOverlap, rankBiasedOverlap } from "./rank-biased-overlap.ts";
export { fitRankCentrality, rankCentrality } from "./rank-centrality.ts";
export {
  countPairs,
  goodmanKruskalGamma,
  kendallTau,
  kendallTauA,
  midranks,
  type PairCounts,
  pairwiseAccuracy,
  pearsonCorrelation,
  spearman,
} from "./rank-correlation.ts";
export { type RankIntervals, rankIntervals } from "./rank-intervals.ts";
export { DEFAULT_MARGIN, type RankOptions, rankVotes } from "./rank-votes.ts";
export { type Ranking, type RankingInput, rankingSchema, toRanking } from "./ranking.ts";
export { rankingMetrics } from "./ranking-metrics.ts";
export { rankingReport } from "./ranking-report.ts";
export { fitRaoKupper, raoKupper } from "./rao-kupper.ts";
export { displayRating, type FitOptions, type RatingFit, type RatingMethod } from "./rating.ts";
export {
  averagePrecision,
  dcg,
  type Gain,
  hitAt,
  macroAverage,
  type NdcgOptions,
  ndcg,
  orderByScore,
  precisionAt,
  recallAt,
  reciprocalRank,
} from "./relevance-metrics.ts";
export { fitRoboArena, meanMaximumRankViolation, roboArena, samplingWeight } from "./robo-arena.ts";
export { fitStyleControlledBradleyTerry, styleControlledBradleyTerry } from "./style-controlled-bt.ts";
export { fitTrueSkill, type TrueSkillUpdate, trueskill, updateTrueSkill } from "./trueskill.ts";
export { bootstrapUncertainty, normalUncertainty, type Uncertainty } from "./uncertainty.ts";
export { fitWinRate, winRate } from "./win-rate.ts";
