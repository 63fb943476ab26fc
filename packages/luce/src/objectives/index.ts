export {
  type AxisSizes,
  type Evidence,
  type EvidenceArray,
  type EvidenceField,
  type EvidenceRole,
  type EvidenceValues,
  given,
  label,
  lengths,
  mask,
  nested,
  parseEvidence,
  policy,
} from "./evidence.ts";
export { grpo } from "./group/grpo.ts";
export { ppo } from "./group/ppo.ts";
export { sami } from "./group/sami.ts";
export { implicitMargins, implicitRewards, marginDiagnostics } from "./implicit-rewards.ts";
export { brain, gradientCoefficients } from "./listwise/brain.ts";
export { d2o } from "./listwise/d2o.ts";
export { inContextRankingPo } from "./listwise/in-context-ranking-po.ts";
export { knowpat } from "./listwise/knowpat.ts";
export { lipo } from "./listwise/lipo.ts";
export { pro } from "./listwise/pro.ts";
export { treePo } from "./listwise/tree-po.ts";
export * as numerics from "./numerics.ts";
export {
  type Component,
  defineComponent,
  defineObjective,
  isObjective,
  type LossAndGradient,
  type LossTerms,
  type Objective,
  type ObjectiveFamily,
  type TensorTree,
  type TracedLoss,
} from "./objective.ts";
export { pairLengths, policyPair, referencePair, tokenPair } from "./pair-evidence.ts";
export { asft } from "./pairwise/asft.ts";
export { bradleyTerryReward } from "./pairwise/bradley-terry-reward.ts";
export { cpo } from "./pairwise/cpo.ts";
export { type DegradedText, degradeText } from "./pairwise/degraded-variants.ts";
export { dove } from "./pairwise/dove.ts";
export { dpo } from "./pairwise/dpo.ts";
export { ipo } from "./pairwise/ipo.ts";
export { lcpo } from "./pairwise/lcpo.ts";
export { mapl } from "./pairwise/mapl.ts";
export { orpo } from "./pairwise/orpo.ts";
export { osp, rankByJudge } from "./pairwise/osp.ts";
export { rDpo } from "./pairwise/r-dpo.ts";
export { rationalePo } from "./pairwise/rationale-po.ts";
export { selfSupervisedPo } from "./pairwise/self-supervised-po.ts";
export { simpo } from "./pairwise/simpo.ts";
export { slic } from "./pairwise/slic.ts";
export { pairwiseDifferences, pairwiseMask } from "./pairwise-differences.ts";
export { randomEvidence } from "./random-evidence.ts";
export { startRuntime } from "./runtime.ts";
export { constant, type Operand, stack, Tensor, where } from "./tensor.ts";
export { adpa } from "./tokenwise/adpa.ts";
export { correctedSegments } from "./tokenwise/corrected-segments.ts";
export { rlhfV } from "./tokenwise/rlhf-v.ts";
export { sparsePo } from "./tokenwise/sparse-po.ts";
export { activationWeights, type HiddenStates, learnedWeights, type MaskHead } from "./tokenwise/token-weights.ts";
export { cRlft, optimalLogps, sourceWeights } from "./unpaired/c-rlft.ts";
export { kto } from "./unpaired/kto.ts";
