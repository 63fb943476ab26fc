import { type Collector, comparisonCollector } from "./collect.ts";
import type { Comparisons } from "./comparisons.ts";
import { occurrenceCounter } from "./identity.ts";
import type { JudgmentDraft } from "./judgment.ts";
import { promptNameOf } from "./views.ts";

/** What a set of judgments holds, before anything is computed from it. */
export type Inspection = {
  readonly judgments: number;
  /** Judgments by the kind of verdict: ranking, scores, labels, corrections. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** Items shown, over all judgments. */
  readonly items: number;
  /** How many different systems, annotators and prompts are named. */
  readonly systems: number;
  readonly annotators: number;
  readonly prompts: number;
  /** Rankings of two items: how many, and who was preferred. A soft label counts as what it leans to. */
  readonly comparisons: { readonly count: number; readonly left: number; readonly tie: number; readonly right: number };
  /** Rankings of more than two items in which some share a rank. */
  readonly longRankings: { readonly count: number; readonly withTies: number };
  /** Milliseconds since 1970; null where no judgment has a time. */
  readonly time: { readonly first: number; readonly last: number } | null;
  /** Judgments in which an annotator judged again what they had judged: the same prompt and items in the same order. */
  readonly repeated: number;
  /** How many judgments lack a field. */
  readonly missing: { readonly system: number; readonly content: number } & Readonly<
    Record<"annotator" | "prompt" | "time" | "duration", number>
  >;
  /** Scores' and judgments' dimensions. */
  readonly dimensions: readonly string[];
  /** What the judgments compare, for questions of connectedness; without rows where no systems are named. */
  readonly graph: Comparisons;
};

/** Gathers an `Inspection` from judgments, one at a time. */
export function inspectionCollector(): Collector<Inspection> {
  const graph = comparisonCollector({});
  const occurrences = occurrenceCounter();
  const names = { systems: new Set<string>(), annotators: new Set<string>(), prompts: new Set<string>() };
  const dimensions = new Set<string>();
  const verdicts: Record<string, number> = {};
  const comparisons = { count: 0, left: 0, tie: 0, right: 0 };
  const longRankings = { count: 0, withTies: 0 };
  const missing = { system: 0, content: 0, annotator: 0, prompt: 0, time: 0, duration: 0 };
  let judgments = 0;
  let items = 0;
  let repeated = 0;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;

  function addNames(judgment: JudgmentDraft): void {
    for (const { system } of judgment.items) if (system !== undefined) names.systems.add(system);
    if (judgment.annotator !== undefined) names.annotators.add(judgment.annotator);
    const prompt = promptNameOf(judgment);
    if (prompt !== undefined) names.prompts.add(prompt);
    if (judgment.dimension !== undefined) dimensions.add(judgment.dimension);
    if (judgment.verdict.kind === "scores")
      for (const name of Object.keys(judgment.verdict.scores)) dimensions.add(name);
  }

  function addVerdict({ verdict, items }: JudgmentDraft, repeat: number): void {
    verdicts[verdict.kind] = (verdicts[verdict.kind] ?? 0) + repeat;
    if (verdict.kind !== "ranking") return;
    if (items.length === 2) {
      comparisons.count += repeat;
      const [left, right] = verdict.ranks;
      comparisons[left < right ? "left" : left > right ? "right" : "tie"] += repeat;
    } else {
      longRankings.count += repeat;
      if (new Set(verdict.ranks).size < verdict.ranks.length) longRankings.withTies += repeat;
    }
  }

  function addMissing(judgment: JudgmentDraft, repeat: number): void {
    for (const field of ["annotator", "prompt", "time", "duration"] as const) {
      if (judgment[field] === undefined) missing[field] += repeat;
    }
    if (judgment.items.some(({ system }) => system === undefined)) missing.system += repeat;
    if (judgment.items.some(({ content }) => content === undefined)) missing.content += repeat;
  }

  return {
    add(judgment, repeat = 1) {
      judgments += repeat;
      items += repeat * judgment.items.length;
      addNames(judgment);
      addVerdict(judgment, repeat);
      addMissing(judgment, repeat);
      graph.add(judgment, repeat);
      if (judgment.time !== undefined) {
        first = Math.min(first, judgment.time);
        last = Math.max(last, judgment.time);
      }
      if (judgment.annotator !== undefined) {
        const { annotator, prompt, items, dimension } = judgment;
        const shown = items.map(({ system, content }) => [system, content]);
        if (occurrences(JSON.stringify([annotator, prompt, dimension, shown])) > 1) repeated++;
      }
    },
    finish: () => ({
      judgments,
      verdicts,
      items,
      systems: names.systems.size,
      annotators: names.annotators.size,
      prompts: names.prompts.size,
      comparisons,
      longRankings,
      time: first <= last ? { first, last } : null,
      repeated,
      missing,
      dimensions: [...dimensions].sort(),
      graph: graph.finish(),
    }),
  };
}
