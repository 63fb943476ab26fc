import {
  comparePolicies,
  createEvidenceCache,
  exampleUnit,
  type LanguageTrainee,
  type PreferenceList,
  type PreferenceSource,
  parseEvidenceName,
  preferenceTraining,
  quantitiesTrained,
  readPreferenceLists,
  responseLogps,
  type Sequence,
  scoredRollouts,
  sequencesOf,
} from "../../align/index.ts";
import type { Objective } from "../../objectives/index.ts";
import { createRandom } from "../../random.ts";
import { type Annotator, drawImpressions, faithfulAnnotator } from "./annotators.ts";
import { byteLength, type Instruction, trueReward } from "./instructions.ts";
import { flipVerdicts, rankResponses } from "./judgments.ts";
import { drawCandidates, isCorrect } from "./responses.ts";
import { createStartPolicy, type LanguageStart, languageStart } from "./start-policy.ts";

/** How an objective is tried in the world of instructions. */
export type AlignmentTrial = {
  readonly objective: Objective;
  readonly params?: Record<string, unknown>;
  /** Share of the verdicts turned upside down. */
  readonly flips?: number;
  readonly learningRate?: number;
  readonly steps?: number;
};

/** Where a policy stands after some steps, on prompts it has not learnt from. */
export type AlignmentPoint = {
  readonly step: number;
  /** Mean true reward of sampled responses; at most 4. */
  readonly reward: number;
  /** KL(policy || start) of a response, nats, estimated on the same samples. */
  readonly kl: number;
  /** Share of sampled responses whose answer is right. */
  readonly correct: number;
  /** Mean bytes of a response. */
  readonly length: number;
  /** Mean entropy of a token, nats. */
  readonly entropy: number;
  /** Share of pairs of candidates of different true reward that log(policy / start) orders as the reward does. */
  readonly rankingAccuracy: number;
};

/** Those who judge: one faithful, one hasty, one who likes long and loud responses. */
export const panel: readonly Annotator[] = [
  faithfulAnnotator,
  { ...faithfulAnnotator, id: "hasty", strength: 0.75 },
  { ...faithfulAnnotator, id: "easily-impressed", lengthBias: 1, exclamationBias: 0.5 },
];

const RESPONSES_A_STEP = 32;
const CANDIDATES = 4;
const SAMPLES = 4;

/**
 * Trains the start policy of `seed` with an objective and reports where it stands, from before the first step on.
 * An objective on groups of rollouts learns from its own samples as the panel scores them; any other from one ranking
 * a prompt, by one of the panel, of 4 responses that no policy wrote.
 */
export async function alignInstructions(trial: AlignmentTrial, seed: number): Promise<AlignmentPoint[]> {
  const { objective, params = {}, learningRate = 5e-4 } = trial;
  const start = await languageStart(seed);
  const yields = quantitiesTrained(objective, objective.reads(params));
  const policy = createStartPolicy(start, { learningRate, yields });
  const reference = createStartPolicy(start, { learningRate });
  try {
    return await align(trial, policy, reference, start, seed);
  } finally {
    policy.dispose();
    reference.dispose();
  }
}

async function align(
  { objective, params = {}, flips = 0, steps = 40 }: AlignmentTrial,
  policy: LanguageTrainee,
  reference: LanguageTrainee,
  start: LanguageStart,
  seed: number,
): Promise<AlignmentPoint[]> {
  const reads = objective.reads(params);
  const startSays = createEvidenceCache((sequences) => reference.evidence(sequences));
  const source = sourceFor(objective, start, seed, flips, await samplesFor(reads, reference, start, seed));
  if (source.kind === "offline") await startSays.add(sequencesOf(source.lists));
  const unit = exampleUnit(objective, reads);
  const batchSize = RESPONSES_A_STEP / { pair: 2, list: CANDIDATES, response: 1 }[unit];
  const job = preferenceTraining({ policy, objective, params, source, reference: startSays, batchSize, seed });
  const { examination, point } = await startStanding(start, reference, seed);
  const points = [point];
  for (let n = 1; n <= steps; n++) {
    await job.step(n - 1);
    if (isWatched(n, steps)) points.push(await standing(n, policy, reference, examination, seed));
  }
  return points;
}

/** Four looks, closer together at first, where a policy moves fastest. */
function isWatched(step: number, steps: number): boolean {
  return [0.125, 0.3, 0.6, 1].some((share) => Math.round(share * steps) === step);
}

function sourceFor(
  objective: Objective,
  { instructions }: LanguageStart,
  seed: number,
  flips: number,
  samples: SamplesByPrompt | null,
): PreferenceSource {
  if (objective.family !== "group") return offline(rankedCandidates(instructions, seed, flips), samples);
  const byPrompt = new Map(instructions.map((instruction) => [instruction.prompt, instruction]));
  return {
    kind: "online",
    every: 2,
    reference: "start",
    rollout: scoredRollouts(
      { prompts: [...byPrompt.keys()], promptsAtOnce: (2 * RESPONSES_A_STEP) / CANDIDATES, responses: CANDIDATES },
      async (prompt, responses, draw) => {
        const random = createRandom(draw);
        const annotator = panel[random.integer(panel.length)];
        const scores = drawImpressions(annotator, byPrompt.get(prompt) as Instruction, responses, random);
        return random.uniform() < flips ? scores.map((score) => 4 - score) : scores;
      },
    ),
  };
}

