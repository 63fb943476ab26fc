import type { JudgmentDraft } from "../../judgment.ts";
import { plainMetadata, textField, toContent } from "./fields.ts";
import { type Format, nameColumns, RowFault } from "./format.ts";

/**
 * A prompt a row with a list of answers and their scores, as UltraFeedback has them: `completions` of
 * `{ model, response, annotations: { helpfulness: { Rating } }, overall_score }`.
 */
export const ratedCompletions: Format = {
  id: "rated-completions",
  name: "lists of answers with scores",
  parts: ["list", "prompt", "id"],
  detect({ fields, rows }, given) {
    const known = ["completions", "responses", "answers", "outputs", "candidates"];
    const list = (given.list ? [given.list] : known).find(
      (field) => fields.includes(field) && rows.some((row) => Array.isArray(parseList(row[field]))),
    );
    if (
      !list ||
      !rows.some((row) => (parseList(row[list]) ?? []).some((answer) => Object.keys(scoresOf(answer)).length > 0))
    ) {
      return undefined;
    }
    const prompt = ["instruction", "prompt", "question", "input"].find((field) => fields.includes(field));
    return nameColumns({ list, prompt, id: fields.find((field) => field === "id") }, given);
  },
  reader: (columns) => ({ read: (values) => [readList(values, columns)] }),
};

function readList(values: Readonly<Record<string, unknown>>, columns: Readonly<Record<string, string>>): JudgmentDraft {
  const list = parseList(values[columns.list]);
  if (!list || list.length === 0) throw new RowFault(columns.list, "is no list of answers");
  const perAnswer = list.map(scoresOf);
  const dimensions = [...new Set(perAnswer.flatMap((scores) => Object.keys(scores)))];
  if (dimensions.length === 0) throw new RowFault(columns.list, "no answer has a score");
  const prompt = columns.prompt === undefined ? undefined : toContent(values[columns.prompt]);
  const id = columns.id === undefined ? undefined : textField(values, columns.id);
  const metadata = plainMetadata(values, Object.values(columns));
  return {
    ...(id !== undefined && { id }),
    ...(prompt !== undefined &&
      (typeof prompt === "string" || Array.isArray(prompt)) && { prompt: { content: prompt } }),
    items: list.map((answer) => {
      const fields =
        typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>) : { response: answer };
      const name = ["model", "system", "generator", "model_name"].find((field) => typeof fields[field] === "string");
      const text = ["response", "output", "text", "completion", "content", "answer"].find(
        (field) => fields[field] !== undefined,
      );
      const content = text && toContent(fields[text]);
      return { ...(name && { system: String(fields[name]) }), ...(content !== undefined && { content }) };
    }),
    verdict: {
      kind: "scores",
      scores: Object.fromEntries(
        dimensions.map((dimension) => [dimension, perAnswer.map((scores) => scores[dimension] ?? null)]),
      ),
    },
    ...(metadata && { metadata }),
  };
}

function parseList(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== "string" || !value.startsWith("[")) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** The scores of one answer by dimension. The fine ones, where there are some; else the overall ones. */
function scoresOf(answer: unknown): Record<string, number> {
  if (typeof answer !== "object" || answer === null) return {};
  const fields = answer as Record<string, unknown>;
  const annotations = (fields.annotations ?? fields.scores ?? fields.ratings) as unknown;
  const fine = typeof annotations === "object" && annotations !== null ? Object.entries(annotations) : [];
  const overall = ["overall_score", "score", "rating", "fine-grained_score"].flatMap((field) =>
    fields[field] === undefined ? [] : [["overall", fields[field]] as const],
  );
  const numbers = [...fine, ...(fine.length > 0 ? [] : overall.slice(0, 1))].flatMap(([dimension, value]) => {
    const stated: { Rating?: unknown; rating?: unknown } =
      typeof value === "object" && value !== null ? value : { Rating: value };
    const number = Number(stated.Rating ?? stated.rating ?? Number.NaN);
    return Number.isFinite(number) ? [[dimension, number] as const] : [];
  });
  return Object.fromEntries(numbers);
}
