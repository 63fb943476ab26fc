import { judgmentSchema } from "../../judgment.ts";
import { type Format, RowFault } from "./format.ts";

/** Judgments as Luce writes them: one JSON object a line, or Parquet with items and verdict as JSON text. */
export const native: Format = {
  id: "luce",
  name: "Luce judgments",
  detect: ({ fields }) => (fields.includes("items") && fields.includes("verdict") ? { id: "id" } : undefined),
  reader: () => ({ read: (values) => [readJudgment(values)] }),
};

const structured = ["prompt", "items", "verdict", "metadata"];

function readJudgment(values: Readonly<Record<string, unknown>>) {
  const plain = Object.entries(values).flatMap(([field, value]) => {
    if (value === null) return [];
    return [[field, structured.includes(field) && typeof value === "string" ? parse(field, value) : value]];
  });
  const given = Object.fromEntries(plain);
  const result = judgmentSchema.safeParse({ id: "none given", ...given });
  if (result.success) {
    const { id, ...draft } = result.data;
    return given.id === undefined ? draft : { id, ...draft };
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
