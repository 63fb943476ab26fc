import type { JudgmentDraft } from "../../judgment.ts";
import { plainMetadata, textField, timeField } from "./fields.ts";
import { type Columns, type Format, nameColumns, RowFault } from "./format.ts";

/**
 * A K-wise ranking a row: `ranking`, a list of systems from best to worst (a list within it is a tie), or `systems`
 * beside `ranks`. In CSV the list is JSON, or names with > between them and = between equals.
 */
export const kWise: Format = {
  id: "k-wise",
  name: "K-wise rankings",
  parts: ["systems", "ranks", "ranking", "id", "annotator", "prompt", "time"],
  detect({ fields, rows }, given) {
    const first = (names: readonly string[]) => names.find((name) => fields.includes(name));
    const systems = given.systems ?? first(["systems", "models", "items", "candidates"]);
    const ranks = given.ranks ?? first(["ranks", "rank"]);
    const ranking = given.ranking ?? first(["ranking", "order", "ranked"]);
    const found: Columns | undefined =
      systems && ranks
        ? { systems, ranks }
        : ranking && rows.some((row) => toList(row[ranking]))
          ? { ranking }
          : undefined;
    if (!found) return undefined;
    const optional = {
      id: first(["id", "judgment_id", "vote_id"]),
      annotator: first(["annotator", "annotator_id", "judge", "worker", "user", "voter"]),
      prompt: first(["prompt_id", "question_id", "prompt", "question"]),
      time: first(["time", "timestamp", "tstamp", "created_at"]),
    };
    return nameColumns({ ...found, ...optional }, given);
  },
  reader: (columns) => ({ read: (values) => [readRanking(values, columns)] }),
};

function readRanking(values: Readonly<Record<string, unknown>>, columns: Columns): JudgmentDraft {
  const { systems, ranks } = columns.ranking ? fromOrder(values, columns.ranking) : fromRanks(values, columns);
  if (systems.length < 2) throw new RowFault(columns.ranking ?? columns.systems, "ranks fewer than two systems");
  if (new Set(systems).size < systems.length)
    throw new RowFault(columns.ranking ?? columns.systems, "names a system twice");
  const text = (role: string) => (columns[role] === undefined ? undefined : textField(values, columns[role]));
  const [id, annotator, prompt] = [text("id"), text("annotator"), text("prompt")];
  const time = columns.time === undefined ? undefined : timeField(values, columns.time);
  const metadata = plainMetadata(values, Object.values(columns));
  return {
    ...(id !== undefined && { id: annotator === undefined ? id : `${id}/${annotator}` }),
    ...(prompt !== undefined && { prompt: { id: prompt } }),
    ...(annotator !== undefined && { annotator }),
    items: systems.map((system) => ({ system })),
    verdict: { kind: "ranking", ranks },
    ...(time !== undefined && { time }),
    ...(metadata && { metadata }),
  };
}

function fromOrder(values: Readonly<Record<string, unknown>>, field: string): { systems: string[]; ranks: number[] } {
  const groups = toList(values[field]);
  if (!groups) throw new RowFault(field, "is not a list of systems");
  const systems: string[] = [];
  const ranks: number[] = [];
  for (const group of groups) {
    const rank = systems.length + 1;
    for (const system of Array.isArray(group) ? group : [group]) {
      if (typeof system !== "string" && typeof system !== "number")
        throw new RowFault(field, "names a system by neither text nor number");
      systems.push(String(system));
      ranks.push(rank);
    }
  }
  return { systems, ranks };
}

function fromRanks(
  values: Readonly<Record<string, unknown>>,
  columns: Columns,
): { systems: string[]; ranks: number[] } {
  const systems = toList(values[columns.systems]);
  const ranks = toList(values[columns.ranks])?.map(Number);
  if (!systems) throw new RowFault(columns.systems, "is not a list of systems");
  if (!ranks || ranks.length !== systems.length)
    throw new RowFault(columns.ranks, `is not a list of ${systems.length} ranks`);
  if (!ranks.every((rank) => Number.isInteger(rank) && rank > 0))
    throw new RowFault(columns.ranks, "has a rank that is no whole number from 1");
  return { systems: systems.map(String), ranks };
}

function toList(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== "string") return undefined;
  if (value.trimStart().startsWith("[")) {
    try {
      const parsed: unknown = JSON.parse(value);
      return Array.isArray(parsed) ? parsed : undefined;
    } catch {
      return undefined;
    }
  }
  if (!value.includes(">")) return undefined;
  return value.split(">").map((group) => group.split("=").map((name) => name.trim()));
}
