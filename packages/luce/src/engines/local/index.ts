export { type Checkpoint, checkFinite, decodeCheckpoint, encodeCheckpoint, readTensors } from "./checkpoint.ts";
export { startEngine } from "./device.ts";
export {
  checkShapes,
  type HostArray,
  type HostParameters,
  hold,
  mapParameters,
  normalArray,
  type Parameters,
  release,
  toDevice,
  toHost,
} from "./parameters.ts";
export {
  decodeSafetensors,
  encodeSafetensors,
  readFloat32,
  type StoredTensor,
  storeFloat32,
  type TensorFile,
  type TensorType,
} from "./safetensors.ts";
export { constantSchedule, cosineSchedule, linearSchedule, type Schedule, withWarmUp } from "./schedules.ts";
export {
  type Batch,
  type BatchLoss,
  createTrainStep,
  type DirectLoss,
  type LossThroughEvidence,
  type StepResult,
  type TrainStep,
  type TrainStepOptions,
} from "./train-step.ts";
export {
  type AdamOptions,
  type AdamWOptions,
  adamW,
  addDecayedWeights,
  chain,
  clipByGlobalNorm,
  globalNorm,
  momentum,
  movingAverage,
  scaleByAdam,
  scaleByLearningRate,
  sgd,
  type Transform,
} from "./transforms.ts";
export type { LearnerState } from "./update.ts";
