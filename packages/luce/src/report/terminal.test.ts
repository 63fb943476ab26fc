import stringWidth from "string-width";
import { expect, test } from "vitest";
import { sampleReport } from "../../test/sample-report.ts";
import { renderTerminal } from "./terminal.ts";

const widths = [20, 40, 80, 120];
const lines = (width: number, colour = false) => renderTerminal(sampleReport, { width, colour }).split("\n");

test("a report as text looks like this", () => {
  expect(renderTerminal(sampleReport, { width: 100, colour: false })).toMatchSnapshot();
});

test.each(widths)("no line is wider than a terminal of %d columns, wide characters counted as two", (width) => {
  for (const line of lines(width)) expect(stringWidth(line)).toBeLessThanOrEqual(width);
  for (const line of lines(width, true)) expect(stringWidth(line)).toBeLessThanOrEqual(width);
});

test("findings come before tables, and tables before plots", () => {
  const text = renderTerminal(sampleReport, { width: 100, colour: false });
  const positions = ["2 components", "P(best)", "Win probability"].map((part) => text.indexOf(part));
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
});

test("columns that do not fit are named, and the first stays", () => {
  const text = lines(30).join("\n");
  expect(text).toMatch(/not shown at this width:[\s\S]*?ties/);
  expect(text).toContain("rank");
});

test("without colour there is not one escape code, whatever systems are called", () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(renderTerminal(sampleReport, { width: 100, colour: false })).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u202E]/);
});

test("names cannot clear the screen or turn the text around in colour either", () => {
  const text = renderTerminal(sampleReport, { width: 100, colour: true });
  expect(text).not.toContain("\u001B[2J");
  expect(text).not.toContain("\u202E");
});

test("colour adds codes and changes no text", () => {
  const plain = renderTerminal(sampleReport, { width: 100, colour: false });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of colours
  const uncoloured = renderTerminal(sampleReport, { width: 100, colour: true }).replace(/\u001B\[[\d;]*m/g, "");
  expect(uncoloured).toBe(plain);
});

test("intervals are drawn in the rows of their table where there is room, else below it", () => {
  expect(renderTerminal(sampleReport, { width: 120, colour: false })).not.toContain("\nRatings\n");
  expect(renderTerminal(sampleReport, { width: 50, colour: false })).toContain("\nRatings\n");
});
