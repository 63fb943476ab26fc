import type { JudgmentDraft } from "../../judgment.ts";
import {
  findTableColumns,
  overrideTableColumns,
  roles,
  sideMarks,
  type TableColumns,
  wordOverrides,
  wordsAmong,
} from "../table-columns.ts";
import { shareOfNumber, shareOfWord, type VerdictOverrides, type VerdictScale } from "../verdict-words.ts";
import { contentField, numberField, textField, timeField } from "./fields.ts";
import { type Columns, type Format, type ReadContext, RowFault } from "./format.ts";

/** A row a comparison: who stood on the left, who on the right, who won. CSV, TSV, JSONL or Parquet. */
export const comparisonTable: Format = {
  id: "comparisons",
  name: "table of comparisons",
  parts: [...roles, ...wordOverrides],
  detect({ fields }, given) {
    const columns = overrideTableColumns(findTableColumns(fields), given);
    return columns && { ...flatten(columns), ...wordsAmong(given) };
  },
  table: (columns) => unflatten(columns),
  reader(columns, { fields }, context) {
    const table = unflatten(columns);
    const sides = sideColumns(table, fields);
    const used = new Set([...Object.values(flatten(table)), ...sides.flatMap(({ left, right }) => [left, right])]);
    const others = fields.filter((field) => !used.has(field));
    return { read: (values) => [readComparison(values, table, sides, others, context)] };
  },
};

/** Columns that describe one side, by what they describe: `output_1_chars` and `output_2_chars` are `output_chars`. */
type SideColumns = readonly { readonly name: string; readonly left: string; readonly right: string }[];

function readComparison(
  values: Readonly<Record<string, unknown>>,
  table: TableColumns,
  sides: SideColumns,
  others: readonly string[],
  context: ReadContext,
): JudgmentDraft {
  const left = textField(values, table.left);
  const right = textField(values, table.right);
  if (left === undefined) throw new RowFault(table.left, "names no system");
  if (right === undefined) throw new RowFault(table.right, "names no system");
  const share = readShare(values, table, left, right, context);
  const item = (
    system: string,
    contentColumn: string | undefined,
    lengthColumn: string | undefined,
    side: "left" | "right",
  ) => {
    const content = contentColumn === undefined ? undefined : contentField(values, contentColumn);
    const length = lengthColumn === undefined ? undefined : numberField(values, lengthColumn);
    const metadata: Record<string, string | number> = {};
    for (const pair of sides) {
      const value = values[pair[side]];
      if (typeof value === "number" || (typeof value === "string" && value !== "")) {
        const number = Number(value);
        metadata[pair.name] = Number.isFinite(number) ? number : String(value);
      }
    }
    if (length !== undefined) metadata.length = length;
    return { system, ...(content !== undefined && { content }), ...(Object.keys(metadata).length > 0 && { metadata }) };
  };
  const weight = table.weight === undefined ? undefined : numberField(values, table.weight);
  if (table.weight !== undefined && !(weight !== undefined && weight >= 0)) {
    throw new RowFault(table.weight, "is no weight: a number from 0 up");
  }
  const metadata: Record<string, string | number | boolean> = {};
  for (const field of others) {
    const value = values[field];
    if (typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value !== "")) {
      metadata[field] = value;
    }
  }
  if (weight !== undefined) metadata.weight = weight;
  const optional = <T>(
    column: string | undefined,
    read: (values: Readonly<Record<string, unknown>>, column: string) => T,
  ) => (column === undefined ? undefined : read(values, column));
  const annotator = optional(table.annotator, textField);
  const sourceId = optional(table.id, textField);
  const prompt = optional(table.prompt, textField);
  return withoutUndefined({
    // An id that several annotators share names what was judged; with the annotator it names the judgment.
    id: sourceId === undefined ? undefined : annotator === undefined ? sourceId : `${sourceId}/${annotator}`,
    prompt: prompt === undefined ? undefined : { id: prompt },
    annotator,
    items: [
      item(left, table.leftContent, table.leftLength, "left"),
      item(right, table.rightContent, table.rightLength, "right"),
    ],
    verdict: toVerdict(share),
    strength: optional(table.strength, numberField),
    dimension: optional(table.dimension, textField),
    rationale: optional(table.rationale, textField),
    time: optional(table.time, timeField),
    duration: optional(table.duration, numberField),
    metadata: Object.keys(metadata).length > 0 ? metadata : undefined,
  });
}

