// Does a tiny policy learn from real preferences to find the preferred response likelier than its start did?
//   node scripts/with-node.mjs scripts/real-preferences/main.ts harmless-base-test.jsonl.gz
//
// The protocol, fixed before all folds were run, once for each policy:
// - Pairs: prompts are cut to their last 23 bytes, responses to their first 255 (63 for the transformer); pairs that do
//   not differ there are left out.
// - Test: cross-validation in five folds. Dialogues that open alike are in one fold, so every pair is tested once, by
//   a policy that saw no pair of its dialogue.
// - Start: knows nothing of who was preferred. It has imitated BOTH responses of every training pair alike, for one
//   epoch in batches of 16.
// - Training: one epoch of DPO in batches of 16 pairs, from that start, which is also the reference.
// - Measure: the share of test pairs whose preferred response is the likelier one by the mean log-probability of a
//   token, after training less before, paired. Beside it the same by the whole response; the implicit reward
//   log p/p_start, which for the start is 50% by definition; and what the rule "the shorter one" finds.
// - Control: --coin trains on preferences drawn by the toss of a coin, all else the same. It was added after the runs.
//
// What was chosen, by the first measure on inner splits of the training part of fold 1. For the n-gram policy, two
// splits, some 750 pairs scored:
// - with 255 bytes: DPO, beta 0.01, at learning rate 20 (57.1% at the start, 61.0% after one epoch, 59.7% after two)
//   rather than 10 (60.4%, 60.9%) or 40 (59.7%, 58.3%), and than SimPO, beta 10, gamma 0, at rate 1 (57.7%, 58.1%);
// - before that, 255 bytes rather than 63 or 127, and contexts of three bytes rather than five. There, four settings of
//   DPO and four of SimPO, read up to five times in five epochs and some on one split only, gained between -2 and 3
//   points. Fold 1 is not apart from this: other lengths leave other pairs, so other folds.
// For the transformer, one split, 368 pairs: DPO, beta 0.01, at rate 0.003 (52.4% at the start, 57.3% after one epoch)
// rather than beta 0.1 at 0.001 (52.2%) or SimPO, beta 10, gamma 0, at 0.001 (51.6%); 63 bytes for want of time.
// Choices flatter: expect less of the test. The training part of fold 1 is what folds 2 to 5 test. After seed 1, seed 2
// (other folds and batches of the same pairs) was run once for each policy, and no other. The interval over the folds
// was added after the n-gram policy's first run, which had that over pairs alone.
import { Command, Option } from "commander";
import { createRandom, LuceError, loadMethod, shuffle } from "luce";
import {
  createEvidenceCache,
  type Example,
  examplesOf,
  type PreferenceList,
  preferenceTraining,
  scoreHeldOut,
  supervisedTraining,
  toPreferenceList,
} from "luce/align";
import { openVotes } from "luce/data/files";
import { isObjective } from "luce/objectives";
import { meanInterval } from "luce/report";
import { runCommand } from "../../packages/studio/src/command-line.ts";
import { PROMPT_BYTES, type TinyPolicy, tinyPolicies } from "./tiny-policies.ts";

const FOLDS = 5;
const BATCH_SIZE = 16;

type Pair = PreferenceList & {
  /** What the dialogue begins with: its first turn. */
  readonly opening: string;
};

/** [pairs] 1 where the preferred response comes out ahead, 0.5 at a tie, else 0. */
type Judged = Readonly<Record<"implicit" | "start" | "trained" | "startWhole" | "trainedWhole" | "shorter", number[]>>;

const command = new Command()
  .argument("<file>", "judgments: harmless-base-test.jsonl.gz of HH-RLHF")
  .addOption(new Option("--policy <name>", "what learns").choices(Object.keys(tinyPolicies)).default("ngram"))
  .option("--seed <number>", "of the folds and of the order in which pairs are learnt from", Number, 1)
  .option("--coin", "a control: learn from preferences by the toss of a coin")
  .action(main);
process.exitCode = await runCommand("real-preferences", command, process.argv.slice(2));

