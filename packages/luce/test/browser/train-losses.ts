import { createRandom } from "luce";
import { adamW, createTrainStep, startEngine, toDevice } from "luce/engines";
import {
  batchCandidates,
  candidateArrays,
  createLanguagePolicy,
  languageConfig,
  objectiveLoss,
  sample,
} from "luce/policies";
import { dpo } from "../../src/objectives/pairwise/dpo.ts";

/** A few steps of preference training from a fixed seed, and a sample of what was learned: the same anywhere. */
export async function trainLosses(): Promise<{ device: string; losses: number[]; logps: readonly number[] }> {
  const device = await startEngine();
  const random = createRandom(1);
  const config = languageConfig({ vocabularySize: 64, hiddenSize: 32, layers: 2, heads: 4, keyValueHeads: 2 });
  const { policy, parameters } = createLanguagePolicy(config, random);
  const draw = (count: number) => Array.from({ length: count }, () => random.integer(64));
  const loss = objectiveLoss(policy, dpo, { beta: 0.1 }, ({ sequenceLogps, tokenLogps }) => {
    tokenLogps.dispose();
    return { policyChosenLogps: sequenceLogps.ref.slice([], 0), policyRejectedLogps: sequenceLogps.slice([], 1) };
  });
  const step = createTrainStep({ loss, transform: adamW({ learningRate: 1e-3 }) });
  const reference = () => ({ data: new Float32Array(4).fill(-40), shape: [4] });
  let state = step.start(parameters);
  const losses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const examples = Array.from({ length: 4 }, () => ({ prompt: draw(5 + i), responses: [draw(9), draw(12)] }));
    const result = await step.update(
      state,
      {},
      {
        ...candidateArrays(batchCandidates(config, examples)),
        ...toDevice({ referenceChosenLogps: reference(), referenceRejectedLogps: reference() }),
      },
    );
    state = result.state;
    losses.push(result.loss);
  }
  const [[{ logps }]] = await sample(policy, state.parameters, [draw(6)], { maxTokens: 5, temperature: 0, seed: 1 });
  return { device, losses, logps };
}
