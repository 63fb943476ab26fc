/**
 * Intransitivity: of the triples of systems that were compared three ways, how many go round in a circle
 * (a beats b, b beats c, c beats a, by majority of decided votes), against what noise alone would give.
 *
 * Noise alone is simulated from the fitted Bradley-Terry with the same number of decided votes a pair.
 * Votes on one prompt resemble one another, so votes of one pair and prompt are drawn beta-binomially, with
 * the correlation found in the data; where pairs were judged on several prompts, what all prompts of a pair
 * share is taken out of that correlation, because that is what a cycle of taste would be. Fewer cycles than
 * noise gives are no fault: one answer that meets many others on its prompt orders them without cycles.
 *
 * O(votes) to prepare, O(pairs + triples) a simulation (O(votes) with correlation); above 3 million wedges
 * of the comparison graph, 200,000 triples are drawn evenly.
 *
 * @see Kendall and Babington Smith, On the Method of Paired Comparisons, Biometrika 31 (1940)
 */
import type { VoteTable } from "../data/vote-table.ts";
import { createRandom, type Random } from "../random.ts";
import { drawBinomial } from "../rank/binomial.ts";
import { logistic } from "../rank/pairwise-likelihood.ts";
import { quantile } from "../rank/quantile.ts";
import type { Finding, Table } from "../report/report.ts";
import { type AuditOptions, type AuditResult, cannotRun } from "./audit.ts";
import { numberKeys, SIGNIFICANCE } from "./inference.ts";
import { fitPairedLogistic } from "./paired-logistic.ts";
import { isDecided, selectVotes, unitsOf } from "./units.ts";
import { counted, percent, pValueText } from "./words.ts";

export const intransitivity = { id: "intransitivity", title: "Intransitivity", run: auditIntransitivity };

const SIMULATIONS = 400;
const WEDGES_LISTED = 3e6;
const TRIPLES_DRAWN = 200_000;

export function auditIntransitivity(all: VoteTable, { seed }: AuditOptions): AuditResult {
  const votes = selectVotes(all, (row) => all.left[row] !== all.right[row] && isDecided(all.outcome[row]));
  const random = createRandom(seed);
  const tally = tallyPairs(votes);
  const triples = findTriples(tally, votes.systems.length, random);
  if (triples.length === 0) {
    return cannotRun(intransitivity, "no three systems were compared with one another in decided votes");
  }
  const observed = cyclicShare(triples, directionsOf(tally.wins, tally.total));
  if (observed === null)
    return cannotRun(intransitivity, "every triple has a pair that is even, so none has a direction");
  const { strengths } = fitPairedLogistic(votes);
  const chances = Float64Array.from(tally.first, (a, pair) => logistic(strengths[a] - strengths[tally.second[pair]]));
  const correlation = correlationWithinUnits(tally, chances);
  const simulated: number[] = [];
  for (let n = 0; n < SIMULATIONS; n++) {
    const share = cyclicShare(
      triples,
      directionsOf(simulateWins(tally, chances, correlation.value, random), tally.total),
    );
    if (share !== null) simulated.push(share);
  }
  const expected = simulated.reduce((sum, share) => sum + share, 0) / simulated.length;
  const lower = quantile(simulated, 0.025);
  const upper = quantile(simulated, 0.975);
  const pValue = (1 + simulated.filter((share) => share >= observed).length) / (1 + simulated.length);
  const count = triples.length / 3;
  return {
    audit: intransitivity.id,
    title: intransitivity.title,
    summary: `${percent(observed)} of ${counted(count, "triple")} are cyclic; noise alone gives ${percent(expected)} (95% of simulations ${percent(lower)} to ${percent(upper)}, ${pValueText(pValue)}).${correlation.confounded ? " Hardly any pair was judged on several prompts, so a cycle of taste cannot be told from the choice of prompts." : ""}`,
    missing: null,
    findings: cycleFinding(observed, expected, upper, pValue),
    tables: [
      {
        id: "intransitivity-share",
        title: "Cyclic triples",
        columns: [
          { key: "observed", label: "cyclic", format: "percent", digits: 1 },
          { key: "expected", label: "by noise alone", format: "percent", digits: 1 },
          { key: "lower", label: "lower", format: "percent", digits: 1 },
          { key: "upper", label: "upper", format: "percent", digits: 1 },
          { key: "pValue", label: "p-value", format: "probability" },
        ] as const,
        rows: [{ observed, expected, lower, upper, pValue }],
      },
      solidCycles(votes, tally, triples),
    ].filter((table) => table.rows.length > 0),
    plots: [],
    numbers: {
      cyclicShare: observed,
      expectedShare: expected,
      expectedLower: lower,
      expectedUpper: upper,
      pValue,
      triples: count,
      correlationWithinUnits: correlation.value,
    },
  };
}

