export {
  type CellLesson,
  type CellModel,
  type Cells,
  cosine,
  drawCell,
  freeCells,
  learnFromCells,
  learnRepeatedly,
  linearCells,
  linearScores,
  logSoftmaxRows,
  pairEvidence,
  readCells,
  rowDivergences,
  softmaxCells,
} from "./cell-models.ts";
export { type Arm, type Claim, type Curve, type Expectation, type Measure, type Measures, testClaim } from "./claim.ts";
export { claimRecipe } from "./claim-recipe.ts";
export { type Crowd, type CrowdAnnotator, type CrowdParameters, simulateCrowd } from "./crowd.ts";
export { crowdJudgments } from "./crowd-judgments.ts";
export { type AlignmentPoint, type AlignmentTrial, alignInstructions, panel } from "./language/alignment.ts";
export { type Annotator, faithfulAnnotator } from "./language/annotators.ts";
export { instructionArm, instructionCurves, instructionMeasures, resolveObjective, startArm } from "./language/arms.ts";
export {
  correctness,
  drawInstructions,
  type Instruction,
  LONGEST_RESPONSE,
  readInstruction,
  trueReward,
} from "./language/instructions.ts";
export { type ResponseList, rankResponses } from "./language/judgments.ts";
export {
  createLogLinearPolicy,
  evaluateOnPools,
  type LogLinearPolicy,
  type PoolOutcome,
} from "./language/log-linear-policy.ts";
export { ndcgOnPools } from "./language/ndcg-on-pools.ts";
export { type ObjectiveRun, objectiveTables, policyObjectives, tryObjective } from "./language/objective-comparison.ts";
export { likelihoodMeasures, type PoolTrial, poolArm, poolCurves, poolMeasures } from "./language/pool-arms.ts";
export {
  type CandidatePools,
  directionAt,
  drawDirection,
  drawPools,
  type PoolOptions,
  poolSequence,
  rankPools,
} from "./language/pools.ts";
export { drawCandidates, drawResponse, type ResponseStyle } from "./language/responses.ts";
export { type ScoredListTrial, scoredListArm, scoredListMeasures } from "./language/scored-list-arm.ts";
export {
  chosenFirst,
  differenceEvidence,
  drawLinearPairs,
  everyCell,
  type LinearPairs,
  linearAccuracy,
  voteOnPairs,
} from "./linear-preferences.ts";
