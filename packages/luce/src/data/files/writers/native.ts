import type { Writer } from "./writer.ts";

/** One JSON object a line, everything kept. */
export const nativeWriter: Writer = {
  id: "luce",
  name: "Luce judgments (JSONL)",
  lines: (judgment) => [JSON.stringify(judgment)],
};
