/**
 * Haste: votes given too fast to have been read, by their duration or by the gap to the same annotator's
 * previous vote; and annotators with bursts of votes within one minute. Whether hasty votes differ is shown
 * by how often they side with the stronger system. O(votes log votes).
 */
import type { VoteTable } from "../data/vote-table.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import { wilsonInterval } from "./inference.ts";
import { fitPairedLogistic } from "./paired-logistic.ts";
import { isDecided, rowsByAnnotator } from "./units.ts";
import { counted, listed, percent } from "./words.ts";

export const haste = { id: "haste", title: "Too-fast votes and bursts", run: auditHaste };

/** Seconds in which two answers cannot be read. */
const TOO_FAST = 3;
/** Votes within a minute that make a burst. */
const BURST = 15;

export function auditHaste(votes: VoteTable): AuditResult {
  const gaps = secondsSincePrevious(votes);
  const taken = votes.duration.map((duration, row) => (duration >= 0 ? duration : gaps[row]));
  const timed = taken.reduce((sum, seconds) => sum + Number(seconds >= 0), 0);
  if (timed === 0) {
    return cannotRun(
      haste,
      "no vote says how long it took, nor when which annotator gave it (fields duration, time, annotator)",
    );
  }
  const isFast = taken.map((seconds) => Number(seconds >= 0 && seconds < TOO_FAST));
  const fast = isFast.reduce((sum, value) => sum + value, 0);
  const siding = sidingWithStronger(votes, isFast, taken);
  const bursts = largestBursts(votes);
  const annotators = rowsByAnnotator(votes)
    .map((rows, annotator) => ({
      annotator: votes.annotators[annotator],
      votes: rows.length,
      fast: rows.reduce((sum, row) => sum + isFast[row], 0),
      fastShare: rows.reduce((sum, row) => sum + isFast[row], 0) / Math.max(1, rows.length),
      mostInOneMinute: bursts[annotator],
    }))
    .filter((row) => row.fast > 0 || row.mostInOneMinute >= BURST)
    .sort((a, b) => b.fast - a.fast || b.mostInOneMinute - a.mostInOneMinute);
  return {
    audit: haste.id,
    title: haste.title,
    summary: `${counted(fast, "vote")} of ${timed} with a known time (${percent(fast / timed)}) took under ${TOO_FAST} seconds${siding ? `; of the decided ones ${percent(siding.fast.share)} side with the stronger system, of the others ${percent(siding.slow.share)}` : ""}. ${counted(annotators.filter((row) => row.mostInOneMinute >= BURST).length, "annotator")} gave ${BURST} votes or more within a minute.`,
    missing: null,
    findings: [...fastFinding(fast, timed, siding, annotators), ...burstFinding(annotators)],
    tables: [
      {
        id: "haste-annotators",
        title: "Hasty annotators",
        columns: [
          { key: "annotator", label: "annotator" },
          { key: "fast", label: `votes under ${TOO_FAST} s`, format: "integer" },
          { key: "fastShare", label: "share", format: "percent", digits: 0 },
          { key: "mostInOneMinute", label: "most within a minute", format: "integer" },
          { key: "votes", label: "votes", format: "integer" },
        ] as const,
        rows: annotators.slice(0, 20),
      },
    ].filter((table) => table.rows.length > 0),
    plots: [],
    numbers: {
      timed,
      fast,
      fastShare: fast / timed,
      fastSideWithStronger: siding?.fast.share ?? null,
      othersSideWithStronger: siding?.slow.share ?? null,
      burstingAnnotators: annotators.filter((row) => row.mostInOneMinute >= BURST).length,
    },
  };
}

type HastyAnnotator = { annotator: string; votes: number; fast: number; fastShare: number; mostInOneMinute: number };

function fastFinding(fast: number, timed: number, siding: Siding | null, annotators: HastyAnnotator[]): Finding[] {
  if (fast / timed < 0.01) return [];
  const careless = siding !== null && siding.fast.upper < siding.slow.lower;
  const worst = annotators[0];
  return [
    {
      severity: careless ? "problem" : "caution",
      text: `${percent(fast / timed)} of votes took under ${TOO_FAST} seconds${siding ? `, and ${percent(siding.fast.share)} of their decided ones side with the stronger system against ${percent(siding.slow.share)} of the others${careless ? "" : ", which chance may explain"}` : ""}${worst ? `; "${worst.annotator}" gave ${worst.fast} of them` : ""}.`,
      advice: "Rate without them and see what moves; ask for a moment's reading before the buttons appear.",
    },
  ];
}

function burstFinding(annotators: HastyAnnotator[]): Finding[] {
  const bursting = annotators.filter((row) => row.mostInOneMinute >= BURST);
  if (bursting.length === 0) return [];
  const most = Math.max(...bursting.map((row) => row.mostInOneMinute));
  return [
    {
      severity: "caution",
      text: `${counted(bursting.length, "annotator")} gave ${BURST} votes or more within one minute, up to ${most}: ${listed(bursting.map(({ annotator }) => annotator))}.`,
      advice: "No one reads that fast: look whether it is a script, or times that were written later.",
    },
  ];
}

/** [N] seconds since the same annotator's previous vote; NaN for the first, or where time is unknown. */
function secondsSincePrevious(votes: VoteTable): Float64Array {
  const gaps = new Float64Array(votes.left.length).fill(Number.NaN);
  for (const rows of timedRows(votes)) {
    for (let n = 1; n < rows.length; n++) gaps[rows[n]] = (votes.time[rows[n]] - votes.time[rows[n - 1]]) / 1000;
  }
  return gaps;
}

/** [A] the most votes of each annotator within sixty seconds. */
function largestBursts(votes: VoteTable): number[] {
  return timedRows(votes).map((rows) => {
    let most = 0;
    let start = 0;
    rows.forEach((row, end) => {
      while (votes.time[row] - votes.time[rows[start]] >= 60_000) start++;
      most = Math.max(most, end - start + 1);
    });
    return most;
  });
}

/** [A] the rows of each annotator whose time is known, in order of time. */
function timedRows(votes: VoteTable): number[][] {
  return rowsByAnnotator(votes).map((rows) =>
    rows.filter((row) => Number.isFinite(votes.time[row])).sort((a, b) => votes.time[a] - votes.time[b]),
  );
}

type Siding = Record<"fast" | "slow", { share: number; lower: number; upper: number }>;

/** How often decided votes, fast and not, went to the system that all votes make the stronger. */
function sidingWithStronger(votes: VoteTable, isFast: Float64Array, taken: Float64Array): Siding | null {
  const { strengths } = fitPairedLogistic(votes);
  const sided = { fast: 0, slow: 0 };
  const total = { fast: 0, slow: 0 };
  for (let row = 0; row < votes.left.length; row++) {
    const lead = strengths[votes.left[row]] - strengths[votes.right[row]];
    if (!isDecided(votes.outcome[row]) || lead === 0 || !(taken[row] >= 0)) continue;
    const speed = isFast[row] ? "fast" : "slow";
    total[speed]++;
    if (votes.outcome[row] > 0.5 === lead > 0) sided[speed]++;
  }
  if (total.fast === 0 || total.slow === 0) return null;
  const shareOf = (speed: "fast" | "slow") => ({
    share: sided[speed] / total[speed],
    ...wilsonInterval(sided[speed], total[speed]),
  });
  return { fast: shareOf("fast"), slow: shareOf("slow") };
}
