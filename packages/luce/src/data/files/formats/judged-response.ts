import { numberField, plainMetadata, textField } from "./fields.ts";
import { type Format, nameColumns, RowFault } from "./format.ts";

/**
 * One response a row with one or more scores by a judge: `instruction`, `response_source`, `gpt4_score` (a number
 * or a list of repeated scores), as the Prometheus evaluations have them. Each repetition is a judgment.
 */
export const judgedResponse: Format = {
  id: "judged-response",
  name: "responses with a judge's scores",
  parts: ["score", "system", "prompt", "content", "feedback", "promptId", "annotator"],
  detect({ fields }, given) {
    const first = (...names: string[]) => names.find((name) => fields.includes(name));
    const score = given.score || fields.find((field) => /^(score|rating|\w+_score)$/.test(field));
    const system = given.system || first("response_source", "model", "system", "generator");
    if (!score || !system) return undefined;
    const found = {
      score,
      system,
      prompt: first("instruction", "prompt", "question"),
      content: first("response", "output", "completion"),
      feedback: first(score.replace(/(score|rating)$/, "feedback")),
      promptId: first("idx", "question_id", "prompt_id"),
      annotator: first("annotator", "judge"),
    };
    return nameColumns(found, given);
  },
  reader: (columns) => ({
    read(values) {
      const system = textField(values, columns.system);
      if (system === undefined) throw new RowFault(columns.system, "names no system");
      const given = values[columns.score];
      const scores = (Array.isArray(given) ? given : [numberField(values, columns.score)]).map(Number);
      if (scores.length === 0 || !scores.every(Number.isFinite)) throw new RowFault(columns.score, "is not a number");
      const text = (role: string) => (columns[role] === undefined ? undefined : textField(values, columns[role]));
      const feedback = columns.feedback === undefined ? undefined : values[columns.feedback];
      const judge = text("annotator") ?? (/^(.+)_score$/.exec(columns.score)?.[1] || undefined);
      const [prompt, promptId, content] = [text("prompt"), text("promptId"), text("content")];
      const metadata = plainMetadata(values, Object.values(columns));
      return scores.map((score, i) => {
        const rationale = Array.isArray(feedback) ? feedback[i] : feedback;
        return {
          prompt: { ...(promptId !== undefined && { id: promptId }), ...(prompt !== undefined && { content: prompt }) },
          ...(judge !== undefined && { annotator: judge }),
          items: [{ system, ...(content !== undefined && { content }) }],
          verdict: { kind: "scores", scores: { overall: [score] } },
          ...(typeof rationale === "string" && { rationale }),
          ...(metadata && { metadata }),
        };
      });
    },
  }),
};
