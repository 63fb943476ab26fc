import { LuceError } from "../errors.ts";
import type { EvidenceArray, LossAndGradient, Objective } from "../objectives/index.ts";
import { createRandom, shuffle } from "../random.ts";
import {
  assembleEvidence,
  indexSequences,
  modelsAsked,
  namesAtHand,
  parseEvidenceName,
  scatterGradients,
} from "./assemble.ts";
import { createEvidenceCache, type EvidenceCache } from "./evidence-cache.ts";
import {
  type Batch,
  collate,
  type Example,
  examplesOf,
  exampleUnit,
  type PairSelection,
  type Sequence,
} from "./examples.ts";
import { comparePolicies, meanOf } from "./on-samples.ts";
import type { TokenEvidence, TrainablePolicy } from "./policy.ts";
import type { PreferenceList } from "./preference-lists.ts";
import type { Metrics, TrainingJob } from "./run.ts";

/** Where preferences come from: they are there, or the policy's own responses are judged as it learns. */
export type PreferenceSource =
  | { readonly kind: "offline"; readonly lists: readonly PreferenceList[] }
  | {
      readonly kind: "online";
      /** Steps that learn from one rollout: they share its examples out, and begin anew where those are used up. */
      readonly every: number;
      /** The policy's responses to some prompts, judged; all that is drawn follows from `seed`, one more each time. */
      rollout(policy: TrainablePolicy, seed: number): Promise<readonly PreferenceList[]>;
      /** Whether a rollout's policy becomes the reference (iterative training), or the start stays it. */
      readonly reference: "start" | "rollout";
    };

export type PreferenceTraining = {
  readonly policy: TrainablePolicy;
  readonly objective: Objective;
  readonly params: Record<string, unknown>;
  readonly source: PreferenceSource;
  /** What the frozen reference says; needed where the objective reads it. */
  readonly reference?: EvidenceCache;
  /** Examples a step. */
  readonly batchSize: number;
  readonly seed: number;
  readonly pairs?: PairSelection;
  readonly evaluate?: () => Promise<Metrics>;
};

/**
 * Trains a policy on preferences with any objective: offline, online, iterative, on single responses, pairs, lists or
 * groups of rollouts. What evidence to build follows from what the objective declares. An output that bears the name
 * of a constant the objective reads is carried to its next batch (running estimates such as reliabilities).
 */
export function preferenceTraining(training: PreferenceTraining): TrainingJob {
  const { policy, objective, params, source, batchSize, seed } = training;
  const unit = exampleUnit(objective, objective.reads(params));
  const annotators = source.kind === "offline" ? annotatorsOf(source.lists) : [""];
  let carried: Record<string, EvidenceArray> = {};
  let rollout: Rollout | null = null;
  let reference = training.reference;
  let examples = source.kind === "offline" ? examplesOf(source.lists, unit, training) : [];

  /** A rollout's responses are put to the reference together, so that a resumed run puts them as one that was not. */
  const hold = async (next: Rollout): Promise<Rollout> => {
    if (source.kind === "online" && source.reference === "rollout") reference = next.old;
    await reference?.add(sequencesOf(next.lists));
    return next;
  };
  const draw = async (n: number): Promise<Example[]> => {
    if (source.kind === "offline") return batchAt(examples, n, batchSize, seed);
    const drawSeed = seed + Math.floor(n / source.every);
    if (n % source.every === 0 || rollout === null) {
      const lists = await source.rollout(policy, drawSeed);
      const old = createEvidenceCache((sequences) => policy.evidence(sequences));
      await old.add(sequencesOf(lists));
      rollout = await hold({ lists, old });
    }
    examples = examplesOf(rollout.lists, unit, training);
    return batchAt(examples, n % source.every, batchSize, drawSeed);
  };

  return {
    evaluate: training.evaluate,

    async step(n) {
      const chosen = await draw(n);
      const batch = withConstants(collate(chosen, unit, annotators), carried);
      let result: Response | undefined;
      const { gradientNorm } = await learnFrom(policy, batch, {
        objective,
        params,
        frozen: { reference, old: rollout?.old, proposal: rollout?.old ?? reference },
        onLoss: (response) => {
          result = response;
        },
      }).catch((error) => {
        throw namingExamples(error, chosen, n);
      });
      const { loss, said } = result as Response;
      carried = { ...carried, ...carriedOutputs(objective, loss.outputs) };
      return {
        gradientNorm,
        ...namedDiagnostics(loss),
        ...describe(said),
        ...(rollout && (await describeRollout(rollout, reference))),
      };
    },

    async snapshot() {
      const state: SavedState = {
        carried: Object.fromEntries(
          Object.entries(carried).map(([name, { data, shape }]) => [name, { data: Array.from(data), shape }]),
        ),
        rollout: rollout && { lists: rollout.lists, old: rollout.old.serialise() },
      };
      return { ...(await policy.snapshot()), "training.json": new TextEncoder().encode(JSON.stringify(state)) };
    },

    async restore({ "training.json": saved, ...files }) {
      await policy.restore(files);
      const state = JSON.parse(new TextDecoder().decode(saved)) as SavedState;
      carried = Object.fromEntries(
        Object.entries(state.carried).map(([name, { data, shape }]) => [
          name,
          { data: Float64Array.from(data), shape },
        ]),
      );
      if (!state.rollout) return;
      const old = createEvidenceCache((sequences) => policy.evidence(sequences), state.rollout.old);
      rollout = await hold({ lists: state.rollout.lists, old });
    },
  };
}

