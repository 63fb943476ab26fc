import { ndcg, orderByScore } from "../../rank/relevance-metrics.ts";
import { linearScores } from "../cell-models.ts";
import type { CandidatePools } from "./pools.ts";

/**
 * The mean NDCG at `k` of the order in which `theta . features` puts the candidates of each prompt.
 *
 * @param relevance [prompts, candidates] at least 0
 */
export function ndcgOnPools(
  { prompts, candidates, featureValues }: CandidatePools,
  theta: Float64Array,
  relevance: Float64Array,
  k = candidates,
): number {
  const scores = linearScores(featureValues, theta);
  let sum = 0;
  for (let first = 0; first < scores.length; first += candidates) {
    const order = orderByScore(scores.subarray(first, first + candidates));
    sum += ndcg(
      order.map((item) => relevance[first + item]),
      { k },
    );
  }
  return sum / prompts;
}
