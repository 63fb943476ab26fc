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

/** Replaces `out` by counts of `trials` draws among `masses`: a multinomial, one binomial a category. */
export function drawMultinomial(random: Random, trials: number, masses: ArrayLike<number>, out: Float64Array): void {
  let left = 0;
  for (let k = 0; k < masses.length; k++) left += masses[k];
  let remaining = trials;
  for (let k = 0; k < masses.length; k++) {
    const drawn =
      remaining === 0 ? 0 : masses[k] >= left ? remaining : drawBinomial(random, remaining, masses[k] / left);
    out[k] = drawn;
    remaining -= drawn;
    left -= masses[k];
  }
}
