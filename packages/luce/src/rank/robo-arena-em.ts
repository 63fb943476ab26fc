import type { Random } from "../random.ts";

/**
 * RoboArena's task-aware model: P policies on tasks that fall into T latent buckets.
 *
 *   a_t = s(theta_A + psi_A,t - tau_t): the chance that policy A solves a task of bucket t
 *   pWin_t = a (1 - b)   pLoss_t = (1 - a) b   pTie_t = 2 nu sqrt(pWin_t pLoss_t)
 *   P(outcome) = sum_t pi_t p_t(outcome)
 */
export type TaskBuckets = {
  /** [P] strength of a policy. */
  readonly theta: Float64Array;
  /** [P, T] row-major: how much better a policy is on a bucket than elsewhere. */
  readonly psi: Float64Array;
  /** [T] difficulty. */
  readonly tau: Float64Array;
  /** [T] share of the sessions, summing to 1. */
  readonly bucketWeights: Float64Array;
  readonly nu: number;
};

/** Sessions as columns; outcomes are 1, 0.5 or 0 of the left policy. */
export type Sessions = {
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly outcome: Float64Array;
  /** [N] how much a session counts. */
  readonly weight: Float64Array;
  /** [N] progress in [0, 1] of both sides, for the likelihood with partial scores. */
  readonly progress?: { readonly left: Float64Array; readonly right: Float64Array; readonly deviation: number };
};

export type Expectation = {
  /** [N, T] row-major each. */
  readonly pWin: Float64Array;
  readonly pLoss: Float64Array;
  readonly pTie: Float64Array;
  readonly responsibilities: Float64Array;
  /** [N] sum_t pi_t pWin_t */
  readonly marginalWin: Float64Array;
  /** sum_n weight ln sum_t pi_t p_t(outcome) */
  readonly logLikelihood: number;
};

export type Gradient = { readonly theta: Float64Array; readonly psi: Float64Array; readonly tau: Float64Array };

export type RidgeAndClip = { readonly l2Theta: number; readonly l2Psi: number; readonly stepClip: number };

const LIKELIHOOD_FLOOR = 1e-12;
const CURVATURE_FLOOR = 1e-8;

/** The E step: O(N T). */
export function expectation(buckets: TaskBuckets, sessions: Sessions): Expectation {
  const { bucketWeights, nu } = buckets;
  const T = bucketWeights.length;
  const N = sessions.left.length;
  const pWin = new Float64Array(N * T);
  const pLoss = new Float64Array(N * T);
  const pTie = new Float64Array(N * T);
  const responsibilities = new Float64Array(N * T);
  const marginalWin = new Float64Array(N);
  const { solved, unsolved } = solveChances(buckets);
  let logLikelihood = 0;
  for (let n = 0; n < N; n++) {
    let total = 0;
    for (let t = 0; t < T; t++) {
      const at = n * T + t;
      const left = sessions.left[n] * T + t;
      const right = sessions.right[n] * T + t;
      pWin[at] = solved[left] * unsolved[right];
      pLoss[at] = unsolved[left] * solved[right];
      pTie[at] = 2 * nu * Math.sqrt(pWin[at] * pLoss[at]);
      marginalWin[n] += bucketWeights[t] * pWin[at];
      const outcome = sessions.outcome[n];
      const likelihood =
        (outcome === 1 ? pWin[at] : outcome === 0 ? pLoss[at] : pTie[at]) *
        progressLikelihood(sessions, n, solved[left], solved[right]);
      responsibilities[at] = bucketWeights[t] * Math.max(likelihood, LIKELIHOOD_FLOOR);
      total += responsibilities[at];
    }
    for (let t = 0; t < T; t++) responsibilities[n * T + t] /= total;
    logLikelihood += sessions.weight[n] * Math.log(total);
  }
  return { pWin, pLoss, pTie, responsibilities, marginalWin, logLikelihood };
}

/** The gradient of `logLikelihood` with respect to theta, psi and tau, and the diagonal curvature the M step divides by. */
export function gradientAndCurvature(
  buckets: TaskBuckets,
  sessions: Sessions,
  { responsibilities }: Expectation,
): { gradient: Gradient; curvature: Gradient } {
  const P = buckets.theta.length;
  const T = buckets.tau.length;
  const gradient = { theta: new Float64Array(P), psi: new Float64Array(P * T), tau: new Float64Array(T) };
  const curvature = { theta: new Float64Array(P), psi: new Float64Array(P * T), tau: new Float64Array(T) };
  const { solved, unsolved } = solveChances(buckets);
  const { progress } = sessions;
  const add = (policy: number, t: number, weight: number, target: number, seen: number | undefined) => {
    const at = policy * T + t;
    const bend = weight * solved[at] * unsolved[at];
    const pull = seen === undefined || !progress ? 0 : (bend * (seen - solved[at])) / progress.deviation ** 2;
    const slope = weight * (target - solved[at]) + pull;
    gradient.theta[policy] += slope;
    gradient.psi[at] += slope;
    gradient.tau[t] -= slope;
    curvature.theta[policy] += bend;
    curvature.psi[at] += bend;
    curvature.tau[t] += bend;
  };
  for (let n = 0; n < sessions.left.length; n++) {
    for (let t = 0; t < T; t++) {
      const weight = sessions.weight[n] * responsibilities[n * T + t];
      add(sessions.left[n], t, weight, sessions.outcome[n], progress?.left[n]);
      add(sessions.right[n], t, weight, 1 - sessions.outcome[n], progress?.right[n]);
    }
  }
  return { gradient, curvature };
}

