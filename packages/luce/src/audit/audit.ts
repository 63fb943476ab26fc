import type { VoteTable } from "../data/vote-table.ts";
import type { Report } from "../report/report.ts";

export type AuditOptions = {
  /** Seeds whatever the audit simulates or resamples. Same votes and seed, same result. */
  seed: number;
};

/** What an audit says: a report but for its provenance, which only the caller knows, with its numbers. */
export type AuditResult = Omit<Report, "provenance" | "summary"> & {
  readonly audit: string;
  /** The answer to the audit's question, in a sentence or two. */
  readonly summary: string;
  /** What the votes lack for this audit, by the name of the field; null where it ran. */
  readonly missing: string | null;
  /** The statistics behind the words; null where they are not defined. */
  readonly numbers: Readonly<Record<string, number | null>>;
};

/** One question asked of votes. */
export type Audit = {
  readonly id: string;
  readonly title: string;
  readonly run: (votes: VoteTable, options: AuditOptions) => AuditResult;
};

/** The result of an audit that the votes do not allow. */
export function cannotRun(audit: { id: string; title: string }, missing: string): AuditResult {
  return {
    audit: audit.id,
    title: audit.title,
    summary: `Not possible: ${missing}.`,
    missing,
    findings: [],
    tables: [],
    plots: [],
    numbers: {},
  };
}