/** A comparison's verdict from the left side's share of the preference. */
export function toVerdict(share: number): JudgmentDraft["verdict"] {
  const ranks = share > 0.5 ? [1, 2] : share < 0.5 ? [2, 1] : [1, 1];
  return share === 0 || share === 0.5 || share === 1 ? { kind: "ranking", ranks } : { kind: "ranking", ranks, share };
}

function readShare(
  values: Readonly<Record<string, unknown>>,
  { winner, winnerFlags }: TableColumns,
  left: string,
  right: string,
  { scale, overrides }: ReadContext,
): number {
  if (winnerFlags) return readFlags(values, winnerFlags);
  if (!winner) return 1;
  const word = textField(values, winner);
  if (word === undefined) throw new RowFault(winner, "says nothing");
  const share = shareOf(word, left, right, scale, overrides);
  if (share === undefined) {
    throw new RowFault(winner, `"${word.slice(0, 60)}" is neither side nor a tie`);
  }
  return share;
}

function shareOf(
  word: string,
  left: string,
  right: string,
  scale: VerdictScale,
  overrides: VerdictOverrides,
): number | undefined {
  const byName = word === left ? 1 : word === right ? 0 : undefined;
  const value = Number(word);
  if (word.trim() === "" || Number.isNaN(value)) return byName ?? shareOfWord(word, overrides);
  return overriddenShare(word, overrides) ?? shareOfNumber(value, scale) ?? byName;
}

function overriddenShare(word: string, { leftWins, rightWins, tie }: VerdictOverrides): number | undefined {
  return word === leftWins ? 1 : word === rightWins ? 0 : word === tie ? 0.5 : undefined;
}

function readFlags(
  values: Readonly<Record<string, unknown>>,
  { left, right, ties }: NonNullable<TableColumns["winnerFlags"]>,
): number {
  const set = [left, right, ...ties].filter((column) => /^(1|1\.0|true|t|yes)$/i.test(String(values[column])));
  if (set.length !== 1)
    throw new RowFault(left, `${set.length} of ${left}, ${right}, ${ties.join(", ")} are set, not one`);
  return set[0] === left ? 1 : set[0] === right ? 0 : 0.5;
}

function sideColumns(table: TableColumns, fields: readonly string[]): SideColumns {
  const taken = new Set(Object.values(flatten(table)));
  const present = new Set(fields);
  const sides: { name: string; left: string; right: string }[] = [];
  for (const left of fields) {
    if (taken.has(left)) continue;
    for (const [leftMark, rightMark] of sideMarks) {
      const parts = left.split("_");
      const at = parts.lastIndexOf(leftMark);
      if (at < 0 || parts.length < 2) continue;
      const right = parts.with(at, rightMark).join("_");
      if (!present.has(right) || taken.has(right)) continue;
      sides.push({ name: parts.toSpliced(at, 1).join("_"), left, right });
      break;
    }
  }
  return sides;
}

function flatten({ winnerFlags, ...columns }: TableColumns): Columns {
  if (!winnerFlags) return columns;
  return {
    ...columns,
    winnerLeft: winnerFlags.left,
    winnerRight: winnerFlags.right,
    ...Object.fromEntries(winnerFlags.ties.map((column, i) => [`winnerTie${i + 1}`, column])),
  };
}

function unflatten(columns: Columns): TableColumns {
  const { winnerLeft, winnerRight, winnerTie1, winnerTie2, leftWins: _l, rightWins: _r, tie: _t, ...plain } = columns;
  const table = plain as unknown as TableColumns;
  if (!winnerLeft || !winnerRight) return table;
  const ties = [winnerTie1, winnerTie2].filter((column) => column !== undefined);
  return { ...table, winnerFlags: { left: winnerLeft, right: winnerRight, ties } };
}

function withoutUndefined<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
