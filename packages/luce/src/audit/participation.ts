/**
 * Participation: do the votes rest on few annotators?
 *
 * The effective number of annotators is 1 / sum of squared shares: as many would weigh as much if all voted
 * equally often. Linear in votes.
 */
import type { VoteTable } from "../data/vote-table.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import { rowsByAnnotator } from "./units.ts";
import { counted, percent } from "./words.ts";

export const participation = { id: "participation", title: "Prolific annotators", run: auditParticipation };

export function auditParticipation(votes: VoteTable): AuditResult {
  const annotators = rowsByAnnotator(votes)
    .map((rows, annotator) => ({ annotator: votes.annotators[annotator], votes: rows.length }))
    .filter((annotator) => annotator.votes > 0)
    .sort((a, b) => b.votes - a.votes);
  if (annotators.length === 0) return cannotRun(participation, "the votes name no annotators (field annotator)");
  const total = annotators.reduce((sum, annotator) => sum + annotator.votes, 0);
  const rows = annotators.map((annotator) => ({ ...annotator, share: annotator.votes / total }));
  const effective = 1 / rows.reduce((sum, { share }) => sum + share ** 2, 0);
  const tenth = Math.max(1, Math.round(rows.length / 10));
  const tenthShare = rows.slice(0, tenth).reduce((sum, { share }) => sum + share, 0);
  return {
    audit: participation.id,
    title: participation.title,
    summary: `${counted(rows.length, "annotator")} gave ${counted(total, "vote")}, the most active ${tenth === 1 ? "one" : tenth} of them ${percent(tenthShare)}; they weigh as much as ${effective.toFixed(1)} who vote equally often.`,
    missing: null,
    findings: participationFinding(rows, effective),
    tables: [
      {
        id: "participation-annotators",
        title: "Most active annotators",
        columns: [
          { key: "annotator", label: "annotator" },
          { key: "votes", label: "votes", format: "integer" },
          { key: "share", label: "share", format: "percent", digits: 1 },
        ],
        rows: rows.slice(0, 20),
      },
    ],
    plots: [],
    numbers: {
      annotators: rows.length,
      effectiveAnnotators: effective,
      largestShare: rows[0].share,
      topTenthShare: tenthShare,
    },
  };
}

function participationFinding(
  rows: readonly { annotator: string; votes: number; share: number }[],
  effective: number,
): Finding[] {
  const [most] = rows;
  if (most.share < 0.2 && effective >= 10) return [];
  return [
    {
      severity: "caution",
      text:
        rows.length === 1
          ? `All votes are one annotator's, "${most.annotator}".`
          : `The votes rest on few annotators: ${counted(rows.length, "annotator")} weigh as much as ${effective.toFixed(1)} equally active ones, and "${most.annotator}" alone gave ${percent(most.share)}.`,
      advice: "Cluster intervals by annotator, and read the ranking as these people's, not everyone's.",
    },
  ];
}
