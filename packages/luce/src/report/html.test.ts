import { parseHTML } from "linkedom";
import { expect, test } from "vitest";
import { hostileName, sampleReport } from "../../test/sample-report.ts";
import { renderHtml } from "./html.ts";

const html = await renderHtml(sampleReport);
const { document } = parseHTML(html);

test("a report as HTML looks like this, styles aside", () => {
  expect(html.replace(/<style>[\s\S]*?<\/style>/, "")).toMatchSnapshot();
});

test("names that are markup are inert: as text, in attributes and in plots", () => {
  expect(html).not.toContain("<script");
  expect(document.querySelectorAll("script, iframe, object, img")).toHaveLength(0);
  expect(document.querySelector("tbody tr:nth-child(2) th")?.textContent).toBe(hostileName);
  for (const element of document.querySelectorAll("*")) {
    for (const { name } of element.attributes) expect(name).not.toMatch(/^on/);
  }
});

test("the page forbids scripts and loads nothing", () => {
  const policy = document.querySelector("meta[http-equiv='Content-Security-Policy']")?.getAttribute("content");
  expect(policy).toContain("default-src 'none'");
  expect(html).not.toMatch(/\b(src|href)=/);
  expect(html).not.toMatch(/@import|url\(/);
});

test("each plot has a picture with a description for those who cannot see it, and its numbers", () => {
  const pictures = [...document.querySelectorAll("figure svg[role=img]")];
  // Wide and narrow, but for the intervals that wide pages draw in the rows of their table.
  expect(pictures).toHaveLength(2 * sampleReport.plots.length - 1);
  expect(document.querySelectorAll("tbody td.beside")).toHaveLength(sampleReport.tables[0].rows.length);
  for (const picture of pictures) expect(picture.getAttribute("aria-label")).toMatch(/\w+: .+/);
  expect(document.querySelectorAll("figure details table")).toHaveLength(sampleReport.plots.length);
});

test("every section is named by its heading", () => {
  const sections = [...document.querySelectorAll("section")];
  expect(sections).toHaveLength(1 + sampleReport.tables.length + sampleReport.plots.length);
  for (const section of sections) {
    expect(document.getElementById(section.getAttribute("aria-labelledby") ?? "")?.tagName).toBe("H2");
  }
});

test("the same report gives the same bytes", async () => {
  expect(await renderHtml(sampleReport)).toBe(html);
});

test("an empty report is still a page", async () => {
  const empty = await renderHtml({ ...sampleReport, findings: [], tables: [], plots: [], summary: undefined });
  expect(parseHTML(empty).document.querySelector("h1")?.textContent).toBe(sampleReport.title);
});

test("plots without a finite value are drawn as empty axes", async () => {
  const points = [{ label: "a", value: Number.NaN, lower: null, upper: null }];
  const plots = [
    { id: "i", title: "i", kind: "intervals", x: "x", points },
    { id: "e", title: "e", kind: "intervals", x: "x", points: [] },
    { id: "m", title: "m", kind: "matrix", rows: [], columns: [], values: [], label: "l" },
    { id: "l", title: "l", kind: "lines", x: "x", y: "y", series: [] },
    { id: "b", title: "b", kind: "bars", x: "x", bars: [] },
    { id: "s", title: "s", kind: "scatter", x: "x", y: "y", diagonal: true, points: [] },
  ] as const;
  expect(await renderHtml({ ...sampleReport, plots })).not.toMatch(/NaN|Infinity/);
});
