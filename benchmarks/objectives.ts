// Loss and gradient of every registered objective on a batch of 256 examples (8 candidates, 16 tokens), once compiled.
import { createRandom, loadMethods } from "luce";
import { isObjective, randomEvidence } from "luce/objectives";

export async function run({ runs, smoke }: { runs: number; smoke: boolean }): Promise<void> {
  const sizes = { B: smoke ? 8 : 256, K: 8, G: 8, T: 16, L: 4, D: 8 };
  const objectives = (await loadMethods()).filter(isObjective);
  console.log(`B = ${sizes.B}, K = ${sizes.K}: milliseconds, the median of ${runs * 10} calls after the first`);
  for (const objective of objectives) {
    const evidence = randomEvidence(objective, {}, sizes, createRandom(1));
    const call = async () => {
      const start = performance.now();
      await objective.lossAndGradient(evidence, {});
      return performance.now() - start;
    };
    const first = await call();
    const times: number[] = [];
    for (let n = 0; n < runs * 10; n++) times.push(await call());
    const median = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)];
    console.log(
      `${objective.id.padEnd(24)} ${median.toFixed(2).padStart(7)}   first call ${first.toFixed(0).padStart(4)}`,
    );
  }
}
