import { LuceError } from "../errors.ts";
import type { EvidenceArray, EvidenceField, Objective } from "../objectives/index.ts";
import type { Batch, Sequence, SequenceBlock } from "./examples.ts";
import type { TokenEvidence, TokenGradient } from "./policy.ts";

/**
 * The names of evidence are a small language, `<model><Subject><Quantity>`: `referenceChosenLogps` is what the
 * reference says of the chosen responses. A trainer reads them, and so knows no objective.
 */
export type EvidenceName = {
  /** Who says it; the trained policy where the name does not say. */
  readonly model: string;
  /** Of which sequences; `` for the examples themselves. */
  readonly subject: string;
  readonly quantity: "logps" | "lengths" | "mask" | "rewards" | "values";
};

const QUANTITIES = {
  TokenLogps: "logps",
  Logps: "logps",
  Lengths: "lengths",
  Mask: "mask",
  Rewards: "rewards",
  Values: "values",
} as const;
const MODELS = ["policy", "reference", "old", "proposal"];

/** What a name asks for, or null where it is not in this language. */
export function parseEvidenceName(name: string): EvidenceName | null {
  const capitalised = name[0].toUpperCase() + name.slice(1);
  const suffix = Object.keys(QUANTITIES).find((quantity) => capitalised.endsWith(quantity)) as
    | keyof typeof QUANTITIES
    | undefined;
  if (suffix === undefined) return null;
  const rest = capitalised.slice(0, -suffix.length);
  const model = MODELS.find(
    (prefix) => rest.toLowerCase().startsWith(prefix) && !/^[a-z]/.test(rest.slice(prefix.length)),
  );
  const subject = rest.slice(model?.length ?? 0);
  return {
    model: model ?? "policy",
    subject: subject && subject[0].toLowerCase() + subject.slice(1),
    quantity: QUANTITIES[suffix],
  };
}

/** Models, by the name under which evidence speaks of them, that say log-probabilities or values under `reads`. */
export function modelsAsked({ evidence }: Pick<Objective, "evidence">, reads: readonly string[]): ReadonlySet<string> {
  const asked = reads.flatMap((name) => {
    const parsed = parseEvidenceName(name);
    return parsed && (parsed.quantity === "logps" || parsed.quantity === "values") && !evidence[name].optional
      ? [parsed.model]
      : [];
  });
  return new Set(asked);
}

/** What the trained model must yield for an objective that reads `reads`: log-probabilities, values, rewards. */
export function quantitiesTrained(
  { evidence }: Pick<Objective, "evidence">,
  reads: readonly string[],
): ("logps" | "values" | "rewards")[] {
  const trained = new Set(
    reads.flatMap((name) => (evidence[name].differentiable ? [parseEvidenceName(name)?.quantity] : [])),
  );
  return (["logps", "values", "rewards"] as const).filter((quantity) => trained.has(quantity));
}

/** The names of an objective's evidence that a batch and `models` can give: what it may choose to read from. */
export function namesAtHand(
  { evidence }: Pick<Objective, "evidence">,
  batch: Batch,
  models: Iterable<string>,
): string[] {
  const known = new Set(models);
  return Object.entries(evidence).flatMap(([name, field]) => {
    const parsed = parseEvidenceName(name);
    const said = parsed !== null && known.has(parsed.model) && Object.hasOwn(batch.subjects, parsed.subject);
    return said || constantOf(batch, name, field) ? [name] : [];
  });
}

/** The sequences of a batch, each once, and where each entry of a subject is among them (-1: absent). */
export type SequenceIndex = {
  readonly sequences: readonly Sequence[];
  readonly rows: Readonly<Record<string, Int32Array>>;
};

/** Numbers the distinct sequences of a batch: a model scores each once. */
export function indexSequences({ subjects }: Pick<Batch, "subjects">): SequenceIndex {
  const known = new Map<string, number>();
  const sequences: Sequence[] = [];
  const rows = Object.entries(subjects).map(([subject, block]) => [
    subject,
    Int32Array.from(block.sequences, (sequence) => {
      if (sequence === null) return -1;
      const key = `${sequence.prompt.length}:${sequence.prompt}${sequence.response}`;
      const row = known.get(key) ?? sequences.push(sequence) - 1;
      known.set(key, row);
      return row;
    }),
  ]);
  return { sequences, rows: Object.fromEntries(rows) };
}

/** What the models of a run said of the sequences of a batch, by the model's name. */
export type ModelEvidence = Readonly<Record<string, TokenEvidence>>;

