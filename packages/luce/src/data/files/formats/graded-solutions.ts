import { textField } from "./fields.ts";
import { type Format, nameColumns, RowFault } from "./format.ts";

/** A problem a row, and a field a system with `{ solution, is_correct }`. */
export const gradedSolutions: Format = {
  id: "graded-solutions",
  name: "solutions marked as correct or not",
  parts: ["prompt"],
  detect({ fields, rows }, given) {
    const systems = fields.filter((field) => isSolution(rows[0]?.[field]));
    const prompt = ["question", "prompt"].find((field) => fields.includes(field));
    return systems.length > 0 ? nameColumns({ prompt }, given) : undefined;
  },
  reader: ({ prompt }) => ({
    read(values) {
      const solved = Object.entries(values).flatMap(([system, value]) =>
        isSolution(value) ? [{ system, ...value }] : [],
      );
      if (solved.length === 0) throw new RowFault("line", "holds no solution with is_correct");
      const question = prompt === undefined ? undefined : textField(values, prompt);
      return [
        {
          ...(question !== undefined && { prompt: { content: question } }),
          items: solved.map(({ system, solution }) => ({ system, content: solution })),
          verdict: {
            kind: "labels",
            labels: solved.map(({ is_correct }) => (is_correct ? "desirable" : "undesirable")),
          },
        },
      ];
    },
  }),
};

function isSolution(value: unknown): value is { solution: string; is_correct: boolean } {
  const solution = value as { solution?: unknown; is_correct?: unknown } | null | undefined;
  return (
    typeof solution === "object" && typeof solution?.solution === "string" && typeof solution.is_correct === "boolean"
  );
}
