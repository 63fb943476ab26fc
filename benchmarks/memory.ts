// Memory over 10,000 training steps of a tiny model: it must not grow.
import { createRandom } from "luce";
import { compileLanguagePrograms, createLanguageTrainee } from "luce/align";
import { adamW, startEngine } from "luce/engines";
import { byteTokenizer, createLanguagePolicy, languageConfig } from "luce/policies";

const PROMPTS = ["one", "another"];

export async function run({ smoke }: { smoke: boolean }): Promise<void> {
  const steps = smoke ? 200 : 10_000;
  await startEngine();
  const random = createRandom(0);
  const config = languageConfig({ vocabularySize: 259, hiddenSize: 8, layers: 1, heads: 2, eosTokens: [257] });
  const { policy, parameters } = createLanguagePolicy(config, random);
  const programs = compileLanguagePrograms({ policy, tokenizer: byteTokenizer }, adamW({ learningRate: 1e-3 }));
  const trainee = createLanguageTrainee({ programs, parameters, maxTokens: 4 });
  console.log("steps, then megabytes of the process, of the JavaScript heap, of WebAssembly and other buffers");
  for (let step = 1; step <= steps; step++) {
    const sequences = PROMPTS.flatMap((prompt) => [
      { prompt, response: `${random.integer(1000)}` },
      { prompt, response: `${random.integer(1000)}` },
    ]);
    await trainee.learn(sequences, async ({ logps }) => ({ logps: logps.map((logp) => (logp === 0 ? 0 : -1)) }));
    if (step === Math.floor(steps / 10) || step % (steps / 5) === 0) print(step);
  }
  trainee.dispose();
  programs.dispose();
}

function print(step: number): void {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  const megabytes = [rss, heapUsed, external].map((bytes) => (bytes / 2 ** 20).toFixed(0).padStart(8));
  console.log(`  ${String(step).padStart(6)}${megabytes.join("")}`);
}
