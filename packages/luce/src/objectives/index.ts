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
export { implicitMargins, implicitRewards, marginDiagnostics } from "./implicit-rewards.ts";
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
export { pairwiseDifferences, pairwiseMask } from "./pairwise-differences.ts";
export { randomEvidence } from "./random-evidence.ts";
export { type ComputeDevice, startRuntime } from "./runtime.ts";
export { constant, type Operand, stack, Tensor, where } from "./tensor.ts";
