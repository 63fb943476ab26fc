import { LuceError } from "../errors.ts";
import type { Comparisons, Rankings } from "./comparisons.ts";
import type { Item, JudgmentDraft } from "./judgment.ts";
import { comparisonsByTime, rankingsByTime } from "./order-of-time.ts";
import { rankingRows } from "./ranking-rows.ts";
import { covariateOf, pairs, promptNameOf, rankings } from "./views.ts";
import type { VoteTable } from "./vote-table.ts";

export type CollectOptions = {
  /** Whose judgments belong together: uncertainty is then computed over these clusters. */
  readonly cluster?: "annotator" | "prompt";
  /**
   * Keep one row a judgment, in order of time where every one has a time, else as they came; where absent, equal
   * rows are merged into counts.
   */
  readonly ordered?: boolean;
  readonly covariates?: readonly string[];
};

/** A sink for judgments, one at a time, and what they amount to. */
export type Collector<T> = {
  /** @param repeat how many judgments of this content there were. */
  add(judgment: JudgmentDraft, repeat?: number): void;
  finish(): T;
};

/**
 * The comparisons that judgments make of systems; a K-wise ranking makes K(K-1)/2.
 * Items that name no system are left out.
 */
export function comparisonsFromJudgments(
  judgments: Iterable<JudgmentDraft>,
  options: CollectOptions = {},
): Comparisons {
  return collectAll(judgments, comparisonCollector(options));
}

/** The rankings that judgments make of systems; a comparison is a ranking of two. */
export function rankingsFromJudgments(judgments: Iterable<JudgmentDraft>, options: CollectOptions = {}): Rankings {
  return collectAll(judgments, rankingCollector(options));
}

/** Judgments as audits read them: one row a comparison, in order, with who judged what and when. */
export function voteTableFromJudgments(judgments: Iterable<JudgmentDraft>): VoteTable {
  return collectAll(judgments, voteTableCollector());
}

/** Every ranking's pairs as comparisons. @returns comparisons over the same systems, counts kept. */
export function comparisonsFromRankings({
  systems,
  offsets,
  items,
  ranks,
  count,
  weight,
  cluster,
}: Rankings): Comparisons {
  const rows = columns(weight !== undefined, cluster !== undefined, []);
  for (let n = 0; n + 1 < offsets.length; n++) {
    for (let i = offsets[n]; i < offsets[n + 1]; i++) {
      for (let j = i + 1; j < offsets[n + 1]; j++) {
        const outcome = ranks[i] < ranks[j] ? 1 : ranks[i] > ranks[j] ? 0 : 0.5;
        rows.add(items[i], items[j], outcome, count[n], weight?.[n] ?? 1, cluster?.[n] ?? 0, []);
      }
    }
  }
  return rows.finish(systems);
}

/** Comparisons as rankings of two. @throws LuceError `unsupported` for soft labels, which are no ranking. */
export function rankingsFromComparisons({
  systems,
  left,
  right,
  outcome,
  count,
  weight,
  cluster,
}: Comparisons): Rankings {
  const soft = outcome.findIndex((share) => share !== 0 && share !== 0.5 && share !== 1);
  if (soft >= 0) {
    throw new LuceError("unsupported", `a soft label (${outcome[soft]}) is not a ranking`, {
      where: `comparison ${soft + 1}`,
      hint: "use a method that reads comparisons",
    });
  }
  return {
    systems,
    offsets: Int32Array.from({ length: left.length + 1 }, (_, n) => 2 * n),
    items: Int32Array.from({ length: 2 * left.length }, (_, i) => (i % 2 === 0 ? left[i >> 1] : right[i >> 1])),
    ranks: Int32Array.from({ length: 2 * left.length }, (_, i) => {
      const share = i % 2 === 0 ? outcome[i >> 1] : 1 - outcome[i >> 1];
      return share === 0 ? 2 : 1;
    }),
    count,
    ...(weight && { weight }),
    ...(cluster && { cluster }),
  };
}

/** Equal rows as one row with their counts added up. Rows come out in the order in which each was first seen. */
export function mergeComparisons(comparisons: Comparisons): Comparisons {
  const { systems, left, right, outcome, count, weight, cluster, covariates } = comparisons;
  const names = covariates?.names ?? [];
  const rows = columns(weight !== undefined, cluster !== undefined, names, new Map());
  for (let n = 0; n < left.length; n++) {
    const values = [
      ...(covariates?.left.subarray(n * names.length, (n + 1) * names.length) ?? []),
      ...(covariates?.right.subarray(n * names.length, (n + 1) * names.length) ?? []),
    ];
    rows.add(left[n], right[n], outcome[n], count[n], weight?.[n] ?? 1, cluster?.[n] ?? 0, values);
  }
  return rows.finish(systems);
}

