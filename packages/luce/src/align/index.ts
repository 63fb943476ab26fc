export {
  assembleEvidence,
  type EvidenceName,
  indexSequences,
  parseEvidenceName,
  quantitiesTrained,
  scatterGradients,
} from "./assemble.ts";
export { cream, rankingConsistency } from "./cream.ts";
export { type Distillation, distillation } from "./distillation.ts";
export { createEvidenceCache, type EvidenceCache } from "./evidence-cache.ts";
export {
  type Batch,
  collate,
  type Example,
  type ExampleUnit,
  examplesOf,
  exampleUnit,
  type PairSelection,
  type Sequence,
  type SequenceBlock,
} from "./examples.ts";
export { accuracyInterval, type HeldOutResult, scoreHeldOut, scoreHeldOutRewards } from "./held-out.ts";
export {
  compileLanguagePrograms,
  encodePrompt,
  headNames,
  type LanguageLayout,
  type LanguagePrograms,
  type LanguageYield,
} from "./language-programs.ts";
export { createLanguageTrainee, type LanguageTrainee, type LanguageTraineeOptions } from "./language-trainee.ts";
export { combineModules, fastRoles, ofsDpo } from "./ofs-dpo.ts";
export {
  comparePolicies,
  evaluateSamples,
  meanOf,
  type PolicyComparison,
  responseLogps,
  type SampledEvaluation,
} from "./on-samples.ts";
export type { SampleOptions, TokenEvidence, TokenGradient, TrainablePolicy } from "./policy.ts";
export { listOfScores, type PreferenceList, readPreferenceLists, toPreferenceList } from "./preference-lists.ts";
export {
  batchAt,
  measureObjective,
  type PreferenceSource,
  type PreferenceTraining,
  preferenceTraining,
  sequencesOf,
} from "./preference-training.ts";
export { type ResponseScorer, type RolloutSettings, scoredRollouts } from "./rollouts.ts";
export {
  type Checkpoint,
  createMemoryStore,
  type LogEntry,
  type Metrics,
  type RunOutcome,
  type RunSettings,
  type RunStore,
  runTraining,
  type TrainingJob,
} from "./run.ts";
export { meanTokenLoss, type SupervisedTraining, supervisedTraining } from "./supervised.ts";
export { type TrainingSummary, trainingReport } from "./training-report.ts";
