import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openVotes } from "../data/files/index.ts";
import { fitBradleyTerry } from "./bradley-terry.ts";
import { fitLengthControlledWinRate } from "./length-controlled-win-rate.ts";
import { fitWinRate } from "./win-rate.ts";

const data = (name: string) => fileURLToPath(new URL(`../../../../../shared/data/${name}`, import.meta.url));
const llmfao = data("llmfao/crowd-comparisons.csv");
const alpacaEval = data("alpaca-eval/comparisons.csv");

describe.skipIf(!existsSync(llmfao))("llmfao: 8,931 votes of 124 workers on 59 systems", () => {
  test("Bradley-Terry agrees with evalica, and its errors with the sandwich in NumPy", async () => {
    const file = await openVotes(llmfao);
    const fit = fitBradleyTerry(await file.countComparisons());
    await file.close();
    const at = (system: string) => fit.systems.indexOf(system);
    // evalica 0.4 `bradley_terry` to 1e-12, centred logarithms.
    expect(fit.logStrengths[at("GPT 4")]).toBeCloseTo(0.9908746459780386, 8);
    expect(fit.logStrengths[at("Platypus-2 Instruct (70B)")]).toBeCloseTo(0.6473069676579409, 8);
    expect(fit.logStrengths[at("command")]).toBeCloseTo(0.6341839273698884, 8);
    expect(fit.logStrengths[at("Dolly v2 (3B)")]).toBeCloseTo(-0.8884586165072755, 8);
    expect((400 / Math.LN10) * fit.standardErrors![at("GPT 4")]).toBeCloseTo(27.85802811989285, 6);
  });
});

describe.skipIf(!existsSync(alpacaEval))("AlpacaEval 2: 37 systems against gpt4_1106_preview", () => {
  const published = () => {
    const [header, ...rows] = readFileSync(data("alpaca-eval/leaderboard.csv"), "utf8").trim().split("\n");
    const columns = header.split(",");
    return rows.map((row) => {
      const cells = row.split(",");
      return { system: cells[0], value: (column: string) => Number(cells[columns.indexOf(column)]) };
    });
  };

  test("win rates and their errors are the published ones", async () => {
    const file = await openVotes(alpacaEval);
    const fit = fitWinRate(await file.countComparisons(), { baseline: "gpt4_1106_preview" });
    await file.close();
    for (const { system, value } of published()) {
      const at = fit.systems.indexOf(system);
      expect(fit.displayed![at]).toBeCloseTo(value("win_rate"), 8);
      expect(fit.displayedErrors![at]).toBeCloseTo(value("standard_error"), 8);
    }
  });

  test("length-controlled win rates are within 0.55 points of the published ones on average, 2.4 at most", async () => {
    const file = await openVotes(alpacaEval);
    const votes = await file.countComparisons({ covariates: ["length"], cluster: "prompt" });
    await file.close();
    const fit = fitLengthControlledWinRate(votes, { baseline: "gpt4_1106_preview" });
    const differences = published()
      .filter(({ system }) => system !== "gpt4_1106_preview")
      .map(({ system, value }) =>
        Math.abs(fit.displayed![fit.systems.indexOf(system)] - value("length_controlled_winrate")),
      );
    expect(differences).toHaveLength(36);
    expect(differences.reduce((sum, d) => sum + d, 0) / 36).toBeLessThan(0.55);
    expect(Math.max(...differences)).toBeLessThan(2.4);
  });
});
