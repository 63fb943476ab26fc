/**
 * Ties by annotator: do annotators differ in how readily they call a tie, beyond binomial chance?
 *
 *   z = (S - n) / sqrt(2 sum_k n_k (n_k - 1)),   S = sum_k (t_k - n_k p)^2 / (p (1 - p))
 *
 * t_k of annotator k's n_k votes are ties, p of all n. z is standard normal under one common rate (Tarone
 * 1979). The spread of the annotators' own rates is their standard deviation with chance taken out, by moments.
 * Linear in votes.
 */
import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import type { VoteTable } from "../data/vote-table.ts";
import { listNames } from "../rank/identification.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import { binomialPValue, rejectedAtFalseDiscoveryRate, SIGNIFICANCE, wilsonInterval } from "./inference.ts";
import { isDecided, rowsByAnnotator } from "./units.ts";
import { counted, percent, pValueText } from "./words.ts";

export const ties = { id: "ties", title: "Ties by annotator", run: auditTies };

export function auditTies(votes: VoteTable): AuditResult {
  const annotators = rowsByAnnotator(votes).flatMap((rows, annotator) =>
    rows.length === 0
      ? []
      : {
          annotator: votes.annotators[annotator],
          votes: rows.length,
          ties: rows.filter((row) => !isDecided(votes.outcome[row])).length,
        },
  );
  if (annotators.length < 2) return cannotRun(ties, "the votes name fewer than two annotators (field annotator)");
  const n = annotators.reduce((sum, annotator) => sum + annotator.votes, 0);
  const rate = annotators.reduce((sum, annotator) => sum + annotator.ties, 0) / n;
  if (rate === 0 || rate === 1) return cannotRun(ties, `${rate === 0 ? "no vote is" : "every vote is"} a tie`);
  const repeated = annotators.reduce((sum, annotator) => sum + annotator.votes * (annotator.votes - 1), 0);
  if (repeated === 0) return cannotRun(ties, "every annotator voted once, so no rates can be compared");
  const squares = annotators.reduce((sum, { ties: own, votes: all }) => sum + (own - all * rate) ** 2, 0);
  const excess = squares / (rate * (1 - rate)) - n;
  const z = excess / Math.sqrt(2 * repeated);
  const pValue = normalCdf(-z, 0, 1);
  const spread = Math.sqrt(Math.max(0, (excess / repeated) * rate * (1 - rate)));
  const tested = annotators.map((annotator) => binomialPValue(annotator.ties, annotator.votes, rate));
  const differs = rejectedAtFalseDiscoveryRate(tested);
  const rows = annotators
    .map((annotator, index) => ({
      ...annotator,
      rate: annotator.ties / annotator.votes,
      ...wilsonInterval(annotator.ties, annotator.votes),
      pValue: tested[index],
      differs: differs[index],
    }))
    .sort((a, b) => a.pValue - b.pValue);
  return {
    audit: ties.id,
    title: ties.title,
    summary: `${percent(rate)} of votes are ties; the annotators' own rates spread by ${percent(spread)} (standard deviation) beyond chance (${pValueText(pValue)}).`,
    missing: null,
    findings: tieFinding(rows, rate, spread, pValue),
    tables: [
      {
        id: "ties-annotators",
        title: "Tie rates, the least like the crowd's first",
        columns: [
          { key: "annotator", label: "annotator" },
          { key: "rate", label: "ties", format: "percent", digits: 0 },
          { key: "lower", label: "lower", format: "percent", digits: 0 },
          { key: "upper", label: "upper", format: "percent", digits: 0 },
          { key: "votes", label: "votes", format: "integer" },
          { key: "pValue", label: "p-value", format: "probability" },
        ],
        rows: rows.slice(0, 20).map(({ differs: _, ties: __, ...row }) => row),
      },
    ],
    plots: [],
    numbers: { rate, spread, overdispersion: 1 + excess / n, z, pValue, annotators: annotators.length },
  };
}

type TieRow = { annotator: string; votes: number; rate: number; differs: boolean };

function tieFinding(rows: readonly TieRow[], rate: number, spread: number, pValue: number): Finding[] {
  if (pValue >= SIGNIFICANCE) return [];
  const odd = rows.filter(({ differs }) => differs);
  const examples = odd.map(({ annotator, rate: own }) => `"${annotator}" (${percent(own, 0)})`);
  return [
    {
      severity: spread >= 0.1 ? "caution" : "note",
      text: `Annotators differ in what they call a tie: ${percent(rate)} of votes are ties and their own rates spread by ${percent(spread)} (standard deviation) beyond chance (${pValueText(pValue)})${odd.length > 0 ? `; ${counted(odd.length, "annotator")} of ${rows.length} ${odd.length === 1 ? "stands" : "stand"} out: ${listNames(examples, 3)}` : ""}.`,
      advice:
        "Say in the instructions when to call a tie; ratings that count a tie as half a vote are the least touched.",
    },
  ];
}
