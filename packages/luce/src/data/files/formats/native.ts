import { judgmentSchema } from "../../judgment.ts";
import { type Format, nameColumns, RowFault } from "./format.ts";

/** Judgments as Luce writes them: one JSON object a line, or Parquet with items and verdict as JSON text. */
export const native: Format = {
  id: "luce",
  name: "Luce judgments",
  parts: ["id"],
  detect: ({ fields }, given) =>
    fields.includes("items") && fields.includes("verdict") ? nameColumns({ id: "id" }, given) : undefined,
  reader: ({ id }) => ({ read: (values) => [readJudgment(values, id)] }),
};

const structured = ["prompt", "items", "verdict", "metadata"];

function readJudgment(values: Readonly<Record<string, unknown>>, idField: string | undefined) {
  const plain = Object.entries(values).flatMap(([field, value]) => {
    if (value === null) return [];
    return [[field, structured.includes(field) && typeof value === "string" ? parse(field, value) : value]];
  });
  const given = Object.fromEntries(plain);
  const found = idField === undefined ? undefined : given[idField];
  const result = judgmentSchema.safeParse({ ...given, id: found ?? "none given" });
  if (result.success) {
    const { id, ...draft } = result.data;
    return found === undefined ? draft : { id, ...draft };
  }
  const [issue] = result.error.issues;
  throw new RowFault(issue.path.join(".") || "line", issue.message);
}

function parse(field: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RowFault(field, "is not JSON");
  }
}
