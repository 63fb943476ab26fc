/**
 * Annotator reliability, two ways: the crowd Bradley-Terry on decided votes (how often an annotator's vote
 * is meant and not reversed, given the strengths), and Dawid-Skene on left / tie / right (how often an
 * annotator gives the answer that the others' votes make likely, the annotator's own vote left out).
 *
 * The interval of a reliability is its likelihood interval with the strengths held. An annotator is
 * reported as unreliable where a signed likelihood-ratio test against the crowd's common reliability says
 * so after correction for many tests. Linear in votes an iteration of EM.
 *
 * @see crowd-bradley-terry.ts, dawid-skene.ts
 */
import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import type { VoteTable } from "../data/vote-table.ts";
import { logistic } from "../rank/pairwise-likelihood.ts";
import { displayRating } from "../rank/rating.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import { chanceOf, fitCrowdBradleyTerry } from "./crowd-bradley-terry.ts";
import { fitDawidSkene } from "./dawid-skene.ts";
import { rejectedAtFalseDiscoveryRate, wilsonInterval } from "./inference.ts";
import { fitPairedLogistic } from "./paired-logistic.ts";
import { distinct, isDecided, orientedChoices, rowsByAnnotator, selectVotes, unitsOf } from "./units.ts";
import { counted, listed, percent } from "./words.ts";

export const annotatorReliability = {
  id: "annotator-reliability",
  title: "Annotator reliability",
  run: auditAnnotatorReliability,
};

/** A prior worth four votes, three of them meant. */
const PRIOR = { etaAlpha: 4, etaBeta: 2 };

export function auditAnnotatorReliability(votes: VoteTable): AuditResult {
  const named = selectVotes(votes, (row) => votes.annotator[row] >= 0 && votes.left[row] !== votes.right[row]);
  if (distinct(named.annotator) < 2) {
    return cannotRun(annotatorReliability, "the votes name fewer than two annotators (field annotator)");
  }
  const decided = selectVotes(named, (row) => isDecided(named.outcome[row]));
  if (distinct(decided.annotator) < 2) {
    return cannotRun(annotatorReliability, "fewer than two annotators decided for a side; all else are ties");
  }
  const crowd = fitCrowdBradleyTerry(decided, decided.annotator, decided.annotators.length, {
    ...PRIOR,
    regularization: 0.5,
    maxIterations: 500,
    tolerance: 1e-4,
  });
  const annotators = rateAnnotators(decided, crowd.strengths, agreementWithOthers(named));
  const unreliable = annotators.filter((annotator) => annotator.unreliable);
  const systems = compareSystems(decided, crowd.strengths);
  const common = commonReliability(decided, crowd.strengths);
  const share = unreliable.reduce((sum, annotator) => sum + annotator.votes, 0) / decided.left.length;
  return {
    audit: annotatorReliability.id,
    title: annotatorReliability.title,
    summary: `A decided vote is meant, not reversed, ${percent(common)} of the time over the crowd; ${counted(unreliable.length, "annotator")} of ${annotators.length} (${percent(share)} of decided votes) ${unreliable.length === 1 ? "is" : "are"} certainly less reliable than that.`,
    missing: null,
    findings: reliabilityFindings(unreliable, annotators.length, share, systems),
    tables: [
      {
        id: "annotator-reliability-annotators",
        title: "Annotators, the least reliable first",
        caption:
          "Reliability 1 judges as the strengths do, 0.5 is a coin, 0 the reverse. Agreement is with what the others who judged the same pair and prompt make likely.",
        columns: [
          { key: "annotator", label: "annotator" },
          { key: "reliability", label: "reliability", format: "decimal", digits: 2 },
          { key: "lower", label: "lower", format: "decimal", digits: 2 },
          { key: "upper", label: "upper", format: "decimal", digits: 2 },
          { key: "votes", label: "decided votes", format: "integer" },
          { key: "agreement", label: "agreement with others", format: "percent", digits: 0 },
          { key: "agreementLower", label: "agreement lower", format: "percent", digits: 0 },
          { key: "agreementUpper", label: "agreement upper", format: "percent", digits: 0 },
          { key: "pValue", label: "p-value", format: "probability" },
        ],
        rows: annotators.slice(0, 20).map(({ unreliable: _, ...row }) => row),
      },
      {
        id: "annotator-reliability-ratings",
        title: "Ratings with unreliable annotators weighing less",
        caption: "Elo points, on decided votes; the crowd Bradley-Terry stretches differences by the noise it removes.",
        columns: [
          { key: "system", label: "system" },
          { key: "weighted", label: "weighted", format: "integer" },
          { key: "rankWeighted", label: "rank", format: "integer" },
          { key: "plain", label: "every vote alike", format: "integer" },
          { key: "rankPlain", label: "rank, every vote alike", format: "integer" },
        ],
        rows: systems.slice(0, 30),
      },
    ],
    plots: [
      {
        id: "annotator-reliability",
        title: "Least reliable annotators",
        kind: "intervals",
        x: "reliability",
        points: annotators
          .slice(0, 20)
          .map(({ annotator, reliability, lower, upper }) => ({ label: annotator, value: reliability, lower, upper })),
      },
    ],
    numbers: {
      commonReliability: common,
      annotators: annotators.length,
      unreliable: unreliable.length,
      unreliableShare: share,
      rankChanges: systems.filter(({ rankPlain, rankWeighted }) => rankPlain !== rankWeighted).length,
    },
  };
}

