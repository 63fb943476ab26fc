/**
 * Drift: do strengths, the left side's share, or the tie rate change between the earlier and the later half
 * of the votes?
 *
 * Bradley-Terry is fitted to each half; the change of each system's strength has an interval from the votes'
 * influences, clustered over both halves at once, and is tested with correction for many systems. The
 * likelihood ratio of two fits against one is given beside (its chi-squared law holds for independent votes
 * without ties). Only systems with 10 votes or more in each half, the 100 most voted. Linear in votes times
 * those systems.
 */
import type { VoteTable } from "../data/vote-table.ts";
import { connectedComponents } from "../rank/components.ts";
import { quantile } from "../rank/quantile.ts";
import { ELO_POINTS } from "../rank/rating.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import {
  clusteredVariance,
  type Estimate,
  estimateOf,
  rejectedAtFalseDiscoveryRate,
  SIGNIFICANCE,
} from "./inference.ts";
import { fitPairedLogistic } from "./paired-logistic.ts";
import { choiceOf, clusteringOf, isDecided, LEFT, selectVotes } from "./units.ts";
import { counted, percent, percentRange, pValueText } from "./words.ts";

export const drift = { id: "drift", title: "Drift over time", run: auditDrift };

const FEWEST_VOTES = 10;
const MOST_SYSTEMS = 100;

export function auditDrift(all: VoteTable): AuditResult {
  const timed = selectVotes(all, (row) => Number.isFinite(all.time[row]) && all.left[row] !== all.right[row]);
  if (timed.left.length === 0) return cannotRun(drift, "no vote says when it was given (field time)");
  const middle = quantile(timed.time, 0.5);
  const lateAt = (votes: VoteTable) => (row: number) => votes.time[row] > middle;
  const lateCount = timed.time.reduce((sum, time) => sum + Number(time > middle), 0);
  if (lateCount === 0 || lateCount === timed.left.length) return cannotRun(drift, "all votes have the same time");
  const rates = [
    changeOfRate(
      "left",
      "left side's share of decided votes",
      timed,
      isDecided,
      (outcome) => choiceOf(outcome) === LEFT,
      lateAt(timed),
    ),
    changeOfRate(
      "tie",
      "tie rate",
      timed,
      () => true,
      (outcome) => !isDecided(outcome),
      lateAt(timed),
    ),
  ].filter((rate) => rate !== null);
  const strengths = changeOfStrengths(timed, lateAt);
  const moved = strengths.systems.filter((system) => system.moved);
  const when = new Date(middle).toISOString().slice(0, 16).replace("T", " ");
  return {
    audit: drift.id,
    title: drift.title,
    summary: `Before and after ${when} (UTC), half of the votes each: ${
      strengths.systems.length === 0
        ? "no system has enough votes in both halves to compare strengths"
        : `${moved.length} of ${counted(strengths.systems.length, "system")} changed strength beyond chance`
    }${rates.map(({ label, early, late, change }) => `; the ${label} went from ${percent(early)} to ${percent(late)} (${pValueText(change.pValue)})`).join("")}.`,
    missing: null,
    findings: [...strengthFinding(moved, strengths.systems.length), ...rates.flatMap(rateFinding)],
    tables: [
      {
        id: "drift-systems",
        title: "Change of strength, the surest first",
        caption: "Elo points, the later half less the earlier.",
        columns: [
          { key: "system", label: "system" },
          { key: "change", label: "change", format: "integer" },
          { key: "lower", label: "lower", format: "integer" },
          { key: "upper", label: "upper", format: "integer" },
          { key: "pValue", label: "p-value", format: "probability" },
        ] as const,
        rows: strengths.systems.slice(0, 20).map(({ moved: _, ...row }) => row),
      },
    ].filter((table) => table.rows.length > 0),
    plots: [],
    numbers: {
      votes: timed.left.length,
      systems: strengths.systems.length,
      systemsMoved: moved.length,
      likelihoodRatio: strengths.likelihoodRatio,
      likelihoodRatioDegrees: strengths.degrees,
      ...Object.fromEntries(
        rates.flatMap(({ name, change }) => [
          [`${name}Change`, change.value],
          [`${name}PValue`, change.pValue],
        ]),
      ),
    },
  };
}

type MovedSystem = { system: string; change: number; lower: number; upper: number; pValue: number; moved: boolean };

function strengthFinding(moved: MovedSystem[], systems: number): Finding[] {
  if (moved.length === 0) return [];
  const most = moved.reduce((a, b) => (Math.abs(b.change) > Math.abs(a.change) ? b : a));
  return [
    {
      severity: Math.abs(most.change) >= 100 || moved.length > systems / 4 ? "problem" : "caution",
      text: `${counted(moved.length, "system")} of ${systems} changed strength over time, "${most.system}" by ${most.change.toFixed(0)} Elo points (95% interval ${most.lower.toFixed(0)} to ${most.upper.toFixed(0)}, ${pValueText(most.pValue)}).`,
      advice: "Rate a recent window, or the periods apart: one number over all time mixes what changed.",
    },
  ];
}

type RateChange = { name: string; label: string; early: number; late: number; change: Estimate };

