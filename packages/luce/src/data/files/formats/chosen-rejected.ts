import type { Content, JudgmentDraft, Message } from "../../judgment.ts";
import { isMessage, numberField, plainMetadata, textField, toContent } from "./fields.ts";
import { type Columns, type Format, nameColumns, RowFault } from "./format.ts";

/**
 * A preferred and a dispreferred answer: TRL preference files (with or without `prompt`, texts or messages), and
 * hh-rlhf, whose two dialogues begin alike. The beginning that both share becomes the prompt.
 */
export const chosenRejected: Format = {
  id: "chosen-rejected",
  name: "chosen and rejected answers",
  parts: [
    ...["chosen", "rejected", "prompt", "id", "chosenModel", "rejectedModel", "chosenScore", "rejectedScore"],
    ...["annotator", "strength"],
  ],
  detect({ fields }, given) {
    const columns = nameColumns({ chosen: "chosen", rejected: "rejected", ...optional(fields) }, given);
    return fields.includes(columns.chosen) && fields.includes(columns.rejected) ? columns : undefined;
  },
  reader: (columns) => ({ read: (values) => [readPair(values, columns)] }),
};

function optional(fields: readonly string[]): Columns {
  const first = (...names: string[]) => names.find((name) => fields.includes(name));
  const found = {
    prompt: first("prompt", "question", "instruction", "input"),
    id: first("id", "pair_id", "prompt_id"),
    chosenModel: first("chosen_model", "chosen-model", "chosen_system"),
    rejectedModel: first("rejected_model", "rejected-model", "rejected_system"),
    chosenScore: first("score_chosen", "chosen_score", "chosen-rating", "chosen_rating"),
    rejectedScore: first("score_rejected", "rejected_score", "rejected-rating", "rejected_rating"),
    annotator: first("annotator", "annotator_id", "judge"),
    strength: first("margin", "strength"),
  };
  return Object.fromEntries(Object.entries(found).filter(([, column]) => column !== undefined)) as Columns;
}

function readPair(values: Readonly<Record<string, unknown>>, columns: Columns): JudgmentDraft {
  const given = columns.prompt === undefined ? undefined : toContent(values[columns.prompt]);
  const chosen = toContent(values[columns.chosen]);
  const rejected = toContent(values[columns.rejected]);
  if (chosen === undefined) throw new RowFault(columns.chosen, "is missing");
  if (rejected === undefined) throw new RowFault(columns.rejected, "is missing");
  const { prompt, left, right } =
    given === undefined ? splitDialogues(chosen, rejected) : { prompt: given, left: chosen, right: rejected };
  const text = (column: string | undefined) => (column === undefined ? undefined : textField(values, column));
  const number = (column: string | undefined) => (column === undefined ? undefined : numberField(values, column));
  const item = (content: Content, system: string | undefined, score: number | undefined) => ({
    content,
    ...(system !== undefined && { system }),
    ...(score !== undefined && { metadata: { score } }),
  });
  const id = text(columns.id);
  const annotator = text(columns.annotator);
  const strength = number(columns.strength);
  const metadata = plainMetadata(values, Object.values(columns));
  return {
    ...(id !== undefined && { id }),
    ...(isPrompt(prompt) && { prompt: { content: prompt } }),
    ...(annotator !== undefined && { annotator }),
    items: [
      item(left, text(columns.chosenModel), number(columns.chosenScore)),
      item(right, text(columns.rejectedModel), number(columns.rejectedScore)),
    ],
    verdict: { kind: "ranking", ranks: [1, 2] },
    ...(strength !== undefined && { strength }),
    ...(metadata && { metadata }),
  };
}

function isPrompt(content: Content | undefined): content is string | Message[] {
  return content !== undefined && (typeof content === "string" || (Array.isArray(content) && content.every(isMessage)));
}

/** The turns that two dialogues share are the prompt, what follows are the answers. */
function splitDialogues(chosen: Content, rejected: Content): { prompt?: Content; left: Content; right: Content } {
  const left = toTurns(chosen);
  const right = toTurns(rejected);
  if (!left || !right) return { left: chosen, right: rejected };
  let shared = 0;
  while (
    shared < Math.min(left.length, right.length) - 1 &&
    left[shared].role === right[shared].role &&
    left[shared].content === right[shared].content
  ) {
    shared++;
  }
  const answer = (turns: Message[]): Content => {
    const rest = turns.slice(shared);
    return rest.length === 1 && rest[0].role === "assistant" ? rest[0].content : rest;
  };
  return { ...(shared > 0 && { prompt: left.slice(0, shared) }), left: answer(left), right: answer(right) };
}

const speakers: Readonly<Record<string, string>> = { Human: "user", Assistant: "assistant", System: "system" };

/** The turns of a dialogue, also of one written as `\n\nHuman: …\n\nAssistant: …`. */
function toTurns(content: Content): Message[] | undefined {
  if (Array.isArray(content)) return content;
  if (typeof content !== "string" || !/(^|\n\n)(Human|Assistant): ?/.test(content)) return undefined;
  const parts = content.split(/(?:^|\n\n)(Human|Assistant|System):/);
  const turns: Message[] = [];
  for (let i = 1; i < parts.length; i += 2) turns.push({ role: speakers[parts[i]], content: parts[i + 1].trim() });
  return turns;
}
