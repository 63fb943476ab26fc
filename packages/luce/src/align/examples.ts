import { LuceError } from "../errors.ts";
import type { EvidenceArray, Objective } from "../objectives/index.ts";
import type { PreferenceList } from "./preference-lists.ts";

/** A response to a prompt: what a policy assigns a probability to. */
export type Sequence = { readonly prompt: string; readonly response: string };

/** The sequences of one subject of a batch, such as the chosen responses; null where a list is shorter. */
export type SequenceBlock = { readonly shape: readonly number[]; readonly sequences: readonly (Sequence | null)[] };

/**
 * What data says of a batch, before any model sees it: sequences by subject (`chosen`, `rejected`, `kl`, and `` for
 * the examples themselves) and constants by the name of their evidence.
 */
export type Batch = {
  readonly size: number;
  readonly subjects: Readonly<Record<string, SequenceBlock>>;
  readonly constants: Readonly<Record<string, EvidenceArray>>;
};

/** What an example is: a pair of a list, the list, or one response of it. */
export type ExampleUnit = "pair" | "list" | "response";

/** One example: which responses of which list. */
export type Example = { readonly list: PreferenceList; readonly items: readonly number[] };

/**
 * What the examples of an objective are, by the evidence it reads: pairs where it speaks of chosen and rejected
 * responses, lists where it has an axis of candidates, else single responses.
 */
export function exampleUnit({ evidence }: Pick<Objective, "evidence">, reads: readonly string[]): ExampleUnit {
  if (reads.some((name) => /chosen|rejected/i.test(name))) return "pair";
  return reads.some((name) => evidence[name].axes.length > 1 && evidence[name].axes[1] !== "T") ? "list" : "response";
}

/** How many pairs a list of more than two gives: the best against the worst, or every two of different rank. */
export type PairSelection = "extremes" | "all";

/**
 * The examples that preference lists hold. Ties give no pair.
 *
 * @throws LuceError `invalid-input` where an objective on pairs or lists meets a list of one, or nothing is left
 */
export function examplesOf(
  lists: readonly PreferenceList[],
  unit: ExampleUnit,
  { pairs = "extremes" }: { pairs?: PairSelection } = {},
): Example[] {
  const examples = lists.flatMap((list): Example[] => {
    const items = list.responses.map((_, item) => item);
    if (unit === "response") return items.map((item) => ({ list, items: [item] }));
    if (items.length < 2) {
      throw new LuceError("invalid-input", "a list of one response holds no preference", {
        where: `judgment "${list.id}"`,
        hint: "drop it, or train an objective on single responses, such as kto",
      });
    }
    if (unit === "list") return [{ list, items }];
    const ordered = items.flatMap((winner) =>
      items
        .filter((loser) => list.ranks[winner] < list.ranks[loser])
        .map((loser) => ({ list, items: [winner, loser] })),
    );
    const gap = ({ items: [winner, loser] }: Example) => list.ranks[loser] - list.ranks[winner];
    return pairs === "all" || ordered.length === 0
      ? ordered
      : [ordered.reduce((widest, pair) => (gap(pair) > gap(widest) ? pair : widest))];
  });
  if (examples.length === 0) {
    throw new LuceError("invalid-input", "no judgment prefers one response to another", {
      hint: "training on pairs needs verdicts that are not all ties",
    });
  }
  return examples;
}

/** How far an annotator is believed before anything is known of them. */
const PRIOR_RELIABILITY = 0.9;

/** Collates examples of one unit into a batch; `annotators` numbers the annotators of the whole data. */
export function collate(examples: readonly Example[], unit: ExampleUnit, annotators: readonly string[]): Batch {
  const size = examples.length;
  const one = (name: string, read: (example: Example) => number): Record<string, EvidenceArray> => ({
    [name]: { shape: [size], data: Float64Array.from(examples, read) },
  });
  const shared = one("annotators", ({ list }) => Math.max(0, annotators.indexOf(list.annotator ?? "")));
  const sequence = ({ list, items }: Example, place: number): Sequence | null =>
    place < items.length ? { prompt: list.prompt, response: list.responses[items[place]] } : null;
  const column = (place: number): SequenceBlock => ({
    shape: [size],
    sequences: examples.map((example) => sequence(example, place)),
  });

  if (unit === "pair") {
    const instruction: SequenceBlock = {
      shape: [size],
      sequences: examples.map(({ list }) => ({ prompt: "", response: list.prompt })),
    };
    return {
      size,
      subjects: {
        chosen: column(0),
        rejected: column(1),
        chosenInstruction: instruction,
        rejectedInstruction: instruction,
        ...samplesOf(examples),
      },
      constants: {
        ...shared,
        ...one("strengths", strength),
        reliabilities: {
          shape: [annotators.length],
          data: new Float64Array(annotators.length).fill(PRIOR_RELIABILITY),
        },
      },
    };
  }
  if (unit === "response") {
    const rotated = examples.map(({ list }, n) => ({
      prompt: list.prompt,
      response: sequence(examples[(n + 1) % size], 0)?.response ?? "",
    }));
    return {
      size,
      subjects: { "": column(0), kl: { shape: [size], sequences: rotated } },
      constants: {
        ...shared,
        ...one("labels", ({ list, items: [item] }) => Number(list.desirable[item])),
        ...one("scores", ({ list, items: [item] }) => list.scores[item]),
        ...one("rewards", ({ list, items: [item] }) => list.scores[item]),
      },
    };
  }
  const longest = Math.max(...examples.map(({ items }) => items.length));
  const shape = [size, longest];
  const each = (read: (list: PreferenceList, item: number) => number, absent: number): EvidenceArray => ({
    shape,
    data: Float64Array.from({ length: size * longest }, (_, n) => {
      const { list, items } = examples[Math.floor(n / longest)];
      return n % longest < items.length ? read(list, items[n % longest]) : absent;
    }),
  });
  return {
    size,
    subjects: {
      "": {
        shape,
        sequences: examples.flatMap((e) => Array.from({ length: longest }, (_, place) => sequence(e, place))),
      },
    },
    constants: {
      ...shared,
      scores: each((list, item) => list.scores[item], 0),
      rewards: each((list, item) => list.scores[item], 0),
      ranks: each((list, item) => list.ranks[item], longest + 1),
      mask: each(() => 1, 0),
    },
  };
}

/** What the reference says to the prompts, as many responses to each, where every list has them. */
function samplesOf(examples: readonly Example[]): Record<string, SequenceBlock> {
  const counts = examples.map(({ list }) => list.samples?.length ?? 0);
  const count = Math.min(...counts);
  if (count === 0) return {};
  const sequences = examples.flatMap(({ list }) =>
    (list.samples ?? []).slice(0, count).map((response) => ({ prompt: list.prompt, response })),
  );
  return { sample: { shape: [examples.length, count], sequences } };
}

/** The chance that the chosen is the better one: what the judge said, else 1. */
function strength({ list, items: [chosen] }: Example): number {
  if (list.share === null) return 1;
  return chosen === 0 ? list.share : 1 - list.share;
}
