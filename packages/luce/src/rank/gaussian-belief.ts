import erfc from "@stdlib/math-base-special-erfc";
import erfcx from "@stdlib/math-base-special-erfcx";
import type { Finding } from "../report/report.ts";
import type { RatingFit } from "./rating.ts";

/** Independent normal beliefs about the skills of M systems: theta_i ~ N(mu_i, sigma_i^2). */
export type GaussianBeliefs = {
  /** [M] */
  readonly mu: Float64Array;
  /** [M] standard deviations, above 0. */
  readonly sigma: Float64Array;
};

/** Phi: the chance that a standard normal is below `x`, accurate in both tails. */
export function normalCumulative(x: number): number {
  return 0.5 * erfc(-x * Math.SQRT1_2);
}

/** Beyond this, Mills' ratio is given by its asymptotic series to the last digit. */
const FAR_TAIL = 50;

/**
 * V(x) = phi(x) / Phi(x) and W(x) = V(x) (V(x) + x): how far a win that was expected with margin `x`
 * (in standard deviations) moves the mean, and what share of the variance it removes. V falls from -x to 0
 * and W from 1 to 0; both stay exact for any finite `x`.
 */
export function winMoments(x: number): { v: number; w: number } {
  if (x > -FAR_TAIL) {
    const v = 1 / reverseMillsRatio(x);
    return { v, w: v * (v + x) };
  }
  const z = -x;
  const z2 = z * z;
  const excess = (1 + (-2 + (10 + (-74 + 706 / z2) / z2) / z2) / z2) / z;
  return { v: z + excess, w: (z + excess) * excess };
}

/**
 * V and W of a draw: minus the mean, and one minus the variance, of a standard normal kept between
 * t - margin and t + margin. A margin of 0 is the limit: V = -t, W = 1.
 *
 * @param t difference of the means in standard deviations
 * @param margin half width of the draw, in the same unit, at least 0
 */
export function drawMoments(t: number, margin: number): { v: number; w: number } {
  const distance = Math.abs(t);
  const { v, w } = drawMomentsAhead(distance, margin);
  return { v: t < 0 ? -v : v, w };
}

function drawMomentsAhead(t: number, margin: number): { v: number; w: number } {
  if (margin * (1 + t) < 1e-4) {
    // Taylor series in the margin: the window is too narrow for a difference of two tails.
    const third = (margin * margin) / 3;
    return { v: -t + t * third, w: 1 - third };
  }
  const near = t - margin;
  const far = t + margin;
  // Everything is divided by phi(near) where that underflows last, so that no tail is lost.
  if (near >= 0) {
    const ratio = Math.exp(-2 * t * margin);
    const mass = reverseMillsRatio(-near) - ratio * reverseMillsRatio(-far);
    const v = Math.expm1(-2 * t * margin) / mass;
    return { v, w: Math.min(1, v * v + (far * ratio - near) / mass) };
  }
  const mass = normalCumulative(-near) - normalCumulative(-far);
  const v = (normalDensity(far) - normalDensity(near)) / mass;
  return { v, w: Math.min(1, v * v + (far * normalDensity(far) - near * normalDensity(near)) / mass) };
}

function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** Phi(x) / phi(x). */
function reverseMillsRatio(x: number): number {
  return Math.sqrt(Math.PI / 2) * erfcx(-x * Math.SQRT1_2);
}

/** What to know of systems that only the prior speaks of. */
export function unjudgedFindings(unjudged: number, systems: number): Finding[] {
  const text = `${unjudged} of ${systems} systems were never judged; their rating is the prior alone.`;
  return unjudged > 0 ? [{ severity: "caution", text }] : [];
}

export function unusedWeightFindings(weight: Float64Array | undefined): Finding[] {
  const text = "The weights of the votes were not used: a Gaussian update has none.";
  return weight?.some((value) => value !== 1) ? [{ severity: "caution", text }] : [];
}

/** [M] mu - multiplier * sigma: what a system is worth almost surely. */
export function conservativeScores({ mu, sigma }: GaussianBeliefs, multiplier: number): Float64Array {
  return mu.map((mean, system) => mean - multiplier * sigma[system]);
}

/** The chance that i is preferred to j, both skills uncertain and each performance spread by `beta`. */
export function gaussianWinProbability({ mu, sigma }: GaussianBeliefs, beta: number, i: number, j: number): number {
  return normalCumulative((mu[i] - mu[j]) / Math.hypot(beta * Math.SQRT2, sigma[i], sigma[j]));
}

/**
 * Beliefs as a fit. Skills become natural-log units by the factor that gives the probit win probability the
 * logistic's slope at equal skill, 4 / (sqrt(2 pi) sqrt(2) beta); standard errors are the beliefs' own.
 */
export function gaussianRatingFit(
  systems: readonly string[],
  beliefs: GaussianBeliefs,
  { beta, multiplier, findings }: { beta: number; multiplier: number; findings: readonly Finding[] },
): RatingFit {
  const toLogOdds = 2 / (Math.sqrt(Math.PI) * beta);
  const mean = beliefs.mu.reduce((sum, value) => sum + value, 0) / Math.max(1, beliefs.mu.length);
  return {
    systems,
    logStrengths: beliefs.mu.map((value) => (value - mean) * toLogOdds),
    standardErrors: beliefs.sigma.map((value) => value * toLogOdds),
    covariance: null,
    // One prior holds for all, so that systems that never met are comparable.
    components: new Int32Array(systems.length),
    coefficients: [],
    winProbability: (i, j) => gaussianWinProbability(beliefs, beta, i, j),
    display: "score",
    displayed: conservativeScores(beliefs, multiplier),
    findings,
  };
}
