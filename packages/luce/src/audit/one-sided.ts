/**
 * One-sided annotators: those who nearly always choose the same side, whatever is shown there.
 *
 * Listed where at least 95% of ten or more decided votes are for one side and the chance of so many, under
 * the crowd's rate for that side, is small after correction for many tests. Linear in votes.
 */
import binomialCdf from "@stdlib/stats-base-dists-binomial-cdf";
import type { VoteTable } from "../data/vote-table.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import { rejectedAtFalseDiscoveryRate } from "./inference.ts";
import { isDecided, rowsByAnnotator, winnersOnOneSide } from "./units.ts";
import { counted, listed, percent, sidesUnknown } from "./words.ts";

export const oneSided = { id: "one-sided", title: "One-sided annotators", run: auditOneSided };

const FEWEST_VOTES = 10;
const NEARLY_ALWAYS = 0.95;

export function auditOneSided(votes: VoteTable): AuditResult {
  const side = winnersOnOneSide(votes);
  if (side !== null) return cannotRun(oneSided, sidesUnknown(side));
  const decidedRows = rowsByAnnotator(votes).map((rows) => rows.filter((row) => isDecided(votes.outcome[row])));
  const tested = decidedRows.flatMap((rows, annotator) => {
    if (rows.length < FEWEST_VOTES) return [];
    const left = rows.filter((row) => votes.outcome[row] > 0.5).length;
    return { annotator: votes.annotators[annotator], votes: rows.length, left };
  });
  if (tested.length === 0) {
    return cannotRun(oneSided, `no annotator is named with ${FEWEST_VOTES} decided votes or more (field annotator)`);
  }
  const decided = tested.reduce((sum, { votes: own }) => sum + own, 0);
  const rate = tested.reduce((sum, { left }) => sum + left, 0) / decided;
  const chances = tested.map(({ left, votes: own }) => {
    const favoured = Math.max(left, own - left);
    // Against a coin where there is no crowd.
    const usual = tested.length === 1 ? 0.5 : left * 2 >= own ? rate : 1 - rate;
    return Math.min(1, 2 * (1 - binomialCdf(favoured - 1, own, usual)));
  });
  const rejected = rejectedAtFalseDiscoveryRate(chances);
  const rows = tested
    .map(({ annotator, votes: own, left }, index) => ({
      annotator,
      side: left * 2 >= own ? "left" : "right",
      share: Math.max(left, own - left) / own,
      votes: own,
      pValue: chances[index],
      oneSided: rejected[index] && Math.max(left, own - left) / own >= NEARLY_ALWAYS,
    }))
    .filter((row) => row.oneSided)
    .sort((a, b) => b.votes - a.votes);
  const theirs = rows.reduce((sum, row) => sum + row.votes, 0);
  const findings: Finding[] =
    rows.length === 0
      ? []
      : [
          {
            severity: theirs / decided >= 0.05 || rows.length === tested.length ? "problem" : "caution",
            text: `${counted(rows.length, "annotator")} of ${tested.length} with ${FEWEST_VOTES} decided votes or more (${percent(theirs / decided)} of their votes) nearly always ${rows.length === 1 ? "chooses" : "choose"} the same side: ${listed(rows.map(({ annotator }) => annotator))}; "${rows[0].annotator}" chose the ${rows[0].side} ${percent(rows[0].share, 0)} of ${rows[0].votes} times.`,
            advice: "Leave them out: such votes say where things were shown, not which is better.",
          },
        ];
  return {
    audit: oneSided.id,
    title: oneSided.title,
    summary: `${counted(rows.length, "annotator")} of ${tested.length} with ${FEWEST_VOTES} decided votes or more ${rows.length === 1 ? "chooses" : "choose"} one side at least ${percent(NEARLY_ALWAYS, 0)} of the time, beyond chance.`,
    missing: null,
    findings,
    tables: [
      {
        id: "one-sided-annotators",
        title: "One-sided annotators",
        columns: [
          { key: "annotator", label: "annotator" },
          { key: "side", label: "side" },
          { key: "share", label: "share", format: "percent", digits: 0 },
          { key: "votes", label: "decided votes", format: "integer" },
          { key: "pValue", label: "p-value", format: "probability" },
        ] as const,
        rows: rows.slice(0, 20).map(({ oneSided: _, ...row }) => row),
      },
    ].filter((table) => table.rows.length > 0),
    plots: [],
    numbers: { tested: tested.length, oneSided: rows.length, shareOfVotes: theirs / decided },
  };
}
