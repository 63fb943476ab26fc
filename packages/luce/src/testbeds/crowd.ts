/**
 * A simulated crowd that compares systems of known strength: what ratings and audits should find is known.
 *
 * For an honest annotator a, a prompt of category g, and systems i on the left and j on the right,
 *
 *   u = s_i - s_j                          strengths
 *     + t[c(a), i] - t[c(a), j]            the taste of the annotator's cluster
 *     + k[g, i] - k[g, j]                  what a system is good at
 *     + cyclic sin(phase_i - phase_j)      intransitive: no strengths explain it
 *     + positionBias + lengthBias (l_i - l_j) / (l_i + l_j)
 *   p = 1 / (1 + exp(-discrimination_a u))
 *
 * and the verdict is a tie with probability 2 ties_a min(p, 1 - p), else left or right such that the mean
 * outcome is exactly p: without biases and noise, Bradley-Terry with ties as half wins is the true model.
 * Tastes and category effects average to 0 over clusters and categories, so that `strengths` is the truth of
 * the whole crowd.
 */
import * as z from "zod";
import type { VoteTable } from "../data/vote-table.ts";
import { parseWith } from "../method.ts";
import { createRandom, type Random, shuffle } from "../random.ts";
import { annotatorName, promptCategories, systemNames } from "./crowd-names.ts";

const share = z.number().min(0).max(1);
const spread = z.number().nonnegative();

const parameters = z.object({
  seed: z.number().int().default(1),
  systems: z.number().int().min(2).default(20),
  votes: z.number().int().positive().default(6000),
  annotators: z.number().int().positive().default(60),
  prompts: z.number().int().positive().default(400),
  /** Annotators who judge the same prompt and pair. */
  annotatorsPerPair: z.number().int().positive().default(1),
  /** Standard deviation of the strengths, in log-odds. */
  strengthSpread: spread.default(1),
  /** Share of the votes between equals that are ties; annotators differ around it. */
  ties: share.default(0),
  /** Standard deviation of the log of the annotators' discrimination; at 0 all have 1. */
  noise: spread.default(0),
  /** Log-odds in favour of the left side. */
  positionBias: z.number().default(0),
  /** Log-odds for the longer answer, per unit of (a - b) / (a + b). */
  lengthBias: z.number().default(0),
  /** Clusters of taste, and how far the strengths of a cluster are from those of the crowd, in log-odds. */
  clusters: z.number().int().positive().default(1),
  tasteSpread: spread.default(0),
  /** How far the strengths in a category of prompts are from those overall, in log-odds. */
  categorySpread: spread.default(0),
  /** Log-odds of the intransitive part at its strongest. */
  cyclic: z.number().default(0),
  /** Log-odds that one system, `truth.drifting`, gains from the first vote to the last. */
  drift: z.number().default(0),
  /** Share of annotators who answer at random, and of those who always choose the left, in about a second. */
  careless: share.default(0),
  spammers: share.default(0),
  /** Share of votes that are the same vote sent twice. */
  duplicates: share.default(0),
});

export type CrowdParameters = z.output<typeof parameters>;

export type CrowdAnnotator = {
  readonly name: string;
  readonly kind: "honest" | "careless" | "spammer";
  readonly discrimination: number;
  /** Share of the votes between equals that this annotator calls a tie. */
  readonly ties: number;
  /** Index into `truth.tastes`. */
  readonly cluster: number;
};

export type Crowd = {
  /** In order of time, one row a vote; the covariates are length, headers, lists and bolds. */
  readonly votes: VoteTable;
  /** [N] index into `categories`. */
  readonly category: Int32Array;
  readonly categories: readonly string[];
  readonly truth: {
    /** [M] log-odds, mean 0. */
    readonly strengths: Float64Array;
    readonly annotators: readonly CrowdAnnotator[];
    /** [clusters][M] added to the strengths by a cluster's taste. */
    readonly tastes: readonly Float64Array[];
    /** [categories][M] added to the strengths in a category. */
    readonly categoryEffects: readonly Float64Array[];
    /** The system whose strength drifts. */
    readonly drifting: number;
    readonly parameters: CrowdParameters;
  };
};

/**
 * The same parameters give the same crowd. O(votes + systems (clusters + categories)).
 *
 * @throws LuceError `invalid-input` for a parameter out of its range.
 */