function reliabilityFindings(
  unreliable: RatedAnnotator[],
  annotators: number,
  share: number,
  systems: RatedSystem[],
): Finding[] {
  if (unreliable.length === 0) return [];
  const [worst] = unreliable;
  const reversed = unreliable.filter(({ upper }) => upper < 0.5);
  const findings: Finding[] = [
    {
      severity: share > 0.1 || reversed.length > 0 ? "problem" : "caution",
      text: `${counted(unreliable.length, "annotator")} of ${annotators}, with ${percent(share)} of the decided votes, ${unreliable.length === 1 ? "is" : "are"} less reliable than the crowd: ${listed(unreliable.map(({ annotator }) => annotator))}; "${worst.annotator}" has ${worst.reliability.toFixed(2)} (95% interval ${worst.lower.toFixed(2)} to ${worst.upper.toFixed(2)}; 0.5 is a coin) over ${counted(worst.votes, "vote")}${reversed.length > 0 ? `, and ${counted(reversed.length, "annotator")} ${reversed.length === 1 ? "votes" : "vote"} mostly the reverse of the crowd` : ""}.`,
      advice: "Read a few of their votes; leave them out, or rate with crowd-bradley-terry, which weighs them less.",
    },
  ];
  const first = systems.find(({ rankPlain }) => rankPlain === 1);
  const [firstWeighted] = systems;
  if (first && first !== firstWeighted) {
    findings.push({
      severity: "note",
      text: `With annotators weighed by their reliability "${firstWeighted.system}" comes first instead of "${first.system}" (${firstWeighted.weighted.toFixed(0)} and ${first.weighted.toFixed(0)} points; every vote alike ${firstWeighted.plain.toFixed(0)} and ${first.plain.toFixed(0)}).`,
      advice: "See the intervals of the ranking before reading anything into the first place.",
    });
  }
  return findings;
}

/** By how much the log-likelihood falls at the ends of a 95% likelihood interval: half of chi-squared's quantile. */
const LIKELIHOOD_DROP = 1.920729410347062;

type RatedAnnotator = {
  annotator: string;
  reliability: number;
  lower: number;
  upper: number;
  votes: number;
  agreement: number | null;
  agreementLower: number | null;
  agreementUpper: number | null;
  pValue: number;
  unreliable: boolean;
};

function rateAnnotators(decided: VoteTable, strengths: Float64Array, others: Float64Array[]): RatedAnnotator[] {
  const common = commonReliability(decided, strengths);
  const rated = rowsByAnnotator(decided).flatMap((rows, annotator) => {
    if (rows.length === 0) return [];
    const chances = rows.map((row) => chanceOfVote(decided, strengths, row));
    const best = mostLikely(chances);
    const reached = logLikelihood(best, chances);
    const signed = Math.sign(common - best) * Math.sqrt(Math.max(0, 2 * (reached - logLikelihood(common, chances))));
    const [matches, compared] = others[annotator];
    const interval = compared > 0 ? wilsonInterval(matches, compared) : null;
    return {
      annotator: decided.annotators[annotator],
      reliability: best,
      lower: crossing(chances, best, 0, reached - LIKELIHOOD_DROP),
      upper: crossing(chances, best, 1, reached - LIKELIHOOD_DROP),
      votes: rows.length,
      agreement: interval && matches / compared,
      agreementLower: interval?.lower ?? null,
      agreementUpper: interval?.upper ?? null,
      pValue: normalCdf(-signed, 0, 1),
    };
  });
  const unreliable = rejectedAtFalseDiscoveryRate(rated.map(({ pValue }) => pValue));
  return rated
    .map((annotator, index) => ({ ...annotator, unreliable: unreliable[index] }))
    .sort(
      (a, b) => Number(b.unreliable) - Number(a.unreliable) || a.reliability - b.reliability || a.pValue - b.pValue,
    );
}