type Rollout = { readonly lists: readonly PreferenceList[]; readonly old: EvidenceCache };

type SavedState = {
  readonly carried: Readonly<Record<string, { readonly data: readonly number[]; readonly shape: readonly number[] }>>;
  readonly rollout: { readonly lists: readonly PreferenceList[]; readonly old: string } | null;
};

type Learning = {
  readonly objective: Objective;
  readonly params: Record<string, unknown>;
  /** Models that do not learn, by the name under which evidence speaks of them. */
  readonly frozen: Readonly<Record<string, EvidenceCache | undefined>>;
  onLoss(response: Response): void;
};

/** What the policy said of a batch, and what the objective makes of it. */
type Response = { readonly said: TokenEvidence; readonly loss: LossAndGradient };

/** An objective's loss and diagnostics on lists that are not learnt from: means over their examples. */
export async function measureObjective(
  { policy, objective, params, reference, batchSize, pairs }: Omit<PreferenceTraining, "source" | "seed" | "evaluate">,
  lists: readonly PreferenceList[],
): Promise<Metrics> {
  const unit = exampleUnit(objective, objective.reads(params));
  const examples = examplesOf(lists, unit, { pairs });
  const annotators = annotatorsOf(lists);
  const sums: Record<string, number> = {};
  for (let start = 0; start < examples.length; start += batchSize) {
    const part = examples.slice(start, start + batchSize);
    const { index, respond } = prepare(collate(part, unit, annotators), {
      objective,
      params,
      frozen: { reference, proposal: reference },
    });
    const { loss } = await respond(await policy.evidence(index.sequences));
    for (const [name, value] of Object.entries(namedDiagnostics(loss)))
      sums[name] = (sums[name] ?? 0) + value * part.length;
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / examples.length]));
}

/** The accuracy an objective reports is that of its implicit rewards: others go by the likelihood of the responses. */
function namedDiagnostics({ loss, diagnostics: { accuracy, ...rest } }: LossAndGradient): Metrics {
  return { loss, ...rest, ...(accuracy !== undefined && { rewardAccuracy: accuracy }) };
}

/** Of the responses of a batch: their mean length, tokens, and where known the mean entropy of a token, nats. */
function describe({ lengths, entropies }: TokenEvidence): Metrics {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  return {
    responseLength: tokens / lengths.length,
    ...(entropies && { entropy: entropies.reduce((sum, value) => sum + value, 0) / tokens }),
  };
}

/** The mean score of a rollout, and how far the policy that wrote it was from the reference, nats a response. */
async function describeRollout({ lists, old }: Rollout, reference: EvidenceCache | undefined): Promise<Metrics> {
  const reward = meanOf(lists.flatMap(({ scores }) => scores));
  if (!reference || reference === old) return { reward };
  const sequences = sequencesOf(lists);
  const { logRatios } = await comparePolicies(old, reference, sequences);
  return { reward, sequenceKl: meanOf(logRatios) };
}

