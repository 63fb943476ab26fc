import { expect, test } from "vitest";
import type { Comparisons } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import { createMultinomial, drawBinomial } from "./binomial.ts";
import { bootstrapRatings } from "./bootstrap.ts";
import { bradleyTerry, fitBradleyTerry } from "./bradley-terry.ts";
import { davidson, fitDavidson } from "./davidson.ts";
import { rankVotes } from "./rank-votes.ts";

function moments(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) };
}

/** A simulated arena of six systems, counted. */
function arena(judgments: number): Comparisons {
  const random = createRandom(8);
  const counts = new Map<string, number>();
  for (let n = 0; n < judgments; n++) {
    const left = random.integer(6);
    const right = (left + 1 + random.integer(5)) % 6;
    const p = 1 / (1 + Math.exp(0.3 * (left - right)));
    const y = random.uniform() < 0.2 ? 0.5 : random.uniform() < p ? 1 : 0;
    const key = `${left} ${right} ${y}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const rows = [...counts].map(([key, count]) => [...key.split(" ").map(Number), count]);
  return {
    systems: ["a", "b", "c", "d", "e", "f"],
    left: Int32Array.from(rows, ([left]) => left),
    right: Int32Array.from(rows, ([, right]) => right),
    outcome: Float64Array.from(rows, ([, , y]) => y),
    count: Float64Array.from(rows, ([, , , count]) => count),
  };
}

const options = { regularization: 0, ratingScale: 400, ratingBase: 10, initRating: 1000, random: createRandom(0) };

test.each([
  [12, 0.3],
  [40, 0.9],
  [1000, 0.02],
  [100_000, 0.4],
])("binomial draws of %i at %f have the mean and variance they should", (trials, probability) => {
  const random = createRandom(4);
  const { mean, variance } = moments(Array.from({ length: 20_000 }, () => drawBinomial(random, trials, probability)));
  const expected = trials * probability * (1 - probability);
  expect(Math.abs(mean - trials * probability)).toBeLessThan(4 * Math.sqrt(expected / 20_000));
  expect(variance / expected).toBeGreaterThan(0.95);
  expect(variance / expected).toBeLessThan(1.05);
});

test("multinomial draws keep their total, and each category its mean, variance and covariance", () => {
  const counts = Float64Array.of(3, 50, 200, 9000, 1, 747);
  const draw = createMultinomial(createRandom(2), counts);
  const out = new Float64Array(6);
  const draws = Array.from({ length: 20_000 }, () => {
    draw(out);
    expect(out.reduce((a, b) => a + b)).toBe(10_001);
    return Array.from(out);
  });
  counts.forEach((count, k) => {
    const { mean, variance } = moments(draws.map((d) => d[k]));
    const expected = count * (1 - count / 10_001);
    expect(Math.abs(mean - count)).toBeLessThan(4.5 * Math.sqrt(expected / 20_000));
    expect(variance / expected).toBeGreaterThan(0.94);
    expect(variance / expected).toBeLessThan(1.06);
  });
  const [a, b] = [moments(draws.map((d) => d[2])), moments(draws.map((d) => d[5]))];
  const sum = moments(draws.map((d) => d[2] + d[5]));
  expect((sum.variance - a.variance - b.variance) / 2 / ((-200 * 747) / 10_001)).toBeCloseTo(1, 0);
});

test("the bootstrap of many judgments has the spread that the sandwich says", () => {
  const votes = arena(5000);
  const fit = fitBradleyTerry(votes);
  for (const stratified of [false, true]) {
    const replicates = bootstrapRatings(bradleyTerry, votes, fit, options, {
      replicates: 400,
      stratified,
      random: createRandom(1),
    });
    fit.standardErrors!.forEach((error, i) => {
      const spread = Math.sqrt(moments(replicates.map((replicate) => replicate[i])).variance);
      expect(spread / error).toBeGreaterThan(0.85);
      expect(spread / error).toBeLessThan(1.15);
    });
  }
});

test("a refit from the full fit is the fit of the resample", () => {
  const votes = arena(600);
  const random = createRandom(9);
  const count = votes.count.map((c) => drawBinomial(random, 2 * c, 0.5));
  const resample = { ...votes, count };
  const bt = bradleyTerry.refit!(votes, fitBradleyTerry(votes), options)(count);
  fitBradleyTerry(resample).logStrengths.forEach((strength, i) => {
    expect(bt[i]).toBeCloseTo(strength, 5);
  });
  const tied = davidson.refit!(votes, fitDavidson(votes), { ...options, roboArenaScale: 200, roboArenaShift: 1500 })(
    count,
  );
  fitDavidson(resample).logStrengths.forEach((strength, i) => {
    expect(tied[i]).toBeCloseTo(strength, 5);
  });
});

test("clusters are resampled whole", () => {
  const votes = arena(400);
  const clustered = { ...votes, cluster: votes.left.map(() => 0) };
  const fit = fitBradleyTerry(votes);
  const [replicate] = bootstrapRatings(bradleyTerry, clustered, fit, options, {
    replicates: 1,
    random: createRandom(3),
  });
  replicate.forEach((strength, i) => {
    expect(strength).toBeCloseTo(fit.logStrengths[i], 6);
  });
});

test("the same seed gives the same leaderboard", () => {
  const run = (seed: number) =>
    rankVotes(bradleyTerry, arena(400), { params: options, bootstrap: 20, seed, provenance: { luce: "0", inputs: [] } })
      .ranking;
  expect(run(1)).toEqual(run(1));
  expect(run(2)).not.toEqual(run(1));
});

test("rank intervals hold the true rank, and neighbours far apart are told apart", () => {
  const { ranking } = rankVotes(bradleyTerry, arena(20_000), {
    params: options,
    provenance: { luce: "0", inputs: [] },
  });
  expect(ranking.ratings.map(({ system }) => system)).toEqual(["a", "b", "c", "d", "e", "f"]);
  expect(ranking.ratings.every(({ rank, rankLower, rankUpper }) => rankLower === rank && rankUpper === rank)).toBe(
    true,
  );
  expect(ranking.decisions.every(({ decision, moreJudgments }) => decision === "better" && moreJudgments === 0)).toBe(
    true,
  );
  expect(ranking.ratings[0].probabilityBest).toBe(1);
  const few = rankVotes(bradleyTerry, arena(60), { params: options, provenance: { luce: "0", inputs: [] } }).ranking;
  expect(
    few.decisions.some(({ decision, moreJudgments }) => decision === "not enough data" && moreJudgments! > 0),
  ).toBe(true);
});

test("a wide margin makes small differences not matter", () => {
  const { ranking } = rankVotes(bradleyTerry, arena(20_000), {
    params: options,
    margin: 1,
    provenance: { luce: "0", inputs: [] },
  });
  expect(ranking.decisions.every(({ decision }) => decision === "no difference that matters")).toBe(true);
});
