import type { Judgment } from "../../judgment.ts";
import type { Writer } from "./writer.ts";

const columns = ["id", "model_a", "model_b", "winner", "judge", "question_id", "tstamp", "category", "language"];

/** The arenas' table of votes: two systems and `model_a`, `model_b` or `tie`. */
export const arenaCsv: Writer = {
  id: "arena-csv",
  name: "arena votes (CSV)",
  header: columns.join(","),
  lines(judgment) {
    const { items, verdict } = judgment;
    if (verdict.kind !== "ranking") return { leftOut: `its verdict is ${verdict.kind}, not who won` };
    if (items.length !== 2) return { leftOut: `it ranks ${items.length} items, not two` };
    const [left, right] = items;
    if (left.system === undefined || right.system === undefined) return { leftOut: "its items name no system" };
    if (verdict.share !== undefined && ![0, 0.5, 1].includes(verdict.share)) {
      return { leftOut: "its verdict is a soft label, which no winner column holds" };
    }
    const [a, b] = verdict.ranks;
    const winner = a < b ? "model_a" : a > b ? "model_b" : "tie";
    return [[judgment.id, left.system, right.system, winner, ...context(judgment)].map(toField).join(",")];
  },
};

function context({ annotator, prompt, time, metadata }: Judgment): (string | undefined)[] {
  const fact = (name: string) => (metadata?.[name] === undefined ? undefined : String(metadata[name]));
  return [
    annotator,
    prompt?.id,
    time === undefined ? undefined : String(time / 1000),
    fact("category"),
    fact("language"),
  ];
}

function toField(value = ""): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
