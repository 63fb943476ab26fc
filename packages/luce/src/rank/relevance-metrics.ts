/** How a relevance becomes a gain: `exponential` is 2^rel - 1, for graded labels; the same for 0 and 1. */
export type Gain = "exponential" | "linear";

export type NdcgOptions = {
  /** Only the first k places count. */
  readonly k?: number;
  readonly gain?: Gain;
  /** Relevance of all judged items, from which the ideal list is made; the returned list's own where absent. */
  readonly pool?: ArrayLike<number>;
};

/**
 * Discounted cumulative gain: sum over the first k places i of gain(rel_i) / log2(i + 1).
 *
 * @param relevance [n] at least 0, of the returned list, best-ranked first
 */
export function dcg(relevance: ArrayLike<number>, { k = relevance.length, gain = "exponential" }: NdcgOptions = {}) {
  let sum = 0;
  for (let i = 0; i < Math.min(k, relevance.length); i++) {
    sum += (gain === "linear" ? relevance[i] : 2 ** relevance[i] - 1) / Math.log2(i + 2);
  }
  return sum;
}

/** DCG as a share of the ideal list's, in [0, 1]; 0 where nothing in the pool is relevant. O(m log m) for m in the pool. */
export function ndcg(relevance: ArrayLike<number>, options: NdcgOptions = {}): number {
  const k = options.k ?? relevance.length;
  const ideal = dcg(
    Float64Array.from(options.pool ?? relevance)
      .sort()
      .reverse(),
    { ...options, k },
  );
  return ideal > 0 ? dcg(relevance, { ...options, k }) / ideal : 0;
}

/** Relevant items (relevance above 0) among the first k places, by k even where the list is shorter. */
export function precisionAt(relevance: ArrayLike<number>, k: number): number {
  return countRelevant(relevance, k) / k;
}

/** Relevant items among the first k places, by those in the pool; 0 where there are none. */
export function recallAt(relevance: ArrayLike<number>, k: number, pool: ArrayLike<number> = relevance): number {
  const relevant = countRelevant(pool);
  return relevant > 0 ? countRelevant(relevance, k) / relevant : 0;
}

/** 1 where any of the first k places is relevant, else 0. */
export function hitAt(relevance: ArrayLike<number>, k: number): number {
  return countRelevant(relevance, k) > 0 ? 1 : 0;
}

/** 1 / place of the first relevant item, 0 where there is none. Its mean over queries is MRR. */
export function reciprocalRank(relevance: ArrayLike<number>): number {
  for (let i = 0; i < relevance.length; i++) if (relevance[i] > 0) return 1 / (i + 1);
  return 0;
}

/** Mean over the pool's relevant items of the precision at their place, 0 for those not returned. */
export function averagePrecision(relevance: ArrayLike<number>, pool: ArrayLike<number> = relevance): number {
  const relevant = countRelevant(pool);
  let found = 0;
  let sum = 0;
  for (let i = 0; i < relevance.length; i++) {
    if (relevance[i] > 0) sum += ++found / (i + 1);
  }
  return relevant > 0 ? sum / relevant : 0;
}

/** The mean over queries of a metric, each query counting the same, with how many had no value. */
export function macroAverage(values: readonly (number | null)[]): { mean: number | null; missing: number } {
  const defined = values.filter((value) => value !== null);
  const sum = defined.reduce((total, value) => total + value, 0);
  return { mean: defined.length > 0 ? sum / defined.length : null, missing: values.length - defined.length };
}

/** Item numbers from the highest score to the lowest; equal scores keep the order of the items. */
export function orderByScore(scores: ArrayLike<number>): number[] {
  return Array.from({ length: scores.length }, (_, item) => item).sort((a, b) => scores[b] - scores[a]);
}

function countRelevant(relevance: ArrayLike<number>, k = relevance.length): number {
  let count = 0;
  for (let i = 0; i < Math.min(k, relevance.length); i++) if (relevance[i] > 0) count++;
  return count;
}