async function main(
  file: string,
  { policy: name, seed, coin }: { policy: keyof typeof tinyPolicies; seed: number; coin?: boolean },
): Promise<void> {
  const tiny = tinyPolicies[name];
  const pairs = await readPairs(file, tiny.responseBytes);
  const folds = foldsOf(pairs, seed);
  console.log(`${pairs.length} pairs in ${FOLDS} folds, ${name}`);
  const judged: Judged[] = [];
  for (const [n, test] of folds.entries()) {
    const others = folds.filter((fold) => fold !== test).flat();
    const training = coin ? tossed(others, seed) : others;
    const result = await learn(tiny, training, examplesOf(test, "pair"), seed);
    judged.push(result);
    console.log(`  fold ${n + 1}: ${test.length} tested, gain ${inWords(gain(result.trained, result.start))}`);
  }
  const all = (name: keyof Judged) => judged.flatMap((result) => result[name]);
  const rows: [string, number[]][] = [
    ["likelihood a token, start", all("start")],
    ["likelihood a token, trained", all("trained")],
    ["likelihood a token, gain", gain(all("trained"), all("start"))],
    ["the gain, by folds", judged.map(({ trained, start }) => meanInterval(gain(trained, start)).mean)],
    ["whole response, start", all("startWhole")],
    ["whole response, trained", all("trainedWhole")],
    ["whole response, gain", gain(all("trainedWhole"), all("startWhole"))],
    ["implicit reward", all("implicit")],
    ["the shorter one", all("shorter")],
  ];
  console.log("all pairs");
  for (const [name, values] of rows) console.log(`  ${name.padEnd(28)} ${inWords(values)}`);
}

async function learn(
  tiny: TinyPolicy,
  training: readonly Pair[],
  test: readonly Example[],
  seed: number,
): Promise<Judged> {
  const steps = Math.ceil(training.length / BATCH_SIZE);
  const beginner = await tiny.begin(2 * steps);
  const start = beginner.policy;
  const demonstrations = training.flatMap(({ prompt, responses }) =>
    responses.map((response) => ({ prompt, response })),
  );
  const imitation = supervisedTraining({ policy: start, demonstrations, batchSize: BATCH_SIZE, seed });
  for (let n = 0; n < 2 * steps; n++) await imitation.step(n);

  const objective = await loadMethod("dpo");
  if (!isObjective(objective)) throw new LuceError("unsupported", "dpo is no objective");
  const trained = await beginner.continue(steps);
  const preferences = preferenceTraining({
    policy: trained,
    objective,
    params: { beta: 0.01 },
    source: { kind: "offline", lists: training },
    reference: createEvidenceCache((sequences) => start.evidence(sequences)),
    batchSize: BATCH_SIZE,
    seed,
  });
  for (let n = 0; n < steps; n++) await preferences.step(n);

  const before = await scoreHeldOut(start, test);
  const after = await scoreHeldOut(trained, test);
  beginner.dispose();
  return {
    start: [...before.right],
    trained: [...after.right],
    startWhole: [...before.rightWhole],
    trainedWhole: [...after.rightWhole],
    implicit: after.margins.map((own, n) => aheadOf(own, before.margins[n])),
    shorter: test.map(({ list, items: [chosen, rejected] }) =>
      aheadOf(Buffer.byteLength(list.responses[rejected]), Buffer.byteLength(list.responses[chosen])),
    ),
  };
}

/** The same pairs, each preferred by the toss of a coin. */
function tossed(pairs: readonly Pair[], seed: number): Pair[] {
  const random = createRandom(seed);
  return pairs.map((pair) => (random.uniform() < 0.5 ? pair : { ...pair, ranks: pair.ranks.toReversed() }));
}

/** Dialogues that open alike are kept together. */
function foldsOf(pairs: readonly Pair[], seed: number): Pair[][] {
  const openings = shuffle([...new Set(pairs.map(({ opening }) => opening))], createRandom(seed));
  const foldOf = new Map(openings.map((opening, n) => [opening, n % FOLDS]));
  return Array.from({ length: FOLDS }, (_, fold) => pairs.filter(({ opening }) => foldOf.get(opening) === fold));
}

async function readPairs(file: string, responseBytes: number): Promise<Pair[]> {
  const votes = await openVotes(file);
  const found: Pair[] = [];
  for await (const judgment of votes.judgments()) {
    try {
      const list = toPreferenceList(judgment);
      found.push({
        ...list,
        opening: list.prompt.split("\n\nAssistant:")[0],
        prompt: cut(list.prompt, -PROMPT_BYTES),
        responses: list.responses.map((response) => cut(response.trim(), 0, responseBytes)),
      });
    } catch (error) {
      if (!(error instanceof LuceError)) throw error;
    }
  }
  await votes.close();
  return found.filter(({ responses: [a, b] }) => a !== b && a !== "" && b !== "");
}

/** A slice of the bytes, whole characters only. */
function cut(text: string, from: number, to?: number): string {
  return Buffer.from(text).subarray(from, to).toString().replaceAll("\uFFFD", "");
}

function aheadOf(own: number, other: number): number {
  return 0.5 + Math.sign(own - other) / 2;
}

function gain(after: readonly number[], before: readonly number[]): number[] {
  return after.map((right, n) => right - before[n]);
}

function inWords(values: readonly number[]): string {
  const { mean, lower, upper } = meanInterval(values);
  const percent = (value: number) => `${(100 * value).toFixed(1)}%`;
  return `${percent(mean)} (95% interval ${percent(lower)} to ${percent(upper)})`;
}
