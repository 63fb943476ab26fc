import { plainMetadata, textField, toContent } from "./fields.ts";
import { type Format, nameColumns, RowFault } from "./format.ts";

/** One answer a row, desirable or not: TRL unpaired files, thumbs up and down. */
export const unpairedLabels: Format = {
  id: "unpaired",
  name: "unpaired labels",
  parts: ["completion", "label", "prompt", "system", "annotator", "id"],
  detect({ fields, rows }, given) {
    const first = (...names: string[]) => names.find((name) => fields.includes(name));
    const columns = nameColumns(
      {
        completion: first("completion", "response", "output", "answer", "text"),
        label: first("label", "desirable", "is_desirable", "thumbs_up", "feedback", "is_correct"),
        prompt: first("prompt", "question", "instruction", "input"),
        system: first("system", "model", "generator"),
        annotator: first("annotator", "annotator_id", "user", "user_id", "worker"),
        id: first("id"),
      },
      given,
    );
    const { completion, label } = columns;
    if (completion === undefined || label === undefined) return undefined;
    const labels = rows.map((row) => row[label]).filter((value) => value !== null && value !== "");
    if (labels.length === 0 || !labels.some((value) => readLabel(value) !== undefined)) return undefined;
    return columns;
  },
  reader: (columns) => ({
    read(values) {
      const content = toContent(values[columns.completion]);
      if (content === undefined) throw new RowFault(columns.completion, "is missing");
      const desirable = readLabel(values[columns.label]);
      if (desirable === undefined) {
        throw new RowFault(columns.label, `${JSON.stringify(values[columns.label]) ?? "nothing"} is not true or false`);
      }
      const prompt = columns.prompt === undefined ? undefined : toContent(values[columns.prompt]);
      const text = (column: string | undefined) => (column === undefined ? undefined : textField(values, column));
      const [id, system, annotator] = [text(columns.id), text(columns.system), text(columns.annotator)];
      const metadata = plainMetadata(values, Object.values(columns));
      return [
        {
          ...(id !== undefined && { id }),
          ...(prompt !== undefined &&
            (typeof prompt === "string" || Array.isArray(prompt)) && { prompt: { content: prompt } }),
          ...(annotator !== undefined && { annotator }),
          items: [{ content, ...(system !== undefined && { system }) }],
          verdict: { kind: "labels", labels: [desirable ? "desirable" : "undesirable"] },
          ...(metadata && { metadata }),
        },
      ];
    },
  }),
};

const desirableWords = new Set([
  "true",
  "1",
  "1.0",
  "desirable",
  "good",
  "yes",
  "up",
  "thumbs_up",
  "positive",
  "correct",
]);
const undesirableWords = new Set([
  ...["false", "0", "0.0", "-1", "undesirable", "bad", "no", "down", "thumbs_down", "negative", "incorrect"],
]);

function readLabel(value: unknown): boolean | undefined {
  const word = String(value).toLowerCase();
  return desirableWords.has(word) ? true : undesirableWords.has(word) ? false : undefined;
}
