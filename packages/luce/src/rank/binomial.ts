import type { Random } from "../random.ts";

/**
 * A binomial draw, exact. By inversion where the mean is below 10, else by transformed rejection (BTRS,
 * Hörmann 1993, "The generation of binomial random variates"): constant time, which resampling tens of
 * thousands of counts hundreds of times needs.
 *
 * @param trials a whole number
 * @param probability in [0, 1]
 */
export function drawBinomial(random: Random, trials: number, probability: number): number {
  if (probability > 0.5) return trials - drawBinomial(random, trials, 1 - probability);
  if (trials <= 0 || probability <= 0) return 0;
  return trials * probability < 10
    ? byInversion(random, trials, probability)
    : byRejection(random, trials, probability);
}

function byInversion(random: Random, trials: number, probability: number): number {
  const odds = probability / (1 - probability);
  let mass = Math.exp(trials * Math.log1p(-probability));
  let u = random.uniform();
  let successes = 0;
  while (u > mass && successes < trials) {
    u -= mass;
    successes++;
    mass *= (odds * (trials - successes + 1)) / successes;
  }
  return successes;
}

function byRejection(random: Random, trials: number, probability: number): number {
  const deviation = Math.sqrt(trials * probability * (1 - probability));
  const b = 1.15 + 2.53 * deviation;
  const a = -0.0873 + 0.0248 * b + 0.01 * probability;
  const centre = trials * probability + 0.5;
  const squeeze = 0.92 - 4.2 / b;
  for (;;) {
    const u = random.uniform() - 0.5;
    const v = random.uniform();
    const tail = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / tail + b) * u + centre);
    if (tail >= 0.07 && v <= squeeze) return k;
    if (k < 0 || k > trials) continue;
    const odds = probability / (1 - probability);
    const mode = Math.floor((trials + 1) * probability);
    const bound =
      (mode + 0.5) * Math.log((mode + 1) / (odds * (trials - mode + 1))) +
      (trials + 1) * Math.log((trials - mode + 1) / (trials - k + 1)) +
      (k + 0.5) * Math.log((odds * (trials - k + 1)) / (k + 1)) +
      stirlingTail(mode) +
      stirlingTail(trials - mode) -
      stirlingTail(k) -
      stirlingTail(trials - k);
    const height = Math.log((v * (2.83 + 5.1 / b) * deviation) / (a / (tail * tail) + b));
    if (height <= bound) return k;
  }
}

/** log(k!) less Stirling's formula at k + 1. */
function stirlingTail(k: number): number {
  if (k < smallTails.length) return smallTails[k];
  const next = k + 1;
  const square = next * next;
  return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / next;
}

const smallTails = (() => {
  let logFactorial = 0;
  return Array.from({ length: 10 }, (_, k) => {
    if (k > 0) logFactorial += Math.log(k);
    return logFactorial - (0.5 * Math.log(2 * Math.PI) + (k + 0.5) * Math.log(k + 1) - (k + 1));
  });
})();

/** Categories that expect more than this are drawn one by one; the others from tables by their expectation. */
const TABLE_LIMIT = 4096;

/**
 * Returns a function that replaces its argument by multinomial counts of as many draws as `counts` sums to, each
 * category as likely as its count. Exact.
 *
 * Large categories are a binomial each. The others are Poisson with slightly smaller means, drawn from tables
 * that categories of one count share: given their sum, such counts are multinomial, and the few draws still
 * missing from the total are added one by one. A draw of a million judgments in 60,000 categories takes about a
 * millisecond.
 *
 * @param counts whole numbers
 */
export function createMultinomial(random: Random, counts: Float64Array): (out: Float64Array) => void {
  const large: number[] = [];
  const small: number[] = [];
  counts.forEach((count, k) => {
    if (count > 0) (count > TABLE_LIMIT ? large : small).push(k);
  });
  const total = counts.reduce((sum, count) => sum + count, 0);
  const smallTotal = small.reduce((sum, k) => sum + counts[k], 0);
  const thinning = Math.max(0, 1 - 4 / Math.sqrt(smallTotal));
  const tables = new Map<number, PoissonTable>();
  const tableOf = small.map((k) => {
    let table = tables.get(counts[k]);
    if (!table) {
      table = poissonTable(counts[k] * thinning);
      tables.set(counts[k], table);
    }
    return table;
  });
  const cumulative = new Float64Array(small.length);
  small.forEach((k, at) => {
    cumulative[at] = (at > 0 ? cumulative[at - 1] : 0) + counts[k];
  });
  return (out) => {
    out.fill(0);
    let remaining = total;
    let mass = total;
    for (const k of large) {
      out[k] = counts[k] >= mass ? remaining : drawBinomial(random, remaining, counts[k] / mass);
      remaining -= out[k];
      mass -= counts[k];
    }
    // The share that falls to the small categories varies, and with it how many Poisson draws may be kept.
    const scale = remaining >= smallTotal * thinning + 2 * Math.sqrt(smallTotal) ? thinning : 0;
    let drawn = 0;
    if (scale > 0) {
      do {
        drawn = 0;
        for (let at = 0; at < small.length; at++) {
          const count = drawPoisson(random, tableOf[at]);
          out[small[at]] = count;
          drawn += count;
        }
      } while (drawn > remaining);
    }
    for (; drawn < remaining; drawn++) {
      const target = random.uniform() * smallTotal;
      let low = 0;
      let high = small.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (cumulative[middle] > target) high = middle;
        else low = middle + 1;
      }
      out[small[low]]++;
    }
  };
}

/** Cumulative probabilities from `first` on, and where to start looking for a uniform number in each of 64 parts. */
type PoissonTable = { first: number; cumulative: Float64Array; guide: Int32Array };

const GUIDES = 64;

function poissonTable(mean: number): PoissonTable {
  const first = Math.max(0, Math.floor(mean - 10 * Math.sqrt(mean) - 10));
  const length = Math.ceil(mean + 10 * Math.sqrt(mean) + 40) - first;
  let logMass = first * Math.log(mean || 1) - mean;
  for (let k = 2; k <= first; k++) logMass -= Math.log(k);
  let mass = Math.exp(logMass);
  const cumulative = new Float64Array(length);
  for (let k = 0; k < length; k++) {
    cumulative[k] = (k > 0 ? cumulative[k - 1] : 0) + mass;
    mass *= mean / (first + k + 1);
  }
  const guide = new Int32Array(GUIDES);
  for (let g = 0, k = 0; g < GUIDES; g++) {
    while (k < length - 1 && cumulative[k] <= g / GUIDES) k++;
    guide[g] = k;
  }
  return { first, cumulative, guide };
}

function drawPoisson(random: Random, { first, cumulative, guide }: PoissonTable): number {
  const u = random.uniform();
  let k = guide[(u * GUIDES) | 0];
  while (k < cumulative.length - 1 && cumulative[k] <= u) k++;
  return first + k;
}
