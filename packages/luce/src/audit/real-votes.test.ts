import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openVotes } from "../data/files/index.ts";
import { runAudits } from "./run-audits.ts";

/** Public votes beside the repository; the tests are skipped where they are not. */
const llmfao = fileURLToPath(new URL("../../../../../shared/data/llmfao/crowd-comparisons.csv", import.meta.url));
const alpacaEval = fileURLToPath(new URL("../../../../../shared/data/alpaca-eval/comparisons.csv", import.meta.url));

async function audit(path: string, ...only: string[]) {
  const file = await openVotes(path);
  try {
    return runAudits(await file.readVoteTable(), { only, seed: 1 });
  } finally {
    await file.close();
  }
}

describe.skipIf(!existsSync(llmfao))("llmfao: 8,931 votes of 124 workers", () => {
  test("alpha is what the PyPI package krippendorff 0.9.0 computes", async () => {
    const [{ numbers }] = await audit(llmfao, "agreement");
    expect(numbers.alphaNominal).toBeCloseTo(0.29059510391249044, 12);
    expect(numbers.alphaOrdinal).toBeCloseTo(0.2875527295399325, 12);
    expect(numbers.alphaInterval).toBeCloseTo(0.287761349866823, 12);
    expect(numbers.alphaDecided).toBeCloseTo(0.3701570759100836, 12);
    expect(numbers.units).toBe(2124);
  });

  test("what the file does not hold is said, and the rest is audited", async () => {
    const results = await audit(llmfao, "length-bias", "drift", "haste", "annotator-reliability", "ties");
    expect(results.filter(({ missing }) => missing !== null).map(({ audit: id }) => id)).toEqual([
      "length-bias",
      "haste",
      "drift",
    ]);
    const [reliability, ties] = results.filter(({ missing }) => missing === null);
    expect(reliability.numbers.annotators).toBe(124);
    expect(ties.numbers.rate).toBeCloseTo(3471 / 8931, 12);
  });
});

describe.skipIf(!existsSync(alpacaEval))("AlpacaEval: 38 systems against one baseline, always shown first", () => {
  test("longer answers are favoured, and the side cannot be told from the baseline", async () => {
    const [position, length] = await audit(alpacaEval, "position-bias", "length-bias");
    expect(position.missing).toMatch(/both ways round/);
    expect(length.numbers.lower).toBeGreaterThan(1.5);
    expect(length.findings[0].text).toContain("Longer answers are favoured");
  });
});