function cycleFinding(observed: number, expected: number, upper: number, pValue: number): Finding[] {
  if (pValue >= SIGNIFICANCE) return [];
  return [
    {
      severity: observed - expected >= 0.05 ? "problem" : "caution",
      text: `Preferences go round in circles more than noise explains: ${percent(observed)} of triples are cyclic where noise alone gives ${percent(expected)}, at most ${percent(upper)} (${pValueText(pValue)}).`,
      advice:
        "One number a system cannot show this: rate by category or by group of annotators, or with a cyclic model.",
    },
  ];
}

type Tally = {
  /** [P] the lower index of the pair, whose wins are counted. */
  first: Int32Array;
  second: Int32Array;
  wins: Float64Array;
  total: Float64Array;
  /** [U] the pair, wins and votes of each unit (a pair on one prompt). */
  unitPair: Int32Array;
  unitWins: Float64Array;
  unitTotal: Float64Array;
};

function tallyPairs(votes: VoteTable): Tally {
  const M = votes.systems.length;
  const { left, right, outcome } = votes;
  const pairOf = numberKeys(
    left.length,
    (row) => Math.min(left[row], right[row]) * M + Math.max(left[row], right[row]),
  );
  const unitOf = unitsOf(votes);
  const pairs = pairOf.reduce((most, pair) => Math.max(most, pair), -1) + 1;
  const units = unitOf.reduce((most, unit) => Math.max(most, unit), -1) + 1;
  const tally: Tally = {
    first: new Int32Array(pairs),
    second: new Int32Array(pairs),
    wins: new Float64Array(pairs),
    total: new Float64Array(pairs),
    unitPair: new Int32Array(units),
    unitWins: new Float64Array(units),
    unitTotal: new Float64Array(units),
  };
  for (let row = 0; row < left.length; row++) {
    const pair = pairOf[row];
    const unit = unitOf[row];
    tally.first[pair] = Math.min(left[row], right[row]);
    tally.second[pair] = Math.max(left[row], right[row]);
    const won = outcome[row] > 0.5 === left[row] < right[row] ? 1 : 0;
    tally.wins[pair] += won;
    tally.total[pair]++;
    tally.unitPair[unit] = pair;
    tally.unitWins[unit] += won;
    tally.unitTotal[unit]++;
  }
  return tally;
}

/** 1 where the first of the pair wins by majority, -1 the second, 0 even. */
function directionsOf(wins: Float64Array, total: Float64Array): Int8Array {
  return Int8Array.from(wins, (won, pair) => Math.sign(2 * won - total[pair]));
}

/** Share of cyclic triples among those whose three pairs each have a direction; null where there are none. */
function cyclicShare(triples: Int32Array, directions: Int8Array): number | null {
  let cyclic = 0;
  let directed = 0;
  for (let n = 0; n < triples.length; n += 3) {
    const ab = directions[triples[n]];
    const bc = directions[triples[n + 1]];
    const ac = directions[triples[n + 2]];
    if (ab === 0 || bc === 0 || ac === 0) continue;
    directed++;
    if (ab === bc && ac === -ab) cyclic++;
  }
  return directed > 0 ? cyclic / directed : null;
}

/** Three pairs (ab, bc, ac with a < b < c) a triple, flat. All of them, or an even draw with replacement. */
function findTriples({ first, second }: Tally, systems: number, random: Random): Int32Array {
  const pairAt = new Map<number, number>();
  const neighbours: number[][] = Array.from({ length: systems }, () => []);
  first.forEach((a, pair) => {
    pairAt.set(a * systems + second[pair], pair);
    neighbours[a].push(second[pair]);
    neighbours[second[pair]].push(a);
  });
  const pairOf = (a: number, b: number) => pairAt.get(Math.min(a, b) * systems + Math.max(a, b));
  const triples: number[] = [];
  const addIfClosed = (centre: number, one: number, other: number) => {
    if (pairOf(one, other) === undefined) return;
    const [a, b, c] = [centre, one, other].sort((x, y) => x - y);
    triples.push(pairOf(a, b) as number, pairOf(b, c) as number, pairOf(a, c) as number);
  };
  const wedges = neighbours.map(({ length }) => (length * (length - 1)) / 2);
  const total = wedges.reduce((sum, count) => sum + count, 0);
  if (total <= WEDGES_LISTED) {
    neighbours.forEach((around, centre) => {
      const above = around.filter((system) => system > centre);
      for (let i = 0; i < above.length; i++) {
        for (let j = i + 1; j < above.length; j++) addIfClosed(centre, above[i], above[j]);
      }
    });
  } else {
    const upTo = new Float64Array(systems);
    let sum = 0;
    wedges.forEach((count, system) => {
      sum += count;
      upTo[system] = sum;
    });
    for (let n = 0; n < 10 * TRIPLES_DRAWN && triples.length < 3 * TRIPLES_DRAWN; n++) {
      const centre = firstAbove(upTo, random.uniform() * total);
      const around = neighbours[centre];
      const i = random.integer(around.length);
      const j = (i + 1 + random.integer(around.length - 1)) % around.length;
      addIfClosed(centre, around[i], around[j]);
    }
  }
  return Int32Array.from(triples);
}