/** One step of a policy on a batch: evidence of all models, the objective's gradient, back to the policy. */
async function learnFrom(policy: TrainablePolicy, batch: Batch, { onLoss, ...asked }: Learning) {
  const { index, respond } = prepare(batch, asked);
  return policy.learn(index.sequences, async (said) => {
    const response = await respond(said);
    onLoss(response);
    return scatterGradients(response.loss.gradients, index, said);
  });
}

/** The sequences of a batch that a policy is asked about, and the objective's answer to what it says. */
function prepare(batch: Batch, { objective, params, frozen }: Omit<Learning, "onLoss">) {
  const available = ["policy", ...Object.keys(frozen).filter((name) => frozen[name])];
  const reads = objective.reads(params, namesAtHand(objective, batch, available));
  const index = indexSequences({ subjects: subjectsRead(batch, reads) });
  // Evidence of no sequence: that of something else, which no model gives.
  if (index.sequences.length === 0) assembleEvidence(objective, reads, batch, index, {});
  const asked = modelsAsked(objective, reads);
  const respond = async (said: TokenEvidence): Promise<Response> => {
    const models = { policy: said } as Record<string, typeof said>;
    for (const [name, cache] of Object.entries(frozen)) {
      if (cache && asked.has(name)) models[name] = await cache.evidence(index.sequences, said.tokens);
    }
    const evidence = assembleEvidence(objective, reads, batch, index, models);
    return { said, loss: await objective.lossAndGradient(evidence, params) };
  };
  return { index, respond };
}

/** Only what the evidence speaks of is put to the models. */
function subjectsRead({ subjects }: Batch, reads: readonly string[]): Batch["subjects"] {
  const spoken = new Set(reads.map((name) => parseEvidenceName(name)?.subject));
  return Object.fromEntries(Object.entries(subjects).filter(([subject]) => spoken.has(subject)));
}

/**
 * The examples of step `n`: a window of an endless stream of epochs, each shuffled by its own seed, so that every
 * batch has the same size.
 */
export function batchAt<T>(examples: readonly T[], n: number, batchSize: number, seed: number): T[] {
  const size = Math.min(batchSize, examples.length);
  const epochs = new Map<number, readonly T[]>();
  return Array.from({ length: size }, (_, place) => {
    const position = n * size + place;
    const epoch = Math.floor(position / examples.length);
    const order = epochs.get(epoch) ?? shuffle([...examples], createRandom(seed * 7919 + epoch));
    epochs.set(epoch, order);
    return order[position % examples.length];
  });
}

/** Every prompt with every response, and with every sample of the reference. */
export function sequencesOf(lists: readonly PreferenceList[]): Sequence[] {
  return lists.flatMap(({ prompt, responses, samples = [] }) =>
    [...responses, ...samples].map((response) => ({ prompt, response })),
  );
}

function annotatorsOf(lists: readonly PreferenceList[]): string[] {
  return [...new Set(lists.map(({ annotator }) => annotator ?? ""))].sort();
}

function withConstants(batch: Batch, constants: Readonly<Record<string, EvidenceArray>>): Batch {
  return { ...batch, constants: { ...batch.constants, ...constants } };
}

function carriedOutputs(
  { evidence }: Objective,
  outputs: Readonly<Record<string, unknown>>,
): Record<string, EvidenceArray> {
  return Object.fromEntries(
    Object.entries(outputs).flatMap(([name, value]) =>
      evidence[name] && !evidence[name].differentiable && evidence[name].axes.length === 1 && Array.isArray(value)
        ? [[name, { data: Float64Array.from(value as number[]), shape: [value.length] }]]
        : [],
    ),
  );
}

/** An objective counts the examples of its batch; people know judgments. */
function namingExamples(error: unknown, examples: readonly Example[], n: number): unknown {
  if (!(error instanceof LuceError) || error.code !== "not-finite") return error;
  const example = Number(/\[(\d+)\]/.exec(error.message)?.[1] ?? 0);
  return new LuceError("not-finite", `${error.message} in step ${n + 1}`, {
    where: `judgment "${examples[example]?.list.id}"`,
    hint: "the last checkpoint is kept; lower the learning rate",
    cause: error,
  });
}
