import { createRandom } from "luce";
import { compileLanguagePrograms, createLanguageTrainee, type TrainablePolicy } from "luce/align";
import { adamW, linearSchedule, type Parameters, startEngine, toDevice, toHost, withWarmUp } from "luce/engines";
import { byteSpecials, byteTokenizer, createLanguagePolicy, languageConfig } from "luce/policies";
import { createByteNgramPolicy } from "./byte-ngram-policy.ts";

/** Of a prompt, the last bytes are read. */
export const PROMPT_BYTES = 23;

export type TinyPolicy = {
  /** Of a response, the first bytes are read. */
  readonly responseBytes: number;
  /** One that knows nothing yet and is to imitate for `steps`. */
  begin(steps: number): Promise<Beginner>;
};

export type Beginner = {
  readonly policy: TrainablePolicy;
  /** A copy of what it knows by now, to be trained on preferences for `steps`. */
  continue(steps: number): Promise<TrainablePolicy>;
  dispose(): void;
};

/** Log-linear over the last three bytes. */
const ngram: TinyPolicy = {
  responseBytes: 255,
  async begin() {
    const policy = createByteNgramPolicy({ learningRate: 0.2, epsilon: 1e-8 });
    return {
      policy,
      continue: async () => createByteNgramPolicy({ learningRate: 20, epsilon: 1, start: policy.weights }),
      dispose() {},
    };
  },
};

const RESPONSE_BYTES = 63;

/** A transformer of 2 layers and width 32 on the embedded engine; the schedule of rates is that of `luce train`. */
const transformer: TinyPolicy = {
  responseBytes: RESPONSE_BYTES,
  async begin(steps) {
    await startEngine();
    const config = languageConfig({
      vocabularySize: byteTokenizer.size,
      hiddenSize: 32,
      layers: 2,
      heads: 2,
      maxPositions: 96,
      initializerRange: 0.08,
      bosToken: byteSpecials.bos,
      eosTokens: [byteSpecials.eos],
    });
    const padding = { multiple: 8, promptLength: PROMPT_BYTES + 1, responseLength: RESPONSE_BYTES + 1 };
    const layout = { policy: { config, adapters: null }, tokenizer: byteTokenizer, padding };
    const ends: (() => void)[] = [];
    const learner = (parameters: Parameters, peak: number, steps: number) => {
      const learningRate = withWarmUp(Math.ceil(steps / 20), linearSchedule(peak, peak / 10, steps));
      const programs = compileLanguagePrograms(layout, adamW({ learningRate, beta2: 0.99 }));
      const trainee = createLanguageTrainee({ programs, parameters, maxTokens: RESPONSE_BYTES });
      ends.push(trainee.dispose, programs.dispose);
      return trainee;
    };
    const policy = learner(createLanguagePolicy(config, createRandom(1)).parameters, 0.005, steps);
    return {
      policy,
      continue: async (steps) => learner(toDevice(await toHost(policy.parameters())), 0.003, steps),
      dispose: () => {
        for (const end of ends) end();
      },
    };
  },
};

export const tinyPolicies = { ngram, transformer };