/**
 * The M step: one diagonal Newton step of each block from the same old parameters, clipped, then centred;
 * bucket weights and nu by the authors' rules (nu is not a maximiser: it does not look at how many ties
 * were seen).
 */
export function maximisation(
  buckets: TaskBuckets,
  sessions: Sessions,
  expected: Expectation,
  { l2Theta, l2Psi, stepClip }: RidgeAndClip,
): TaskBuckets {
  const T = buckets.tau.length;
  const { gradient, curvature } = gradientAndCurvature(buckets, sessions, expected);
  const step = (values: Float64Array, slope: Float64Array, bend: Float64Array, l2: number) =>
    values.map((value, i) => {
      const divisor = bend[i] + l2;
      if (divisor < CURVATURE_FLOOR) return value;
      return value + Math.min(stepClip, Math.max(-stepClip, (slope[i] - l2 * value) / divisor));
    });
  const psi = step(buckets.psi, gradient.psi, curvature.psi, l2Psi);
  for (let policy = 0; policy < buckets.theta.length; policy++) centre(psi.subarray(policy * T, (policy + 1) * T));
  const bucketWeights = new Float64Array(T);
  let ties = 0;
  let wins = 0;
  let total = 0;
  for (let n = 0; n < sessions.left.length; n++) {
    total += sessions.weight[n];
    for (let t = 0; t < T; t++) {
      const weight = sessions.weight[n] * expected.responsibilities[n * T + t];
      bucketWeights[t] += weight;
      ties += weight * expected.pTie[n * T + t];
      wins += weight * expected.pWin[n * T + t];
    }
  }
  return {
    theta: centre(step(buckets.theta, gradient.theta, curvature.theta, l2Theta)),
    psi,
    tau: centre(step(buckets.tau, gradient.tau, curvature.tau, 0)),
    bucketWeights: bucketWeights.map((weight) => weight / total),
    nu: (0.5 * ties) / wins,
  };
}

/** One EM run from a random start. Stops when no theta moves by 1e-4, or after `rounds`. */
export function fitTaskBuckets(
  policies: number,
  sessions: Sessions,
  options: RidgeAndClip & { readonly buckets: number; readonly rounds: number; readonly random: Random },
): { fitted: TaskBuckets; logLikelihood: number; converged: boolean } {
  const start = (length: number) => Float64Array.from({ length }, () => 0.1 * options.random.normal());
  let fitted: TaskBuckets = {
    theta: start(policies),
    psi: new Float64Array(policies * options.buckets),
    tau: start(options.buckets),
    bucketWeights: new Float64Array(options.buckets).fill(1 / options.buckets),
    nu: 0.5,
  };
  let converged = false;
  for (let round = 0; round < options.rounds && !converged; round++) {
    const clip = { ...options, stepClip: options.stepClip * 0.99 ** round };
    const next = maximisation(fitted, sessions, expectation(fitted, sessions), clip);
    converged = next.theta.every((value, policy) => Math.abs(value - fitted.theta[policy]) < 1e-4);
    fitted = next;
  }
  return { fitted, logLikelihood: expectation(fitted, sessions).logLikelihood, converged };
}

/** The chance that policy i is preferred to j over the buckets' tasks, ties counted half. */
export function bucketWinProbability(buckets: TaskBuckets, i: number, j: number): number {
  const T = buckets.tau.length;
  const { solved, unsolved } = solveChances(buckets);
  let preferred = 0;
  let total = 0;
  for (let t = 0; t < T; t++) {
    const win = solved[i * T + t] * unsolved[j * T + t];
    const loss = unsolved[i * T + t] * solved[j * T + t];
    const tie = 2 * buckets.nu * Math.sqrt(win * loss);
    preferred += buckets.bucketWeights[t] * (win + tie / 2);
    total += buckets.bucketWeights[t] * (win + loss + tie);
  }
  return preferred / total;
}

/** [P, T] the chance to solve and, kept apart for the sake of tiny ones, not to solve. */
function solveChances({ theta, psi, tau }: TaskBuckets): { solved: Float64Array; unsolved: Float64Array } {
  const T = tau.length;
  const logits = psi.map((offset, at) => theta[Math.floor(at / T)] + offset - tau[at % T]);
  return { solved: logits.map(logistic), unsolved: logits.map((logit) => logistic(-logit)) };
}

/** exp(-((sA - a)^2 + (sB - b)^2) / (2 deviation^2)), or 1 where progress is not used. */
function progressLikelihood({ progress }: Sessions, n: number, left: number, right: number): number {
  if (!progress) return 1;
  const distance = (progress.left[n] - left) ** 2 + (progress.right[n] - right) ** 2;
  return Math.exp(-distance / (2 * progress.deviation ** 2));
}

function logistic(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/** Subtracts the mean in place. */
function centre(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  for (let i = 0; i < values.length; i++) values[i] -= mean;
  return values;
}