type SamplesByPrompt = ReadonlyMap<string, readonly string[]>;

function offline(lists: readonly PreferenceList[], samples: SamplesByPrompt | null): PreferenceSource {
  return {
    kind: "offline",
    lists: samples ? lists.map((list) => ({ ...list, samples: samples.get(list.prompt) })) : lists,
  };
}

/** The start's own responses to every prompt, where the evidence that is read speaks of samples. */
async function samplesFor(
  reads: readonly string[],
  start: LanguageTrainee,
  { instructions }: LanguageStart,
  seed: number,
): Promise<SamplesByPrompt | null> {
  if (!reads.some((name) => parseEvidenceName(name)?.subject === "sample")) return null;
  const prompts = instructions.map(({ prompt }) => prompt);
  const sampled = await start.sample(prompts, { count: SAMPLES, seed });
  return new Map(prompts.map((prompt, n) => [prompt, sampled[n]]));
}

/** One ranking a prompt by one of the panel, of responses that no policy wrote. */
function rankedCandidates(instructions: readonly Instruction[], seed: number, flips = 0): PreferenceList[] {
  const random = createRandom(seed + 1_000_003);
  const lists = instructions.map((instruction) => ({
    instruction,
    responses: drawCandidates(instruction, CANDIDATES, random),
  }));
  return readPreferenceLists(flipVerdicts(rankResponses(lists, panel, random), flips, seed));
}

type Candidate = { readonly instruction: Instruction; readonly response: string };

/** What a policy is asked: held-out prompts, and pairs of responses to them with the start's log-probabilities. */
type Examination = {
  readonly instructions: readonly Instruction[];
  /** The two responses of a pair one after the other. */
  readonly candidates: readonly Candidate[];
  readonly startLogps: readonly number[];
};

type StartStanding = { readonly point: AlignmentPoint; readonly examination: Examination };

const startStandings = new Map<number, Promise<StartStanding>>();

/** Where the start of a seed stands: the same for all that is tried on it, and measured once a process. */
function startStanding(start: LanguageStart, policy: LanguageTrainee, seed: number): Promise<StartStanding> {
  const known = startStandings.get(seed);
  if (known) return known;
  const measured = measureStart(start, policy, seed);
  startStandings.set(seed, measured);
  return measured;
}

async function measureStart({ heldOut }: LanguageStart, policy: LanguageTrainee, seed: number): Promise<StartStanding> {
  const random = createRandom(seed + 2_000_003);
  const candidates = heldOut.flatMap((instruction) =>
    drawCandidates(instruction, 2, random).map((response) => ({ instruction, response })),
  );
  const startLogps = await responseLogps(policy, candidates.map(toSequence));
  const examination = { instructions: heldOut, candidates, startLogps };
  return { examination, point: await standing(0, policy, policy, examination, seed) };
}

async function standing(
  step: number,
  policy: LanguageTrainee,
  start: LanguageTrainee,
  examination: Examination,
  seed: number,
): Promise<AlignmentPoint> {
  const { instructions } = examination;
  const prompts = instructions.map(({ prompt }) => prompt);
  const sampled = await policy.sample(prompts, { count: SAMPLES, seed: seed + 17 * step });
  const responses = instructions.flatMap((instruction, n) => sampled[n].map((response) => ({ instruction, response })));
  const { logRatios, entropy } = await comparePolicies(policy, start, responses.map(toSequence));
  const mean = (read: (response: Candidate, n: number) => number) =>
    responses.reduce((sum, response, n) => sum + read(response, n), 0) / responses.length;
  return {
    step,
    reward: mean(({ instruction, response }) => trueReward(instruction, response)),
    kl: mean((_, n) => logRatios[n]),
    correct: mean(({ instruction, response }) => Number(isCorrect(instruction, response))),
    length: mean(({ response }) => byteLength(response)),
    entropy: entropy ?? 0,
    rankingAccuracy: await rankingAccuracy(policy, examination),
  };
}

async function rankingAccuracy(policy: LanguageTrainee, { candidates, startLogps }: Examination): Promise<number> {
  const logps = await responseLogps(policy, candidates.map(toSequence));
  const logRatios = logps.map((logp, n) => logp - startLogps[n]);
  let pairs = 0;
  let ordered = 0;
  for (let n = 0; n < candidates.length; n += 2) {
    const lead =
      trueReward(candidates[n].instruction, candidates[n].response) -
      trueReward(candidates[n + 1].instruction, candidates[n + 1].response);
    if (lead === 0) continue;
    pairs++;
    const gap = logRatios[n] - logRatios[n + 1];
    ordered += gap === 0 ? 0.5 : Number(gap > 0 === lead > 0);
  }
  return ordered / pairs;
}

function toSequence({ instruction, response }: Candidate): Sequence {
  return { prompt: instruction.prompt, response };
}