function firstAbove(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The correlation between two votes on one pair and prompt beyond what the model, and all prompts of the
 * pair together, explain: by moments of residuals. `confounded` where too few pairs have several prompts.
 */
function correlationWithinUnits(tally: Tally, chances: Float64Array): { value: number; confounded: boolean } {
  const pairResidual = new Float64Array(tally.first.length);
  const ownProducts = new Float64Array(tally.first.length);
  const ownCount = new Float64Array(tally.first.length);
  let within = 0;
  let withinVariance = 0;
  tally.unitPair.forEach((pair, unit) => {
    const p = chances[pair];
    const votes = tally.unitTotal[unit];
    const residual = tally.unitWins[unit] - votes * p;
    const squares = tally.unitWins[unit] * (1 - p) ** 2 + (votes - tally.unitWins[unit]) * p ** 2;
    within += residual ** 2 - squares;
    withinVariance += votes * (votes - 1) * p * (1 - p);
    pairResidual[pair] += residual;
    ownProducts[pair] += residual ** 2;
    ownCount[pair] += votes ** 2;
  });
  if (withinVariance === 0) return { value: 0, confounded: false };
  let between = 0;
  let betweenVariance = 0;
  let products = 0;
  pairResidual.forEach((residual, pair) => {
    between += residual ** 2 - ownProducts[pair];
    const count = tally.total[pair] ** 2 - ownCount[pair];
    betweenVariance += count * chances[pair] * (1 - chances[pair]);
    products += count;
  });
  const confounded = products < 200;
  const shared = confounded ? 0 : Math.max(0, between / betweenVariance);
  return { value: Math.min(0.95, Math.max(0, within / withinVariance - shared)), confounded };
}

/** [P] wins drawn with the same votes a pair; votes of one unit resemble one another (Pólya's urn). */
function simulateWins(tally: Tally, chances: Float64Array, correlation: number, random: Random): Float64Array {
  if (correlation === 0) return tally.total.map((total, pair) => drawBinomial(random, total, chances[pair]));
  const wins = new Float64Array(tally.first.length);
  const mass = (1 - correlation) / correlation;
  tally.unitPair.forEach((pair, unit) => {
    let won = 0;
    for (let vote = 0; vote < tally.unitTotal[unit]; vote++) {
      if (random.uniform() < (mass * chances[pair] + won) / (mass + vote)) won++;
    }
    wins[pair] += won;
  });
  return wins;
}

/** The cycles whose weakest pair is the surest. */
function solidCycles(votes: VoteTable, tally: Tally, triples: Int32Array): Table {
  const directions = directionsOf(tally.wins, tally.total);
  const sureness = tally.wins.map((won, pair) => Math.abs(2 * won - tally.total[pair]) / Math.sqrt(tally.total[pair]));
  const cycles = new Map<string, { sureness: number; pairs: [number, number, number] }>();
  for (let n = 0; n < triples.length; n += 3) {
    const pairs: [number, number, number] = [triples[n], triples[n + 1], triples[n + 2]];
    const [ab, bc, ac] = pairs.map((pair) => directions[pair]);
    if (ab === 0 || ab !== bc || ac !== -ab) continue;
    const weakest = Math.min(...pairs.map((pair) => sureness[pair]));
    if (weakest >= 1.7) cycles.set(pairs.join(), { sureness: weakest, pairs });
  }
  const rows = [...cycles.values()]
    .sort((a, b) => b.sureness - a.sureness)
    .slice(0, 10)
    .map(({ sureness: weakest, pairs }) => {
      const [ab, bc] = pairs;
      const names = [tally.first[ab], tally.second[ab], tally.second[bc]].map((system) => votes.systems[system]);
      if (directions[ab] < 0) names.reverse();
      return {
        cycle: `${names.join(" > ")} > ${names[0]}`,
        weakest,
        votes: Math.min(...pairs.map((pair) => tally.total[pair])),
      };
    });
  return {
    id: "intransitivity-cycles",
    title: "The most solid cycles",
    caption: "Single cycles are picked as the most extreme of many; the share above is the test.",
    columns: [
      { key: "cycle", label: "cycle" },
      { key: "weakest", label: "weakest link (standard errors)", format: "decimal", digits: 1 },
      { key: "votes", label: "fewest votes of a link", format: "integer" },
    ],
    rows,
  };
}
