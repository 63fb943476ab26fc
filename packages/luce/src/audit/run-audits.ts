import type { VoteTable } from "../data/vote-table.ts";
import { LuceError, suggestNearest } from "../errors.ts";
import type { Finding, Provenance, Report } from "../report/report.ts";
import { agreement } from "./agreement.ts";
import { annotatorReliability } from "./annotator-reliability.ts";
import type { Audit, AuditOptions, AuditResult } from "./audit.ts";
import { drift } from "./drift.ts";
import { haste } from "./haste.ts";
import { intransitivity } from "./intransitivity.ts";
import { lengthBias } from "./length-bias.ts";
import { oneSided } from "./one-sided.ts";
import { participation } from "./participation.ts";
import { positionBias } from "./position-bias.ts";
import { repeats } from "./repeats.ts";
import { ties } from "./ties.ts";
import { counted } from "./words.ts";

/** Every audit, in the order in which a report shows them. */
export const audits: readonly Audit[] = [
  agreement,
  annotatorReliability,
  positionBias,
  lengthBias,
  intransitivity,
  ties,
  participation,
  oneSided,
  repeats,
  haste,
  drift,
];

/**
 * Asks the audits named in `only` (all of them where absent) of the votes. One that the votes do not allow
 * says what is missing.
 *
 * @throws LuceError `invalid-parameter` for a name that is no audit, with the nearest one
 */
export function runAudits(
  votes: VoteTable,
  { only, seed, onAudit = () => {} }: AuditOptions & { only?: readonly string[]; onAudit?: (audit: Audit) => void },
): AuditResult[] {
  return selectAudits(only).map((audit) => {
    onAudit(audit);
    return audit.run(votes, { seed });
  });
}

/** @throws LuceError `invalid-parameter` for a name that is no audit, with the nearest one */
export function selectAudits(only?: readonly string[]): readonly Audit[] {
  const names = audits.map(({ id }) => id);
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new LuceError("invalid-parameter", `there is no audit "${unknown}"`, {
      hint: suggestNearest(unknown, names),
    });
  }
  return only ? audits.filter(({ id }) => only.includes(id)) : audits;
}

const ORDER: readonly Finding["severity"][] = ["problem", "caution", "note"];

/**
 * One report of many audits: all findings, the gravest first, then a line an audit, then each audit's tables.
 *
 * @param others findings from elsewhere, such as the reading of the file
 */
export function auditReport(
  results: readonly AuditResult[],
  provenance: Provenance,
  others: readonly Finding[] = [],
): Report {
  const findings = [...results.flatMap((result) => result.findings), ...others].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity),
  );
  const ran = results.filter(({ missing }) => missing === null);
  const counts = ORDER.map((severity) =>
    counted(findings.filter((finding) => finding.severity === severity).length, severity),
  );
  return {
    title: "Audit of the votes",
    summary: `${ran.length} of ${results.length} audits could be made: ${counts.join(", ")}.`,
    findings,
    tables: [
      {
        id: "audits",
        title: "What each audit says",
        columns: [
          { key: "audit", label: "audit" },
          { key: "says", label: "says", format: "prose" },
        ],
        rows: results.map(({ title, summary }) => ({ audit: title, says: summary })),
      },
      ...results.flatMap(({ title, summary, tables }) =>
        tables.map((table, n) => ({
          ...table,
          title: table.title.startsWith(title) ? table.title : `${title}: ${table.title}`,
          caption: [n === 0 ? summary : "", table.caption ?? ""].filter((text) => text !== "").join(" ") || undefined,
        })),
      ),
    ],
    plots: results.flatMap(({ plots }) => plots),
    provenance,
  };
}
