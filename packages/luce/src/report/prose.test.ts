import { expect, test } from "vitest";
import { renderHtml } from "./html.ts";
import type { Report } from "./report.ts";
import { renderTerminal } from "./terminal.ts";

const sentence = "a sentence of many words that no terminal of forty columns can show on a single line";
const report: Report = {
  title: "Prose",
  findings: [],
  tables: [
    {
      id: "says",
      title: "Says",
      columns: [
        { key: "who", label: "who" },
        { key: "says", label: "says", format: "prose" },
      ],
      rows: [{ who: "ada", says: sentence }],
    },
  ],
  plots: [],
  provenance: { luce: "0.0.0", inputs: [] },
};

test("prose in a table keeps every word on a narrow terminal", () => {
  const lines = renderTerminal(report, { width: 40, colour: false }).split("\n");
  expect(lines.every((line) => line.length <= 40)).toBe(true);
  const words = lines.join(" ").split(/\s+/);
  for (const word of sentence.split(" ")) expect(words).toContain(word);
});

test("prose in a table may break over lines in a page", async () => {
  expect(await renderHtml(report)).toContain(`<td class="prose">${sentence}</td>`);
});
