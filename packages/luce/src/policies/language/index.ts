export {
  batchCandidates,
  type CandidateBatch,
  type Candidates,
  candidateArrays,
  type PaddingOptions,
} from "./batch.ts";
export { type LanguageConfig, type LanguageSizes, languageConfig, parseLlamaConfig, toLlamaConfig } from "./config.ts";
export { type CandidateEvidence, candidateEvidence, lastStates, predictingStates, responseMask } from "./evidence.ts";
export {
  adapterName,
  adapterShapes,
  addAdapters,
  type LowRank,
  mergeAdapters,
  parseAdapterConfig,
  toAdapterConfig,
} from "./low-rank.ts";
export { objectiveLoss, type Said } from "./objective-loss.ts";
export { createLanguagePolicy, type LanguagePolicy, modelOf, supervisedLoss } from "./policy.ts";
export { type SampledResponse, type SampleOptions, sample } from "./sample.ts";
export { type CandidateScores, scoreCandidates } from "./score.ts";
export { byteSpecials, byteTokenizer, type Tokenizer } from "./tokenizer.ts";
export { drawLanguageWeights, languageShapes, rewardHead, rewardModelShapes } from "./weights.ts";
