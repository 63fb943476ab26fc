import { basename } from "node:path";
import type { JudgmentDraft } from "../../judgment.ts";
import { wordOverrides, wordsAmong } from "../table-columns.ts";
import { shareOfWord } from "../verdict-words.ts";
import { toVerdict } from "./comparison-table.ts";
import { plainMetadata, textField } from "./fields.ts";
import { type Columns, type Format, type ReadContext, RowFault } from "./format.ts";

const shapes = [
  // LLMBar: 1 the first, 2 the second.
  {
    left: "output_1",
    right: "output_2",
    prompt: "input",
    shares: new Map([
      ["1", 1],
      ["2", 0],
    ]),
  },
  // Auto-J: 0 the first, 1 the second, 2 a tie.
  {
    left: "response 1",
    right: "response 2",
    prompt: "prompt",
    shares: new Map([
      ["0", 1],
      ["1", 0],
      ["2", 0.5],
    ]),
  },
] as const;

/**
 * Two texts without names and which one is better: LLMBar (with the verdicts of a judge under both orders, where
 * the file has `results`) and the Auto-J pairs.
 */
export const labelledPair: Format = {
  id: "labelled-pairs",
  name: "pairs of texts with a label",
  parts: wordOverrides,
  detect({ fields, path }, given) {
    const shape = shapes.find(({ left, right }) => fields.includes(left) && fields.includes(right));
    if (!shape || !fields.includes("label")) return undefined;
    const { left, right, prompt } = shape;
    const judge = fields.includes("results") ? basename(path).replace(/\..*$/, "") : undefined;
    return { left, right, prompt, winner: "label", ...(judge && { results: "results" }), ...wordsAmong(given) };
  },
  reader: (columns, { path }, context) => ({
    read: (values) => readPair(values, columns, context, basename(path).replace(/\..*$/, "")),
  }),
};

function readPair(
  values: Readonly<Record<string, unknown>>,
  columns: Columns,
  { overrides }: ReadContext,
  judge: string,
): JudgmentDraft[] {
  const [left, right] = [values[columns.left], values[columns.right]];
  if (typeof left !== "string") throw new RowFault(columns.left, "is not a text");
  if (typeof right !== "string") throw new RowFault(columns.right, "is not a text");
  const label = textField(values, columns.winner) ?? "";
  const shape = shapes.find((shape) => shape.left === columns.left);
  const shares: ReadonlyMap<string, number> = shape?.shares ?? new Map();
  const share = Object.keys(overrides).length > 0 ? shareOfWord(label, overrides) : shares.get(label);
  if (share === undefined) {
    throw new RowFault(columns.winner, `${label || "nothing"} is not one of ${[...shares.keys()].join(", ")}`);
  }
  const prompt = textField(values, columns.prompt);
  const metadata = plainMetadata(values, Object.values(columns));
  const shared = {
    ...(prompt !== undefined && { prompt: { content: prompt } }),
    ...(metadata && { metadata }),
  };
  const gold = { ...shared, items: [{ content: left }, { content: right }], verdict: toVerdict(share) };
  const results = columns.results === undefined ? undefined : values[columns.results];
  if (!Array.isArray(results)) return [gold];
  return [
    { ...gold, annotator: "label" },
    ...results.flatMap((result) => readResult(result, left, right, shared, judge)),
  ];
}

/** The judge's verdicts; an answer that names no winner is left out, as it judges nothing. */
function readResult(
  result: unknown,
  left: string,
  right: string,
  shared: Pick<JudgmentDraft, "prompt" | "metadata">,
  judge: string,
): JudgmentDraft[] {
  return Object.entries((result ?? {}) as Record<string, { winner?: unknown; completion?: unknown } | null>).flatMap(
    ([order, answer]) => {
      const winner = String(answer?.winner);
      if (winner !== "1" && winner !== "2") return [];
      const isSwapped = /true/i.test(order);
      const shown = isSwapped ? [right, left] : [left, right];
      const rationale = Array.isArray(answer?.completion) ? answer.completion[0] : answer?.completion;
      return [
        {
          ...shared,
          annotator: judge,
          items: shown.map((content) => ({ content })),
          // The winner is named in the file's order, whichever was shown first.
          verdict: toVerdict((winner === "1") === isSwapped ? 0 : 1),
          ...(typeof rationale === "string" && { rationale }),
        },
      ];
    },
  );
}
