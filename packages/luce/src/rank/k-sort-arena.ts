/**
 * K-Sort Arena: Bayesian rating of K-wise votes, and the matchmaking that makes few votes enough.
 *
 *   theta_i ~ N(mu_i, sigma_i^2), performances N(theta_i, beta^2), leaderboard score S_i = mu_i - eta sigma_i
 *   c_iq^2 = 2 beta^2 + sigma_i^2 + sigma_q^2
 *   mu_i      += sigma_i^2 ( sum_{q below i} V((mu_i - mu_q)/c)/c - sum_{q above i} V((mu_q - mu_i)/c)/c )
 *   sigma_i^2 *= max(kappa, 1 - sum_q (sigma_i^2/c^2) W(+-(mu_i - mu_q)/c))
 *
 * V and W as in `winMoments`. Every term uses the beliefs before the vote; equal ranks add nothing. The
 * floor kappa is not in the paper, whose factor turns negative from K = 5 on at fresh priors; it is the
 * rule of Weng and Lin (JMLR 2011) for the same formula.
 *
 * @see arXiv 2408.14468, equations 3 and 9 to 14
 */
import * as z from "zod";
import type { Rankings } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";
import type { Finding } from "../report/report.ts";
import { requireLength } from "./contract.ts";
import {
  conservativeScores,
  type GaussianBeliefs,
  gaussianRatingFit,
  unjudgedFindings,
  unusedWeightFindings,
  winMoments,
} from "./gaussian-belief.ts";
import { defineRating, type RatingFit } from "./rating.ts";

const parameters = z.object({
  /** Mean and standard deviation of the belief about a system nobody has judged. */
  mu0: z.number().default(25),
  /** Standard deviation before the first vote. */
  sigma0: z
    .number()
    .positive()
    .default(25 / 3),
  /** Standard deviation of a performance around the capability. */
  beta: z
    .number()
    .positive()
    .default(25 / 6),
  /** Standard deviations taken off the mean for the leaderboard score. */
  eta: z.number().nonnegative().default(3),
  /** The least share of its variance that a belief keeps after one vote. */
  kappa: z.number().positive().max(1).default(1e-4),
  /** Systems shown together. */
  K: z.number().int().min(2).default(4),
  /** Weight of exploration in matchmaking. */
  alpha: z.number().nonnegative().default(1),
  /** -1 matches systems of similar score, as the paper's text asks; +1 is its equation 11 as printed, and does not converge. */
  exploitSign: z.union([z.literal(-1), z.literal(1)]).default(-1),
});

type KSortParameters = z.output<typeof parameters>;

/** K-Sort beliefs after all rankings in their order; shown by mu - eta sigma. O(sum K^2). */
export function fitKSort(
  { systems, offsets, items, ranks, count, weight }: Rankings,
  options: z.input<typeof parameters> = {},
): RatingFit {
  const params = parameters.parse(options);
  const beliefs = {
    mu: new Float64Array(systems.length).fill(params.mu0),
    sigma: new Float64Array(systems.length).fill(params.sigma0),
  };
  let floored = 0;
  for (let n = 0; n < count.length; n++) {
    const voteItems = items.subarray(offsets[n], offsets[n + 1]);
    const voteRanks = ranks.subarray(offsets[n], offsets[n + 1]);
    for (let repeat = 0; repeat < count[n]; repeat++) {
      const factors = updateKSort(beliefs, voteItems, voteRanks, params);
      if (factors.some((factor) => factor < params.kappa)) floored++;
    }
  }
  const judged = new Set(items).size;
  const findings: Finding[] = [
    {
      severity: "note",
      text: `K-Sort's online update depends on the order of the votes; a system is shown by its score, mu - ${params.eta} sigma.`,
      advice: "Use plackett-luce for a rating that does not depend on order.",
    },
  ];
  if (floored > 0) {
    findings.push({
      severity: "caution",
      text: `${floored} of ${count.length} votes hit the variance floor kappa = ${params.kappa}: the update overstates what one vote over many systems shows, and the standard errors are too small.`,
      advice: "Show at most 4 systems a vote, or use plackett-luce.",
    });
  }
  findings.push(...unjudgedFindings(systems.length - judged, systems.length), ...unusedWeightFindings(weight));
  return gaussianRatingFit(systems, beliefs, { beta: params.beta, multiplier: params.eta, findings });
}

export const kSortArena = defineRating({
  id: "k-sort-arena",
  name: "K-Sort Arena",
  paper: "K-Sort Arena: Efficient and Reliable Benchmarking for Generative Models via K-wise Human Preferences",
  arxiv: "2408.14468",
  reads: "ordered-rankings",
  params: parameters,
  inputs: z.object({
    mu: z.array(z.number()).min(1),
    sigma: z.array(z.number().positive()).min(1),
    items: z.array(z.number().int().nonnegative()).optional(),
    ranks: z.array(z.number()).optional(),
    pairCounts: z.array(z.array(z.number().nonnegative())).optional(),
    nVotes: z.number().nonnegative().default(0),
  }),

  evaluate({ mu, sigma, items, ranks, pairCounts, nVotes }, params) {
    requireLength("k-sort-arena", "sigma", sigma, mu.length);
    const beliefs = { mu: Float64Array.from(mu), sigma: Float64Array.from(sigma) };
    if (items) requireVote(items, ranks ?? [], mu.length);
    const varianceFactorBeforeFloor = items && ranks && updateKSort(beliefs, items, ranks, params);
    if (pairCounts) requireLength("k-sort-arena", "pairCounts", pairCounts, mu.length);
    return {
      ...beliefs,
      varianceFactorBeforeFloor,
      conservativeScores: conservativeScores(beliefs, params.eta),
      ...(pairCounts && selectGroup(beliefs, pairCounts, nVotes, params)),
    };
  },

  fit: (rankings: Rankings, { random: _, ...params }) => fitKSort(rankings, params),
});

