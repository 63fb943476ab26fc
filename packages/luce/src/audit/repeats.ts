/**
 * Repeated votes: the same annotator on the same pair and prompt again. Copies inflate certainty; repeats
 * that contradict one another measure how consistent an annotator is. Linear in votes.
 */
import type { VoteTable } from "../data/vote-table.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import { numberKeys, wilsonInterval } from "./inference.ts";
import { orientedChoices, unitsOf } from "./units.ts";
import { counted, percent, percentRange } from "./words.ts";

export const repeats = { id: "repeats", title: "Repeated votes", run: auditRepeats };

/** Fewer say too little of how consistent annotators are. */
const FEWEST_REPEATS = 20;

export function auditRepeats(votes: VoteTable): AuditResult {
  const known = (row: number) => votes.annotator[row] >= 0 && votes.prompt[row] >= 0;
  const compared = votes.left.reduce((sum, _, row) => sum + Number(known(row)), 0);
  if (compared === 0) {
    return cannotRun(repeats, "no vote names both its annotator and its prompt (fields annotator, prompt)");
  }
  const units = unitsOf(votes);
  const choices = orientedChoices(votes, units);
  const again = numberKeys(votes.left.length, (row) =>
    known(row) ? units[row] * votes.annotators.length + votes.annotator[row] : -1,
  );
  const firstRow = new Map<number, number>();
  const perAnnotator = new Map<number, { repeated: number; contradicted: number }>();
  let repeated = 0;
  let contradicted = 0;
  let turned = 0;
  again.forEach((key, row) => {
    if (key < 0) return;
    const first = firstRow.get(key);
    if (first === undefined) {
      firstRow.set(key, row);
      return;
    }
    const tally = perAnnotator.get(votes.annotator[row]) ?? { repeated: 0, contradicted: 0 };
    perAnnotator.set(votes.annotator[row], tally);
    const contradicts = choices[row] !== choices[first];
    repeated++;
    tally.repeated++;
    if (votes.left[row] !== votes.left[first]) turned++;
    if (contradicts) {
      contradicted++;
      tally.contradicted++;
    }
  });
  const consistency = repeated > 0 ? 1 - contradicted / repeated : null;
  const interval = wilsonInterval(repeated - contradicted, repeated);
  const rows = [...perAnnotator]
    .map(([annotator, tally]) => ({
      annotator: votes.annotators[annotator],
      ...tally,
      consistency: 1 - tally.contradicted / tally.repeated,
    }))
    .sort((a, b) => b.repeated - a.repeated);
  return {
    audit: repeats.id,
    title: repeats.title,
    summary:
      consistency === null
        ? `No annotator judged the same pair on the same prompt twice, in ${counted(compared, "vote")}.`
        : `${counted(repeated, "vote")} of ${compared} (${percent(repeated / compared)}) repeat an earlier one of the same annotator, pair and prompt, ${turned} of them the other way round; ${percent(consistency)} say the same again (${percentRange(interval)}).`,
    missing: null,
    findings: consistency === null ? [] : repeatFindings(repeated, compared, consistency, interval, rows),
    tables: [
      {
        id: "repeats-annotators",
        title: "Annotators who repeated votes",
        columns: [
          { key: "annotator", label: "annotator" },
          { key: "repeated", label: "repeated votes", format: "integer" },
          { key: "contradicted", label: "contradicting the first", format: "integer" },
          { key: "consistency", label: "the same again", format: "percent", digits: 0 },
        ] as const,
        rows: rows.slice(0, 20),
      },
    ].filter((table) => table.rows.length > 0),
    plots: [],
    numbers: { repeated, repeatedShare: repeated / compared, contradicted, turned, selfConsistency: consistency },
  };
}

function repeatFindings(
  repeated: number,
  compared: number,
  consistency: number,
  interval: { lower: number; upper: number },
  rows: readonly { annotator: string; repeated: number }[],
): Finding[] {
  const findings: Finding[] = [];
  if (repeated / compared >= 0.005) {
    findings.push({
      severity: repeated / compared >= 0.05 ? "problem" : "caution",
      text: `${counted(repeated, "vote")} (${percent(repeated / compared)}) repeat an earlier one of the same annotator, pair and prompt; "${rows[0].annotator}" alone gave ${rows[0].repeated} of them.`,
      advice: "If they are copies, drop them before rating; if they are meant, cluster intervals by annotator.",
    });
  }
  if (repeated >= FEWEST_REPEATS && interval.upper < 0.8) {
    findings.push({
      severity: interval.upper < 0.6 ? "problem" : "caution",
      text: `Annotators contradict themselves: asked again, they say the same ${percent(consistency)} of the time (${percentRange(interval)}, ${counted(repeated, "repeat")}).`,
      advice: "No rating can be surer than its annotators; ask for fewer, clearer choices or allow ties.",
    });
  }
  return findings;
}