export function comparisonCollector({
  cluster,
  ordered = false,
  covariates = [],
}: CollectOptions): Collector<Comparisons> {
  const systems = numbering();
  const clusters = numbering();
  const rows = columns(true, cluster !== undefined, covariates, ordered ? undefined : new Map());
  const times = new Column();
  return {
    add(judgment, repeat = 1) {
      for (const { left, right, outcome } of pairs(judgment)) {
        if (!isComparable(left, right)) continue;
        const values = [left, right].flatMap((item, side) =>
          covariates.map((name) => covariateOf(judgment, item, side, name)),
        );
        const clusterIndex = cluster === undefined ? 0 : clusters.of(clusterName(judgment, cluster));
        const sides = [systems.of(left.system), systems.of(right.system)];
        for (let copy = 0; copy < (ordered ? repeat : 1); copy++) {
          rows.add(sides[0], sides[1], outcome, ordered ? 1 : repeat, weightOf(judgment), clusterIndex, values);
          if (ordered) times.push(judgment.time ?? Number.NaN);
        }
      }
    },
    finish: () => comparisonsByTime(sortSystems(rows.finish(systems.names)), times.values()),
  };
}

export function rankingCollector({ cluster, ordered = false }: CollectOptions): Collector<Rankings> {
  const systems = numbering();
  const clusters = numbering();
  const rows = rankingRows({ merged: !ordered });
  const times = new Column();
  let items = new Int32Array(64);
  let ranks = new Int32Array(64);
  return {
    add(judgment, repeat = 1) {
      const given = rankings(judgment);
      if (!given || (judgment.verdict.kind === "ranking" && judgment.verdict.share !== undefined)) return;
      if (given.length > items.length) {
        items = new Int32Array(2 * given.length);
        ranks = new Int32Array(2 * given.length);
      }
      let size = 0;
      judgment.items.forEach(({ system }, i) => {
        if (system === undefined || given[i] === null) return;
        items[size] = systems.of(system);
        ranks[size++] = given[i];
      });
      if (size < 2 || new Set(items.subarray(0, size)).size < size) return;
      const clusterIndex = cluster === undefined ? 0 : clusters.of(clusterName(judgment, cluster));
      rows.add(items, ranks, size, repeat, weightOf(judgment), clusterIndex);
      for (let copy = 0; ordered && copy < repeat; copy++) times.push(judgment.time ?? Number.NaN);
    },
    finish: () => rankingsByTime(sortRankedSystems(rows.finish(systems.names, cluster !== undefined)), times.values()),
  };
}

export function voteTableCollector(): Collector<VoteTable> {
  const systems = numbering();
  const annotators = numbering();
  const prompts = numbering();
  const rows = columns(true, false, []);
  const annotator = new Column();
  const prompt = new Column();
  const time = new Column();
  const duration = new Column();
  const leftLength = new Column();
  const rightLength = new Column();
  return {
    add(judgment, repeat = 1) {
      for (const { left, right, outcome } of pairs(judgment)) {
        if (!isComparable(left, right)) continue;
        for (let copy = 0; copy < repeat; copy++) {
          rows.add(systems.of(left.system), systems.of(right.system), outcome, 1, weightOf(judgment), 0, []);
          annotator.push(judgment.annotator === undefined ? -1 : annotators.of(judgment.annotator));
          const promptName = promptNameOf(judgment);
          prompt.push(promptName === undefined ? -1 : prompts.of(promptName));
          time.push(judgment.time ?? Number.NaN);
          duration.push(judgment.duration ?? Number.NaN);
          leftLength.push(covariateOf(judgment, left, 0, "length"));
          rightLength.push(covariateOf(judgment, right, 1, "length"));
        }
      }
    },
    finish: () => ({
      ...sortSystems(rows.finish(systems.names)),
      annotators: annotators.names,
      annotator: Int32Array.from(annotator.values()),
      prompts: prompts.names,
      prompt: Int32Array.from(prompt.values()),
      time: time.values(),
      duration: duration.values(),
      leftLength: leftLength.values(),
      rightLength: rightLength.values(),
    }),
  };
}