export function simulateCrowd(given: z.input<typeof parameters> = {}): Crowd {
  const params = parseWith(parameters, given, "crowd", "invalid-parameter");
  const random = createRandom(params.seed);
  const M = params.systems;
  const strengths = centre(normals(M, params.strengthSpread, random));
  const tastes = deviations(params.clusters, M, params.tasteSpread, random);
  const categoryEffects = deviations(promptCategories.length, M, params.categorySpread, random);
  const phases = shuffle(
    Float64Array.from({ length: M }, (_, i) => (2 * Math.PI * i) / M),
    random,
  );
  const drifting = random.integer(M);
  const annotators = drawAnnotators(params, random);
  const answers = drawAnswers(params, random);
  const categoryOf = Int32Array.from({ length: params.prompts }, () => random.integer(promptCategories.length));

  const truth = { strengths, annotators, tastes, categoryEffects, drifting, parameters: params };
  const votes = emptyVotes(params, annotators);
  const category = new Int32Array(params.votes);
  drawTimes(votes.time, random);
  const rows = schedule(params, random);
  for (let n = 0; n < params.votes; n++) {
    if (n > 0 && random.uniform() < params.duplicates) {
      repeatVote(votes, n);
      category[n] = category[n - 1];
      continue;
    }
    const { left, right, prompt, annotator } = rows[n];
    const answersShown = [answers(prompt, left), answers(prompt, right)] as const;
    const [a, b] = answersShown.map(({ length }) => length);
    const effects = [strengths, tastes[annotators[annotator].cluster], categoryEffects[categoryOf[prompt]]];
    const utility =
      effects.reduce((sum, effect) => sum + effect[left] - effect[right], 0) +
      params.cyclic * Math.sin(phases[left] - phases[right]) +
      params.drift * (n / params.votes - 0.5) * (Number(left === drifting) - Number(right === drifting)) +
      params.positionBias +
      params.lengthBias * ((a - b) / (a + b));
    votes.left[n] = left;
    votes.right[n] = right;
    votes.prompt[n] = prompt;
    votes.annotator[n] = annotator;
    votes.outcome[n] = drawOutcome(utility, annotators[annotator], random);
    votes.duration[n] = drawDuration(a + b, annotators[annotator], random);
    votes.leftLength[n] = a;
    votes.rightLength[n] = b;
    category[n] = categoryOf[prompt];
    setFeatures(votes, n, answersShown);
  }
  return { votes: { ...votes, cluster: votes.annotator }, category, categories: promptCategories, truth };
}

function drawOutcome(utility: number, { kind, discrimination, ties }: CrowdAnnotator, random: Random): number {
  const u = random.uniform();
  if (kind === "spammer") return 1;
  const p = kind === "careless" ? 0.5 : 1 / (1 + Math.exp(-discrimination * utility));
  const tie = 2 * ties * Math.min(p, 1 - p);
  return u < p - tie / 2 ? 1 : u < p + tie / 2 ? 0.5 : 0;
}

function drawAnnotators(params: CrowdParameters, random: Random): CrowdAnnotator[] {
  const careless = Math.round(params.careless * params.annotators);
  const spammers = Math.round(params.spammers * params.annotators);
  const kinds = shuffle(
    Array.from({ length: params.annotators }, (_, n): CrowdAnnotator["kind"] =>
      n < careless ? "careless" : n < careless + spammers ? "spammer" : "honest",
    ),
    random,
  );
  return kinds.map((kind, n) => ({
    name: annotatorName(n, params.annotators),
    kind,
    discrimination: Math.exp(params.noise * random.normal()),
    ties: params.ties * (1 + (1 - params.ties) * (2 * random.uniform() - 1)),
    cluster: n % params.clusters,
  }));
}

type Answer = { length: number; headers: number; lists: number; bolds: number };

/** The answer of a system to a prompt is the same whoever sees it. Some systems write more, some format more. */
function drawAnswers(params: CrowdParameters, random: Random): (prompt: number, system: number) => Answer {
  const verbosity = normals(params.systems, 0.15, random);
  const formatting = normals(params.systems, 0.5, random);
  const promptLength = normals(params.prompts, 0.4, random);
  const answers = new Map<number, Answer>();
  const draws = random.fork();
  return (prompt, system) => {
    const key = prompt * params.systems + system;
    const known = answers.get(key);
    if (known) return known;
    const length = Math.max(
      20,
      Math.round(900 * Math.exp(promptLength[prompt] + verbosity[system] + 0.5 * draws.normal())),
    );
    const markdown = Math.exp(formatting[system] + 0.4 * draws.normal()) * (length / 900);
    const answer = {
      length,
      headers: Math.floor(2 * markdown * draws.uniform()),
      lists: Math.floor(8 * markdown * draws.uniform()),
      bolds: Math.floor(6 * markdown * draws.uniform()),
    };
    answers.set(key, answer);
    return answer;
  };
}

