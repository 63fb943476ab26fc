export { type Crowd, type CrowdAnnotator, type CrowdParameters, simulateCrowd } from "./crowd.ts";
export { crowdJudgments } from "./crowd-judgments.ts";
export {
  type Annotator,
  drawImpressions,
  faithfulAnnotator,
  perceivedReward,
  preferenceProbability,
} from "./language/annotators.ts";
export {
  correctness,
  drawInstruction,
  drawInstructions,
  type Instruction,
  LONGEST_PROMPT,
  LONGEST_RESPONSE,
  trueReward,
} from "./language/instructions.ts";
export {
  flipVerdicts,
  labelResponses,
  type ResponseList,
  rankResponses,
  scoreResponses,
} from "./language/judgments.ts";
export {
  createLogLinearPolicy,
  evaluateOnPools,
  type LogLinearPolicy,
  type PoolOutcome,
} from "./language/log-linear-policy.ts";
export {
  type CandidatePools,
  drawDirection,
  drawPools,
  type PoolOptions,
  poolSequence,
  rankPools,
} from "./language/pools.ts";
export {
  demonstrationStyle,
  drawCandidates,
  drawResponse,
  isCorrect,
  type ResponseStyle,
} from "./language/responses.ts";
