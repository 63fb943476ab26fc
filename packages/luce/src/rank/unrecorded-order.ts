/**
 * The Plackett-Luce probability that every item of a tied group comes before every item of the rest, in
 * whatever order, with its derivatives.
 *
 * Plackett-Luce is the order of independent exponential arrival times with rates gamma. With a_i =
 * gamma_i / (sum of the rest) the probability is
 *
 *   integral over x of exp(x - e^x) prod_i (1 - exp(-a_i e^x))
 *
 * whose integrand is positive, log-concave and analytic for |Im x| < pi / 2, so that the trapezoidal rule
 * converges exponentially: no sum over d! orders and no cancelling inclusion-exclusion. O(d^2) a node, about
 * 200 nodes.
 */
export type UnrecordedOrder = {
  readonly logProbability: number;
  /** [d] derivative by ln a_i. By the logarithm of the rest's sum it is minus their sum. */
  readonly gradient: Float64Array;
  /** [d, d] minus the second derivative by ln a_i and ln a_j. */
  readonly information: Float64Array;
};

/** @param ratios [d] gamma_i over the sum of gamma of the items ranked below the group, above 0 */
export function unrecordedOrder(ratios: Float64Array): UnrecordedOrder {
  const d = ratios.length;
  if (d === 1) return singleChoice(ratios[0]);
  // The error is about 2^d exp(-pi^2 / step).
  const step = Math.PI ** 2 / (42 + 0.7 * d);
  const mode = modeOf(ratios);
  const peak = logIntegrand(ratios, mode);
  const first = new Float64Array(d);
  const second = new Float64Array(d * d);
  const pull = new Float64Array(d);
  let total = 0;
  const addNode = (x: number): boolean => {
    const weight = Math.exp(logIntegrand(ratios, x) - peak);
    if (!(weight > 1e-18)) return false;
    total += weight;
    const rate = Math.exp(x);
    for (let i = 0; i < d; i++) {
      const y = ratios[i] * rate;
      pull[i] = arrivalPull(y);
      first[i] += weight * pull[i];
      second[i * d + i] += weight * pull[i] * (1 - y);
      for (let j = 0; j < i; j++) second[i * d + j] += weight * pull[i] * pull[j];
    }
    return true;
  };
  for (let k = 0; addNode(mode + k * step); k++);
  for (let k = 1; addNode(mode - k * step); k++);
  const gradient = first.map((sum) => sum / total);
  const information = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      information[i * d + j] = information[j * d + i] = gradient[i] * gradient[j] - second[i * d + j] / total;
    }
  }
  return { logProbability: peak + Math.log(total * step), gradient, information };
}

function singleChoice(ratio: number): UnrecordedOrder {
  const others = 1 / (1 + ratio);
  return {
    logProbability: -Math.log1p(1 / ratio),
    gradient: Float64Array.of(others),
    information: Float64Array.of(others * (1 - others)),
  };
}

/** The derivative of ln(1 - e^-y) by ln y. */
function arrivalPull(y: number): number {
  return y < 1e-300 ? 1 : y / Math.expm1(y);
}

function logIntegrand(ratios: Float64Array, x: number): number {
  const rate = Math.exp(x);
  let sum = x - rate;
  for (let i = 0; i < ratios.length; i++) sum += Math.log(-Math.expm1(-ratios[i] * rate));
  return sum;
}

/** Where the integrand is largest, roughly: its logarithm's slope falls from above 0 at x = 0 to below 0 at ln(1 + d). */
function modeOf(ratios: Float64Array): number {
  let low = 0;
  let high = Math.log1p(ratios.length);
  for (let k = 0; k < 12; k++) {
    const middle = (low + high) / 2;
    const rate = Math.exp(middle);
    let slope = 1 - rate;
    for (let i = 0; i < ratios.length; i++) slope += arrivalPull(ratios[i] * rate);
    if (slope > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