/**
 * Updates the beliefs about `items` in place after one vote (K(K-1)/2 pair updates from the same old state).
 *
 * @param ranks [K] 1 is best; equal ranks are ties and teach nothing about each other
 * @returns [K] the factor of each variance before the floor `kappa`
 */
export function updateKSort(
  { mu, sigma }: GaussianBeliefs,
  items: ArrayLike<number>,
  ranks: ArrayLike<number>,
  { beta, kappa }: Pick<KSortParameters, "beta" | "kappa">,
): Float64Array {
  const size = items.length;
  const shift = new Float64Array(size);
  const factor = new Float64Array(size).fill(1);
  for (let a = 0; a < size; a++) {
    for (let b = 0; b < size; b++) {
      if (!(ranks[a] < ranks[b])) continue;
      const winner = items[a];
      const loser = items[b];
      const winnerVariance = sigma[winner] ** 2;
      const loserVariance = sigma[loser] ** 2;
      const c2 = 2 * beta ** 2 + winnerVariance + loserVariance;
      const c = Math.sqrt(c2);
      const { v, w } = winMoments((mu[winner] - mu[loser]) / c);
      shift[a] += (winnerVariance * v) / c;
      shift[b] -= (loserVariance * v) / c;
      factor[a] -= (winnerVariance * w) / c2;
      factor[b] -= (loserVariance * w) / c2;
    }
  }
  for (let a = 0; a < size; a++) {
    mu[items[a]] += shift[a];
    sigma[items[a]] *= Math.sqrt(Math.max(factor[a], kappa));
  }
  return factor;
}

/** The next group to show: the system met least, and those most worth meeting it. */
export type GroupSelection = {
  /** The system with the fewest meetings; the first of equals. */
  readonly pivot: number;
  /** At most K - 1 opponents, the most useful first: those never met by closeness, then by utility. */
  readonly selected: number[];
  /** [M] null for the pivot, "unseen" for a system it never met. */
  readonly utilities: (number | "unseen" | null)[];
};

/**
 * Chooses the next group by upper confidence bound:
 *
 *   U(i, q) = exploitSign |S_i - S_q| + alpha sqrt(ln max(n, 1) / n_iq)
 *
 * @param pairCounts [M][M] how often two systems met
 * @param nVotes n, the votes so far
 */
export function selectGroup(
  beliefs: GaussianBeliefs,
  pairCounts: readonly ArrayLike<number>[],
  nVotes: number,
  { K, eta, alpha, exploitSign }: Pick<KSortParameters, "K" | "eta" | "alpha" | "exploitSign">,
): GroupSelection {
  const scores = conservativeScores(beliefs, eta);
  const meetings = pairCounts.map((row) => Array.from(row).reduce((sum, count) => sum + count, 0));
  const pivot = meetings.reduce((least, total, system) => (total < meetings[least] ? system : least), 0);
  const distance = (system: number) => Math.abs(scores[pivot] - scores[system]);
  const exploration = Math.log(Math.max(nVotes, 1));
  const utilities = Array.from(scores, (_, system): number | "unseen" | null => {
    if (system === pivot) return null;
    const met = pairCounts[pivot][system];
    if (met === 0) return "unseen";
    return exploitSign * distance(system) + alpha * Math.sqrt(exploration / met);
  });
  const opponents = utilities.flatMap((utility, system) => (utility === null ? [] : [system]));
  const key = (system: number) => {
    const utility = utilities[system];
    return typeof utility === "number" ? { seen: 1, cost: -utility } : { seen: 0, cost: distance(system) };
  };
  const selected = opponents
    .map((system) => ({ system, ...key(system) }))
    .sort((a, b) => a.seen - b.seen || a.cost - b.cost || a.system - b.system)
    .slice(0, K - 1)
    .map(({ system }) => system);
  return { pivot, selected, utilities };
}

/** Counts one more meeting for every pair of the group, in place. */
export function countMeetings(pairCounts: readonly Float64Array[], items: ArrayLike<number>): void {
  for (let a = 0; a < items.length; a++) {
    for (let b = 0; b < items.length; b++) {
      if (a !== b) pairCounts[items[a]][items[b]]++;
    }
  }
}

function requireVote(items: readonly number[], ranks: readonly number[], size: number): void {
  requireLength("k-sort-arena", "ranks", ranks, items.length);
  const wrong = items.find((item) => item >= size);
  if (wrong !== undefined) {
    throw new LuceError("invalid-input", `items: there is no item ${wrong}; there are ${size}`, {
      where: "k-sort-arena: inputs",
    });
  }
  if (new Set(items).size < items.length) {
    throw new LuceError("invalid-input", "items: an item is ranked twice in one vote", {
      where: "k-sort-arena: inputs",
    });
  }
}