type Row = { left: number; right: number; prompt: number; annotator: number };

/** Pairs and prompts at random, sides at random, each pair judged by different annotators, in random order. */
function schedule(params: CrowdParameters, random: Random): Row[] {
  const rows: Row[] = [];
  const perPair = Math.min(params.annotatorsPerPair, params.annotators);
  while (rows.length < params.votes) {
    const prompt = random.integer(params.prompts);
    const first = random.integer(params.systems);
    const second = (first + 1 + random.integer(params.systems - 1)) % params.systems;
    const annotators = new Set<number>();
    while (annotators.size < perPair) annotators.add(random.integer(params.annotators));
    for (const annotator of annotators) {
      const [left, right] = random.uniform() < 0.5 ? [first, second] : [second, first];
      rows.push({ left, right, prompt, annotator });
    }
  }
  rows.length = params.votes;
  return shuffle(rows, random);
}

const FEATURES = ["length", "headers", "lists", "bolds"] as const;

function emptyVotes({ votes: N, systems, prompts }: CrowdParameters, annotators: CrowdAnnotator[]) {
  return {
    systems: systemNames(systems),
    annotators: annotators.map(({ name }) => name),
    prompts: Array.from({ length: prompts }, (_, n) => `prompt-${n + 1}`),
    left: new Int32Array(N),
    right: new Int32Array(N),
    outcome: new Float64Array(N),
    count: new Float64Array(N).fill(1),
    annotator: new Int32Array(N),
    prompt: new Int32Array(N),
    time: new Float64Array(N),
    duration: new Float64Array(N),
    leftLength: new Float64Array(N),
    rightLength: new Float64Array(N),
    covariates: {
      names: FEATURES,
      left: new Float64Array(N * FEATURES.length),
      right: new Float64Array(N * FEATURES.length),
    },
  };
}

type DrawnVotes = ReturnType<typeof emptyVotes>;

function setFeatures({ covariates }: DrawnVotes, n: number, [left, right]: readonly [Answer, Answer]): void {
  FEATURES.forEach((feature, k) => {
    covariates.left[n * FEATURES.length + k] = left[feature];
    covariates.right[n * FEATURES.length + k] = right[feature];
  });
}

/** The vote before, sent again within seconds. */
function repeatVote(votes: DrawnVotes, n: number): void {
  const { left, right, outcome, annotator, prompt, duration, leftLength, rightLength, covariates } = votes;
  for (const column of [left, right, outcome, annotator, prompt, duration, leftLength, rightLength]) {
    column[n] = column[n - 1];
  }
  votes.time[n] = Math.min(votes.time[n], votes.time[n - 1] + 3000);
  const K = FEATURES.length;
  for (const column of [covariates.left, covariates.right]) column.copyWithin(n * K, (n - 1) * K, n * K);
}

const FIRST_DAY = Date.UTC(2026, 0, 5);
const DAYS = 28;

/** Thirty seconds of reading for a pair of usual length, more for longer ones. */
function drawDuration(length: number, { kind }: CrowdAnnotator, random: Random): number {
  const seconds = (kind === "honest" ? 6 + length / 75 : 1.2) * Math.exp(0.45 * random.normal());
  return Math.round(seconds * 10) / 10;
}

function drawTimes(time: Float64Array, random: Random): void {
  for (let n = 0; n < time.length; n++) time[n] = FIRST_DAY + Math.floor(random.uniform() * DAYS * 86_400_000);
  time.sort();
}

function normals(count: number, scale: number, random: Random): Float64Array {
  return Float64Array.from({ length: count }, () => scale * random.normal());
}

function centre(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

/** [groups][M] deviations that are 0 on average over groups, and over systems within a group. */
function deviations(groups: number, M: number, scale: number, random: Random): Float64Array[] {
  const drawn = Array.from({ length: groups }, () => centre(normals(M, scale, random)));
  const mean = Float64Array.from({ length: M }, (_, i) => drawn.reduce((sum, group) => sum + group[i], 0) / groups);
  return drawn.map((group) => group.map((value, i) => value - mean[i]));
}
