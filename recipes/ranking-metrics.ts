// Ranking metrics (Webber, Moffat and Zobel, TOIS 2010, and textbook definitions): what each says of the same noise.
//
// Twenty items are ranked by a utility seen through growing noise, 200 lists a seed. Relevance for NDCG is the item's
// quarter of the list, 0 to 3. In a second experiment the noisy scores (noise 1) are rounded to three levels, as a
// three-point scale does.
import { createRandom } from "luce";
import { goodmanKruskalGamma, kendallTau, kendallTauA, ndcg, orderByScore, rankBiasedOverlap } from "luce/rank";
import { type Arm, claimRecipe } from "luce/testbeds";

const ITEMS = 20;
const LISTS = 200;
const NOISES = [0, 0.5, 1, 2, 3];
const FINE = "noise 1";
const COARSE = "noise 1, in three levels";

export const recipe = claimRecipe({
  id: "ranking-metrics",
  title: "Ranking metrics: noise, heads and ties",
  claim:
    "All measures fall as noise grows; ties pull Kendall's tau-a towards 0, tau-b less, and leave gamma, which looks at untied pairs alone.",
  arms: [...NOISES.map((noise) => arm(`noise ${noise}`, noise, false)), arm(COARSE, 1, true)],
  measures: {
    ndcg: { label: "NDCG@5", format: "decimal", digits: 3 },
    rbo: { label: "RBO, p 0.9", format: "decimal", digits: 3 },
    tauA: { label: "tau-a", format: "decimal", digits: 3 },
    tauB: { label: "tau-b", format: "decimal", digits: 3 },
    gamma: { label: "gamma", format: "decimal", digits: 3 },
  },
  expectations: [
    ...["ndcg", "rbo", "tauB"].flatMap((measure) =>
      NOISES.slice(1).map((noise, n) => ({
        says: `${measure} is higher at noise ${NOISES[n]} than at ${noise}`,
        arm: `noise ${NOISES[n]}`,
        than: `noise ${noise}`,
        measure,
        byAtLeast: 0,
      })),
    ),
    { says: "Rounding lowers tau-a", arm: FINE, than: COARSE, measure: "tauA", byAtLeast: 0 },
    { says: "it lowers tau-b", arm: FINE, than: COARSE, measure: "tauB", byAtLeast: 0 },
    { says: "it does not lower gamma", arm: COARSE, than: FINE, measure: "gamma", byAtLeast: 0 },
  ],
  notes: ["The pairs that rounding leaves apart are those that differ most: gamma is of other pairs, not of the same."],
});

function arm(name: string, noise: number, rounded: boolean): Arm {
  return {
    name,
    async run(seed) {
      const random = createRandom(seed);
      const sums = { ndcg: 0, rbo: 0, tauA: 0, tauB: 0, gamma: 0 };
      for (let list = 0; list < LISTS; list++) {
        const utilities = Float64Array.from({ length: ITEMS }, () => random.normal());
        const seen = utilities.map((utility) => utility + noise * random.normal());
        const scores = rounded ? quantiles(seen, 3) : seen;
        const [truth, order] = [orderByScore(utilities), orderByScore(scores)];
        const relevance = quantiles(utilities, 4);
        sums.ndcg += ndcg(
          order.map((item) => relevance[item]),
          { k: 5 },
        );
        sums.rbo += rankBiasedOverlap(truth, order).rboExt ?? 0;
        sums.tauA += kendallTauA(utilities, scores) ?? 0;
        sums.tauB += kendallTau(utilities, scores) ?? 0;
        sums.gamma += goodmanKruskalGamma(utilities, scores) ?? 0;
      }
      return { measures: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / LISTS])) };
    },
  };
}

/** Which of `levels` equal parts of the list each value is in, 0 the lowest. */
function quantiles(values: Float64Array, levels: number): Float64Array {
  return values.map((own) => Math.floor((values.filter((other) => other < own).length * levels) / values.length));
}