/** The chance that the strengths give to what the annotator of `row` chose. */
function chanceOfVote({ left, right, outcome }: VoteTable, strengths: Float64Array, row: number): number {
  const p = logistic(strengths[left[row]] - strengths[right[row]]);
  return outcome[row] > 0.5 ? p : 1 - p;
}

function commonReliability(decided: VoteTable, strengths: Float64Array): number {
  return mostLikely(Array.from(decided.left, (_, row) => chanceOfVote(decided, strengths, row)));
}

function logLikelihood(eta: number, chances: readonly number[]): number {
  let sum = 0;
  for (const p of chances) sum += Math.log(chanceOf(eta, p));
  return sum;
}

/** The reliability at which such votes are likeliest; the log-likelihood is concave, its slope is bisected. */
function mostLikely(chances: readonly number[]): number {
  const slope = (eta: number) => chances.reduce((sum, p) => sum + (2 * p - 1) / chanceOf(eta, p), 0);
  if (slope(1) >= 0) return 1;
  if (slope(0) <= 0) return 0;
  let low = 0;
  let high = 1;
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (slope(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Where, from `best` towards `end`, the log-likelihood falls to `level`. */
function crossing(chances: readonly number[], best: number, end: 0 | 1, level: number): number {
  if (logLikelihood(end, chances) >= level) return end;
  let inside = best;
  let outside: number = end;
  while (Math.abs(outside - inside) > 1e-6) {
    const middle = (inside + outside) / 2;
    if (logLikelihood(middle, chances) >= level) inside = middle;
    else outside = middle;
  }
  return inside;
}

/**
 * How many of an annotator's votes the other annotators of the unit make likely, by Dawid-Skene: the
 * expected matches and the number of votes compared, for each annotator.
 */
function agreementWithOthers(votes: VoteTable): Float64Array[] {
  const units = unitsOf(votes);
  const choices = orientedChoices(votes, units);
  const unitCount = units.reduce((most, unit) => Math.max(most, unit), -1) + 1;
  const perUnit = new Int32Array(unitCount);
  for (const unit of units) perUnit[unit]++;
  const fit = fitDawidSkene(
    {
      unit: units,
      annotator: votes.annotator,
      label: choices,
      units: unitCount,
      annotators: votes.annotators.length,
      classes: 3,
    },
    { smoothing: 0.5, maxIterations: 40, tolerance: 1e-3 },
  );
  const matches = votes.annotators.map(() => new Float64Array(2));
  const others = new Float64Array(3);
  units.forEach((unit, row) => {
    if (perUnit[unit] < 2) return;
    let total = 0;
    for (let c = 0; c < 3; c++) {
      others[c] = fit.posteriors[unit * 3 + c] / fit.confusion[(votes.annotator[row] * 3 + c) * 3 + choices[row]];
      total += others[c];
    }
    matches[votes.annotator[row]][0] += others[choices[row]] / total;
    matches[votes.annotator[row]][1]++;
  });
  return matches;
}

type RatedSystem = { system: string; weighted: number; rankWeighted: number; plain: number; rankPlain: number };

function compareSystems(decided: VoteTable, strengths: Float64Array): RatedSystem[] {
  const { strengths: plain } = fitPairedLogistic(decided);
  const voted = new Set([...decided.left, ...decided.right]);
  const centre = [...voted].reduce((sum, system) => sum + strengths[system], 0) / voted.size;
  const place = (values: Float64Array) =>
    new Map([...voted].sort((a, b) => values[b] - values[a]).map((system, index) => [system, index + 1]));
  const places = { weighted: place(strengths), plain: place(plain) };
  return [...voted]
    .map((system) => ({
      system: decided.systems[system],
      weighted: displayRating(strengths[system] - centre),
      rankWeighted: places.weighted.get(system) ?? 0,
      plain: displayRating(plain[system]),
      rankPlain: places.plain.get(system) ?? 0,
    }))
    .sort((a, b) => a.rankWeighted - b.rankWeighted);
}
