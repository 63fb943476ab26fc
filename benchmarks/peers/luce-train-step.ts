// Milliseconds of a supervised and of a DPO step on the embedded engine: 4 layers of width 128, 16 examples of 64 tokens.
import { createRandom, loadMethod } from "luce";
import { adamW, type Batch, createTrainStep, startEngine, type TrainStepOptions, toDevice } from "luce/engines";
import { isObjective } from "luce/objectives";
import {
  batchCandidates,
  type Candidates,
  candidateArrays,
  createLanguagePolicy,
  languageConfig,
  objectiveLoss,
  supervisedLoss,
} from "luce/policies";
import { median } from "../peers.ts";

const [steps, warmUp] = process.argv.slice(2).map(Number);
await startEngine();
const random = createRandom(0);
const config = languageConfig({
  vocabularySize: 256,
  hiddenSize: 128,
  intermediateSize: 384,
  layers: 4,
  heads: 4,
  maxPositions: 64,
});
const draw = (count: number) => Array.from({ length: count }, () => random.integer(256));
const { policy } = createLanguagePolicy(config, random);

const dpo = await loadMethod("dpo");
if (!isObjective(dpo)) throw new Error("dpo is an objective");
const dpoLoss = objectiveLoss(policy, dpo, { beta: 0.1 }, ({ sequenceLogps, tokenLogps }) => {
  tokenLogps.dispose();
  return { policyChosenLogps: sequenceLogps.ref.slice([], 0), policyRejectedLogps: sequenceLogps.slice([], 1) };
});
const reference = () => ({ data: new Float32Array(16).fill(-170), shape: [16] });

async function time(loss: TrainStepOptions["loss"], example: () => Candidates, given: () => Batch): Promise<number> {
  const step = createTrainStep({ loss, transform: adamW({ learningRate: 1e-3, weightDecay: 0.01 }) });
  let state = step.start(createLanguagePolicy(config, random).parameters);
  const times: number[] = [];
  for (let i = 0; i < warmUp + steps; i++) {
    const start = performance.now();
    const batch = batchCandidates(config, Array.from({ length: 16 }, example), { multiple: 1 });
    ({ state } = await step.update(state, {}, { ...candidateArrays(batch), ...given() }));
    times.push(performance.now() - start);
  }
  return median(times.slice(warmUp));
}

const supervised = await time(
  (own, frozen, batch) => supervisedLoss(policy, own, frozen, batch),
  () => ({ prompt: draw(1), responses: [draw(63)] }),
  () => ({}),
);
const preference = await time(
  dpoLoss,
  () => ({ prompt: draw(32), responses: [draw(32), draw(32)] }),
  () => toDevice({ referenceChosenLogps: reference(), referenceRejectedLogps: reference() }),
);
console.log(JSON.stringify({ supervised, dpo: preference }));