/**
 * The evidence an objective reads: constants of the batch by their name, the rest from what the models said.
 *
 * @throws LuceError `unsupported` for required evidence that neither the batch nor a model has
 */
export function assembleEvidence(
  objective: Pick<Objective, "id" | "evidence">,
  reads: readonly string[],
  batch: Batch,
  index: SequenceIndex,
  models: ModelEvidence,
): Record<string, EvidenceArray> {
  const assembled: Record<string, EvidenceArray> = {};
  for (const name of reads) {
    const field = objective.evidence[name];
    const array = constantOf(batch, name, field) ?? fromModels(name, field, batch.subjects, index, models);
    if (array) assembled[name] = array;
    else if (!field.optional && field.role !== "mask") {
      throw new LuceError(
        "unsupported",
        `${objective.id} reads "${name}" [${field.axes.join(", ")}], which this data and policy do not give`,
        {
          hint: `at hand: ${[...Object.keys(batch.constants), ...Object.keys(batch.subjects).map((subject) => subject || "the responses")].join(", ")}`,
        },
      );
    }
  }
  return assembled;
}

/** The gradient in what the policy said, from the gradients in the evidence assembled from it. */
export function scatterGradients(
  gradients: Readonly<Record<string, EvidenceArray>>,
  index: SequenceIndex,
  evidence: TokenEvidence,
): TokenGradient {
  const { tokens, lengths } = evidence;
  const result: { logps?: Float64Array; values?: Float64Array; rewards?: Float64Array } = {};
  for (const [name, { data }] of Object.entries(gradients)) {
    const parsed = parseEvidenceName(name);
    if (!parsed || parsed.quantity === "lengths" || parsed.quantity === "mask") continue;
    const rows = index.rows[parsed.subject];
    const perSequence = data.length === rows.length;
    const width = parsed.quantity === "rewards" ? 1 : tokens;
    const target = result[parsed.quantity] ?? new Float64Array(lengths.length * width);
    result[parsed.quantity] = target;
    for (const [entry, row] of rows.entries()) {
      if (row < 0) continue;
      const present = parsed.quantity === "rewards" ? 1 : lengths[row];
      for (let t = 0; t < present; t++) target[row * width + t] += data[perSequence ? entry : entry * tokens + t];
    }
  }
  return result;
}

/** A constant of the batch under this name, unless it is another thing of the same name (a mask of lists, of tokens). */
function constantOf({ constants }: Batch, name: string, { axes }: EvidenceField): EvidenceArray | undefined {
  return constants[name]?.shape.length === axes.length ? constants[name] : undefined;
}

function fromModels(
  name: string,
  field: EvidenceField,
  subjects: Readonly<Record<string, SequenceBlock>>,
  index: SequenceIndex,
  models: ModelEvidence,
): EvidenceArray | null {
  const parsed = parseEvidenceName(name);
  if (!parsed || !Object.hasOwn(subjects, parsed.subject)) return null;
  const evidence = models[parsed.model];
  const rows = index.rows[parsed.subject];
  const { shape } = subjects[parsed.subject];
  if (!evidence) return null;
  const { tokens, lengths } = evidence;
  const ofTokens = field.axes.at(-1) === "T";
  if (field.axes.length !== shape.length + Number(ofTokens)) return null;
  const perToken = (read: (row: number, t: number) => number): EvidenceArray => ({
    shape: [...shape, tokens],
    data: Float64Array.from({ length: rows.length * tokens }, (_, n) => {
      const row = rows[Math.floor(n / tokens)];
      return row >= 0 && n % tokens < lengths[row] ? read(row, n % tokens) : 0;
    }),
  });
  const perSequence = (read: (row: number) => number, absent: number): EvidenceArray => ({
    shape,
    data: Float64Array.from(rows, (row) => (row < 0 ? absent : read(row))),
  });
  switch (parsed.quantity) {
    case "lengths":
      return perSequence((row) => lengths[row], 1);
    case "mask":
      return ofTokens ? perToken(() => 1) : perSequence(() => 1, 0);
    case "rewards": {
      const { rewards } = evidence;
      return rewards ? perSequence((row) => rewards[row], 0) : null;
    }
    case "values":
    case "logps": {
      const values = evidence[parsed.quantity];
      if (!values) return null;
      return ofTokens
        ? perToken((row, t) => values[row * tokens + t])
        : perSequence((row) => sumOf(values, row * tokens, lengths[row]), 0);
    }
  }
}

function sumOf(values: Float64Array, start: number, count: number): number {
  let sum = 0;
  for (let t = 0; t < count; t++) sum += values[start + t];
  return sum;
}
