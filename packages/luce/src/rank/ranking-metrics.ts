/**
 * Ranking metrics: NDCG, MRR, AP, Kendall's tau-b, Spearman's rho, rank-biased overlap, with one set of edge
 * cases and tie rules, so that numbers from different methods compare. Each is a plain function; this is
 * their contract.
 *
 * @see Webber, Moffat and Zobel, TOIS 2010 (RBO); the others are textbook definitions
 */
import * as z from "zod";
import { LuceError } from "../errors.ts";
import { defineMethod, type Outputs } from "../method.ts";
import { rankBiasedOverlap } from "./rank-biased-overlap.ts";
import {
  countPairs,
  goodmanKruskalGammaOfPairs,
  kendallTauAOfPairs,
  kendallTauOfPairs,
  midranks,
  pairwiseAccuracyOfPairs,
  spearman,
} from "./rank-correlation.ts";
import { averagePrecision, dcg, hitAt, ndcg, precisionAt, recallAt, reciprocalRank } from "./relevance-metrics.ts";

const gains = z.array(z.number().nonnegative());
const ids = z.array(z.union([z.string(), z.number()]));

export const rankingMetrics = defineMethod({
  id: "ranking-metrics",
  name: "Ranking metrics",
  paper: "A Similarity Measure for Indefinite Rankings (RBO); standard definitions",
  arxiv: null,
  kind: "audit",
  params: z.object({
    /** Which metrics; what the inputs allow where absent. */
    component: z.enum(["relevance", "correlation", "rbo"]).optional(),
    /** Cut-offs. */
    ks: z.array(z.number().int().positive()).default([10]),
    /** Persistence of rank-biased overlap. */
    p: z.number().gt(0).lt(1).default(0.9),
  }),
  inputs: z.object({
    rankedRelevance: gains.optional(),
    poolRelevance: gains.optional(),
    x: z.array(z.number()).optional(),
    y: z.array(z.number()).optional(),
    listA: ids.optional(),
    listB: ids.optional(),
  }),

  evaluate({ rankedRelevance, poolRelevance, x, y, listA, listB }, { component, ks, p }) {
    const wanted = (name: typeof component) => component === undefined || component === name;
    const outputs: Outputs = {
      ...(wanted("relevance") && rankedRelevance && relevanceMetrics(rankedRelevance, ks, poolRelevance)),
      ...(wanted("correlation") && x && y && correlationMetrics(x, y)),
      ...(wanted("rbo") && listA && listB && rankBiasedOverlap(listA, listB, p)),
    };
    if (Object.keys(outputs).length === 0) {
      throw new LuceError("invalid-input", `there is nothing to compute${component ? ` "${component}"` : ""} from`, {
        where: "ranking-metrics: inputs",
        hint: "relevance needs rankedRelevance; correlation needs x and y; rbo needs listA and listB",
      });
    }
    return outputs;
  },
});

function relevanceMetrics(ranked: number[], ks: number[], pool = ranked): Outputs {
  return {
    dcgLinear: ks.map((k) => dcg(ranked, { k, gain: "linear" })),
    dcgExp: ks.map((k) => dcg(ranked, { k })),
    ndcgLinear: ks.map((k) => ndcg(ranked, { k, gain: "linear", pool })),
    ndcgExp: ks.map((k) => ndcg(ranked, { k, pool })),
    precision: ks.map((k) => precisionAt(ranked, k)),
    recall: ks.map((k) => recallAt(ranked, k, pool)),
    hit: ks.map((k) => hitAt(ranked, k)),
    reciprocalRank: reciprocalRank(ranked),
    averagePrecision: averagePrecision(ranked, pool),
  };
}

function correlationMetrics(x: number[], y: number[]): Outputs {
  const pairs = countPairs(x, y);
  return {
    ...pairs,
    kendallTauA: kendallTauAOfPairs(pairs),
    kendallTauB: kendallTauOfPairs(pairs),
    goodmanKruskalGamma: goodmanKruskalGammaOfPairs(pairs),
    midranksX: midranks(x),
    midranksY: midranks(y),
    spearman: spearman(x, y),
    pairwiseAccuracy: pairwiseAccuracyOfPairs(pairs),
  };
}
