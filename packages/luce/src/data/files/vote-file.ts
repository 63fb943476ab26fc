import type { Comparisons, Rankings } from "../comparisons.ts";
import type { Inspection } from "../inspect.ts";
import type { Judgment } from "../judgment.ts";
import type { VoteTable } from "../vote-table.ts";
import type { Columns } from "./formats/format.ts";

export type OpenOptions = {
  /** A format's id, where detection from content is not wanted. */
  readonly format?: string;
  /** Parts and the columns that play them, such as `{ left: "model_a", winner: "choice" }`. */
  readonly columns?: Columns;
  /** Where rejected rows are kept; a file in the system's temporary folder where absent. */
  readonly rejects?: string;
};

export type Where = { readonly field: string; readonly value: string };

export type CountOptions = {
  readonly cluster?: "annotator" | "prompt";
  /** One row a judgment, by time where the file has times, else in the order of the file. */
  readonly ordered?: boolean;
  readonly covariates?: readonly string[];
  readonly where?: Where;
};

export type RankingOptions = Pick<CountOptions, "cluster" | "ordered" | "where">;

/** Rows that were left out by the last reading, and where they are kept. */
export type Rejected = {
  readonly count: number;
  /** The first 20. */
  readonly first: readonly { readonly line: number; readonly field: string; readonly reason: string }[];
  /** JSONL with line, field, reason and raw; undefined where nothing was rejected. */
  readonly file: string | undefined;
  /** Rows that repeat the id and the content of an earlier row: they count once and are no fault. */
  readonly duplicates: number;
  /** Judgments of a system against itself: they say nothing of systems and are no fault. */
  readonly selfComparisons: number;
};

/** A file of judgments, open for reading. Nothing is read before it is asked for, but for its first rows. */
export type VoteFile = {
  readonly path: string;
  /** The format's id. */
  readonly format: string;
  /** What the file is, in words. */
  readonly description: string;
  readonly columns: Columns;
  /** What was taken for granted in reading it, in words; empty where nothing was doubtful. */
  readonly notes: readonly string[];
  /** Every field of the rows, in the order of the file. */
  readonly fields: readonly string[];
  /** SHA-256 of the whole file as it lies on disk. */
  readonly fingerprint: { readonly name: string; readonly sha256: string; readonly bytes: number };
  judgments(): AsyncIterable<Judgment>;
  /** @throws LuceError `invalid-input` where no row is a comparison of two named systems. */
  countComparisons(options?: CountOptions): Promise<Comparisons>;
  readRankings(options?: RankingOptions): Promise<Rankings>;
  readVoteTable(options?: { readonly where?: Where }): Promise<VoteTable>;
  /** What the file holds, in one pass. */
  inspect(): Promise<Inspection>;
  /** How far the present reading is, 0 to 1; null where that is not known. */
  progress(): number | null;
  /** The distinct values of a field, such as a category, in order. */
  groups(field: string): Promise<string[]>;
  rejected(): Rejected;
  close(): Promise<void>;
};
