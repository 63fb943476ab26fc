import type { JudgmentDraft } from "../../judgment.ts";
import type { TableColumns } from "../table-columns.ts";
import type { VerdictOverrides, VerdictScale } from "../verdict-words.ts";

/** What detection sees: the fields of the first rows, those rows, and the first text. */
export type Sample = {
  readonly path: string;
  readonly container: "delimited" | "ndjson" | "json" | "parquet" | "text";
  readonly fields: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly head: string;
};

/** Which field plays which part. */
export type Columns = Readonly<Record<string, string>>;

/** The columns found, with those the user named in their place; a part given as "" has no column. */
export function nameColumns(found: Readonly<Record<string, string | undefined>>, given: Columns): Columns {
  const named = Object.entries({ ...found, ...given }).filter(([, column]) => column !== undefined && column !== "");
  return Object.fromEntries(named) as Columns;
}

/**
 * A kind of file, declared by how it is recognised and how a row of it becomes judgments.
 * Adding one is a file beside this and a line in `index.ts`.
 */
export type Format = {
  readonly id: string;
  /** What it is, in words. */
  readonly name: string;
  /** The parts whose columns a user may name. */
  readonly parts: readonly string[];
  /** The fields and the parts they play, or undefined where the sample is not of this kind. */
  detect(sample: Sample, given: Columns): Columns | undefined;
  /** Starts reading: rows come in order, and what is left at the end of the file is in `finish`. */
  reader(columns: Columns, sample: Sample, context: ReadContext): Reader;
  /** Declares that each line is a ranking of named systems and nothing more, which needs no judgment made of it. */
  rankingLines?(): RankingLines;
  /** Declares that rows are comparisons in named columns, which the database can count by itself. */
  table?(columns: Columns, sample: Sample): TableColumns;
};

/** Takes `times` rankings of the first `size` of `items` (indices of systems) by their `ranks`. */
export type RankingSink = (items: Int32Array, ranks: Int32Array, size: number, times: number) => void;

export type RankingLines = {
  /** Those named so far. */
  readonly systems: readonly string[];
  /** @throws RowFault where the line is no ranking of this kind. */
  read(text: string, add: RankingSink): void;
};

export type ReadContext = { readonly scale: VerdictScale; readonly overrides: VerdictOverrides };

export type Reader = {
  /** @throws RowFault where the row is no judgment of this kind. */
  read(values: Readonly<Record<string, unknown>>, line: number): readonly RepeatedDraft[];
  finish?(): readonly RepeatedDraft[];
};

/** A judgment, and how many times it was made where the source only says so. */
export type RepeatedDraft = JudgmentDraft & { readonly repeat?: number };

/** Why a row was left out; the reader of the file knows the line. */
export class RowFault extends Error {
  readonly field: string;

  constructor(field: string, reason: string) {
    super(reason);
    this.field = field;
  }
}