function rateFinding({ label, early, late, change }: RateChange): Finding[] {
  if (change.pValue >= SIGNIFICANCE) return [];
  return [
    {
      severity: Math.abs(change.value) >= 0.05 ? "caution" : "note",
      text: `The ${label} went from ${percent(early)} in the earlier half to ${percent(late)} in the later (difference, ${percentRange(change)}, ${pValueText(change.pValue)}).`,
      advice: "See whether the annotators, the instructions or the mix of systems changed in between.",
    },
  ];
}

/** The difference of a share between the halves, with a clustered interval; null where a half has no votes. */
function changeOfRate(
  name: string,
  label: string,
  all: VoteTable,
  counts: (outcome: number) => boolean,
  holds: (outcome: number) => boolean,
  isLate: (row: number) => boolean,
): RateChange | null {
  const late = Float64Array.from(all.outcome, (_, row) => Number(isLate(row)));
  const votes = { early: 0, late: 0 };
  const hits = { early: 0, late: 0 };
  all.outcome.forEach((outcome, row) => {
    if (!counts(outcome)) return;
    const half = late[row] ? "late" : "early";
    votes[half]++;
    if (holds(outcome)) hits[half]++;
  });
  if (votes.early === 0 || votes.late === 0) return null;
  const shares = { early: hits.early / votes.early, late: hits.late / votes.late };
  const influence = Float64Array.from(all.outcome, (outcome, row) => {
    if (!counts(outcome)) return 0;
    const half = late[row] ? "late" : "early";
    return ((late[row] ? 1 : -1) * (Number(holds(outcome)) - shares[half])) / votes[half];
  });
  const clustering = clusteringOf(all);
  const deviation = Math.sqrt(clusteredVariance(influence, clustering));
  return {
    name,
    label,
    ...shares,
    change: estimateOf(shares.late - shares.early, deviation, clustering.degreesOfFreedom),
  };
}

function changeOfStrengths(
  timed: VoteTable,
  lateAt: (votes: VoteTable) => (row: number) => boolean,
): { systems: MovedSystem[]; likelihoodRatio: number | null; degrees: number | null } {
  const votes = comparableVotes(timed, lateAt);
  const isLate = lateAt(votes);
  const lateRows = selectVotes(votes, isLate);
  const earlyRows = selectVotes(votes, (row) => !isLate(row));
  const present = [...new Set([...votes.left, ...votes.right])].sort((a, b) => a - b);
  if (present.length < 2 || !isConnected(lateRows, present) || !isConnected(earlyRows, present)) {
    return { systems: [], likelihoodRatio: null, degrees: null };
  }
  const early = fitPairedLogistic(earlyRows);
  const late = fitPairedLogistic(lateRows);
  const together = fitPairedLogistic(votes);
  const clustering = clusteringOf(votes);
  const estimates = present.map((system) => {
    const inEarly = early.strengthInfluence(system);
    const inLate = late.strengthInfluence(system);
    let nextEarly = 0;
    let nextLate = 0;
    const influence = Float64Array.from(votes.left, (_, row) =>
      isLate(row) ? inLate[nextLate++] : -inEarly[nextEarly++],
    );
    const change = late.strengths[system] - early.strengths[system];
    return estimateOf(change, Math.sqrt(clusteredVariance(influence, clustering)), clustering.degreesOfFreedom);
  });
  const rejected = rejectedAtFalseDiscoveryRate(estimates.map(({ pValue }) => pValue));
  return {
    systems: present
      .map((system, index) => ({
        system: votes.systems[system],
        change: ELO_POINTS * estimates[index].value,
        lower: ELO_POINTS * estimates[index].lower,
        upper: ELO_POINTS * estimates[index].upper,
        pValue: estimates[index].pValue,
        moved: rejected[index],
      }))
      .sort((a, b) => a.pValue - b.pValue),
    likelihoodRatio: Math.max(0, 2 * (early.logLikelihood + late.logLikelihood - together.logLikelihood)),
    degrees: present.length - 1,
  };
}

/** Votes between systems that have enough votes, between themselves, in both halves. */
function comparableVotes(votes: VoteTable, lateAt: (votes: VoteTable) => (row: number) => boolean): VoteTable {
  const M = votes.systems.length;
  const isLate = lateAt(votes);
  const counts = new Float64Array(2 * M);
  for (let row = 0; row < votes.left.length; row++) {
    const half = isLate(row) ? M : 0;
    counts[half + votes.left[row]]++;
    counts[half + votes.right[row]]++;
  }
  const enough = votes.systems
    .map((_, system) => ({ system, fewest: Math.min(counts[system], counts[M + system]) }))
    .filter(({ fewest }) => fewest >= FEWEST_VOTES)
    .sort((a, b) => b.fewest - a.fewest)
    .slice(0, MOST_SYSTEMS);
  const kept = new Set(enough.map(({ system }) => system));
  const dropped = votes.left.some((left, row) => !kept.has(left) || !kept.has(votes.right[row]));
  return dropped
    ? comparableVotes(
        selectVotes(votes, (row) => kept.has(votes.left[row]) && kept.has(votes.right[row])),
        lateAt,
      )
    : votes;
}

function isConnected(votes: VoteTable, systems: readonly number[]): boolean {
  const components = connectedComponents(votes);
  return systems.every((system) => components[system] === components[systems[0]]);
}