function collectAll<T>(judgments: Iterable<JudgmentDraft>, collector: Collector<T>): T {
  for (const judgment of judgments) collector.add(judgment);
  return collector.finish();
}

function isComparable(left: Item, right: Item): boolean {
  return left.system !== undefined && right.system !== undefined && left.system !== right.system;
}

function weightOf({ metadata }: JudgmentDraft): number {
  return typeof metadata?.weight === "number" ? metadata.weight : 1;
}

function clusterName(judgment: JudgmentDraft, cluster: "annotator" | "prompt"): string {
  return (cluster === "annotator" ? judgment.annotator : promptNameOf(judgment)) ?? "";
}

/** Numbers names in the order in which they come. */
function numbering() {
  const numbers = new Map<string, number>();
  const names: string[] = [];
  return {
    names: names as readonly string[],
    of(name = ""): number {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      numbers.set(name, names.length);
      names.push(name);
      return names.length - 1;
    },
  };
}

/** Rows of comparisons; with `seen`, equal rows are merged. */
function columns(weighted: boolean, clustered: boolean, covariateNames: readonly string[], seen?: Map<string, number>) {
  const left = new Column();
  const right = new Column();
  const outcome = new Column();
  const count = new Column();
  const weights = new Column();
  const clusters = new Column();
  const leftCovariates = new Column();
  const rightCovariates = new Column();
  let isWeighted = false;
  return {
    /** @param values the left side's covariates, then the right side's. */
    add(
      leftSystem: number,
      rightSystem: number,
      share: number,
      times: number,
      weight: number,
      cluster: number,
      values: readonly number[],
    ): void {
      if (seen) {
        const key = `${leftSystem} ${rightSystem} ${share} ${weight} ${cluster} ${values.join(" ")}`;
        const row = seen.get(key);
        if (row !== undefined) {
          count.addTo(row, times);
          return;
        }
        seen.set(key, left.length);
      }
      left.push(leftSystem);
      right.push(rightSystem);
      outcome.push(share);
      count.push(times);
      weights.push(weight);
      clusters.push(cluster);
      isWeighted ||= weight !== 1;
      for (let i = 0; i < covariateNames.length; i++) {
        leftCovariates.push(values[i]);
        rightCovariates.push(values[covariateNames.length + i]);
      }
    },
    finish: (systems: readonly string[]): Comparisons => ({
      systems,
      left: Int32Array.from(left.values()),
      right: Int32Array.from(right.values()),
      outcome: outcome.values(),
      count: count.values(),
      ...(weighted && isWeighted && { weight: weights.values() }),
      ...(clustered && { cluster: Int32Array.from(clusters.values()) }),
      ...(covariateNames.length > 0 && {
        covariates: { names: covariateNames, left: leftCovariates.values(), right: rightCovariates.values() },
      }),
    }),
  };
}

function sortSystems(comparisons: Comparisons): Comparisons {
  const { names, order } = sortedNames(comparisons.systems);
  return {
    ...comparisons,
    systems: names,
    left: comparisons.left.map((system) => order[system]),
    right: comparisons.right.map((system) => order[system]),
  };
}

/** The same rankings with the systems that some ranking holds, in the order of their names. */
export function sortRankedSystems(rankings: Rankings): Rankings {
  const isRanked = new Uint8Array(rankings.systems.length);
  for (const system of rankings.items) isRanked[system] = 1;
  const { names, order } = sortedNames(rankings.systems, (system) => isRanked[system] === 1);
  return { ...rankings, systems: names, items: rankings.items.map((system) => order[system]) };
}

/** The names that are kept, in order, and where each of their old indices went. */
function sortedNames(
  names: readonly string[],
  isKept: (index: number) => boolean = () => true,
): { names: string[]; order: Int32Array } {
  const sorted = names
    .map((name, index) => ({ name, index }))
    .filter(({ index }) => isKept(index))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const order = new Int32Array(names.length);
  sorted.forEach(({ index }, position) => {
    order[index] = position;
  });
  return { names: sorted.map(({ name }) => name), order };
}

/** Numbers that grow in place, eight bytes each. */
class Column {
  #numbers = new Float64Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#numbers.length) {
      const grown = new Float64Array(2 * this.length);
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers[this.length++] = value;
  }

  addTo(index: number, value: number): void {
    this.#numbers[index] += value;
  }

  values(): Float64Array {
    return this.#numbers.slice(0, this.length);
  }
}
