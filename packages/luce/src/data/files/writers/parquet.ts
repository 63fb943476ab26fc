import type { Writer } from "./writer.ts";

/** Everything kept: plain fields as columns; prompt, items, verdict and metadata as JSON text. */
export const parquetWriter: Writer = {
  id: "parquet",
  name: "Luce judgments (Parquet)",
  lines: ({ prompt, items, verdict, metadata, ...plain }) => [
    JSON.stringify({
      ...plain,
      ...(prompt && { prompt: JSON.stringify(prompt) }),
      items: JSON.stringify(items),
      verdict: JSON.stringify(verdict),
      ...(metadata && { metadata: JSON.stringify(metadata) }),
    }),
  ],
  parquetColumns: {
    id: "VARCHAR",
    prompt: "VARCHAR",
    annotator: "VARCHAR",
    items: "VARCHAR",
    verdict: "VARCHAR",
    strength: "DOUBLE",
    dimension: "VARCHAR",
    rationale: "VARCHAR",
    time: "DOUBLE",
    duration: "DOUBLE",
    metadata: "VARCHAR",
  },
};
