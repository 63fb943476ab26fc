import type { Comparisons, Rankings } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";
import type { Random } from "../random.ts";
import { createMultinomial, drawBinomial } from "./binomial.ts";
import type { FitOptions, RatingFit, RatingMethod } from "./rating.ts";
import { rowsByCluster } from "./sandwich.ts";

export type BootstrapOptions = {
  readonly replicates: number;
  /**
   * Resample within each pair of systems, so that every pair keeps its number of judgments. Too narrow where
   * pairs have only a few judgments; not with clusters.
   */
  readonly stratified?: boolean;
  readonly random: Random;
  /** Called after each replicate. */
  readonly onReplicate?: (done: number) => void;
};

/**
 * Bootstrap replicates of log strengths: resamples the judgments with replacement (whole clusters where the
 * votes have clusters) and refits each time.
 *
 * Judgments are not drawn one by one: how often each distinct row is drawn is multinomial, so a replicate of a
 * million judgments costs as many draws as there are distinct (pair, outcome). A replicate in which a system has
 * no finite estimate holds an infinity or NaN for it.
 *
 * @returns [R][M]
 * @throws LuceError `unsupported` for a stratified bootstrap of rankings or of clustered votes
 */
export function bootstrapRatings<P>(
  method: RatingMethod<P>,
  votes: Comparisons | Rankings,
  fit: RatingFit,
  options: FitOptions<P>,
  { replicates, stratified = false, random, onReplicate }: BootstrapOptions,
): Float64Array[] {
  const resample = createResampler(votes, stratified, random);
  const refit =
    method.refit?.(votes, fit, options) ??
    ((count: Float64Array) => method.fit({ ...votes, count }, options).logStrengths);
  return Array.from({ length: replicates }, (_, replicate) => {
    const strengths = refit(resample());
    onReplicate?.(replicate + 1);
    return strengths;
  });
}

/** Draws the counts [N] of one resample; the array is reused from draw to draw. */
function createResampler(votes: Comparisons | Rankings, stratified: boolean, random: Random): () => Float64Array {
  const { count } = votes;
  const drawn = new Float64Array(count.length);
  if (votes.cluster) {
    if (stratified) throw unsupported("of clustered judgments", "leave out either");
    const clusters = rowsByCluster(votes.cluster);
    const times = new Float64Array(clusters.length);
    const draw = createMultinomial(random, new Float64Array(clusters.length).fill(1));
    return () => {
      draw(times);
      clusters.forEach((rows, cluster) => {
        for (const row of rows) drawn[row] = count[row] * times[cluster];
      });
      return drawn;
    };
  }
  if (!stratified) {
    const draw = createMultinomial(random, count);
    return () => {
      draw(drawn);
      return drawn;
    };
  }
  if (!("left" in votes)) throw unsupported("of rankings", "use the plain one");
  return stratifiedByPair(votes, drawn, random);
}

/** Each pair of systems keeps its number of judgments: one binomial less than it has rows. */
function stratifiedByPair(votes: Comparisons, drawn: Float64Array, random: Random): () => Float64Array {
  const strata = rowsByCluster(pairNumbers(votes));
  const order = Int32Array.from(strata.flat());
  const ends = new Int32Array(strata.length);
  strata.forEach((rows, stratum) => {
    ends[stratum] = (stratum > 0 ? ends[stratum - 1] : 0) + rows.length;
  });
  const counts = Float64Array.from(order, (row) => votes.count[row]);
  return () => {
    let at = 0;
    for (const end of ends) {
      let mass = 0;
      for (let k = at; k < end; k++) mass += counts[k];
      let remaining = mass;
      for (; at < end; at++) {
        const n = counts[at] >= mass ? remaining : drawBinomial(random, remaining, counts[at] / mass);
        drawn[order[at]] = n;
        remaining -= n;
        mass -= counts[at];
      }
    }
    return drawn;
  };
}

/** [N] the number of the unordered pair that each row compares. */
function pairNumbers({ systems, left, right }: Comparisons): Int32Array {
  const numbers = new Map<number, number>();
  return left.map((a, row) => {
    const b = right[row];
    const key = Math.min(a, b) * systems.length + Math.max(a, b);
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
}

function unsupported(what: string, hint: string): LuceError {
  return new LuceError("unsupported", `there is no stratified bootstrap ${what}`, { hint });
}
