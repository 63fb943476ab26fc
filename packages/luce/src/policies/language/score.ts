import { type Batch, hold, type Parameters } from "../../engines/index.ts";
import { jit, type numpy as np } from "../../jax.ts";
import { batchCandidates, type Candidates, candidateArrays, type PaddingOptions } from "./batch.ts";
import { candidateEvidence } from "./evidence.ts";
import { type LanguagePolicy, modelOf } from "./policy.ts";

export type CandidateScores = {
  readonly sizes: { readonly B: number; readonly K: number; readonly T: number };
  /** [B, K, T] nats; 0 beyond a response's end. */
  readonly tokenLogps: Float64Array;
  /** [B, K, T] 1 where there is a response token. */
  readonly mask: Float64Array;
  /** [B, K] sums over response tokens. */
  readonly sequenceLogps: Float64Array;
  /** [B, K, T] nats. */
  readonly entropies: Float64Array;
  /** [B, K] tokens of each response; 0 for one that is not there. */
  readonly lengths: Float64Array;
};

type Scored = { tokenLogps: np.Array; mask: np.Array; entropies: np.Array };
const compiled = new WeakMap<LanguagePolicy, (weights: Parameters, batch: Batch) => Scored>();

/**
 * What the policy says of candidate responses, response tokens only. Neither padding, nor what else is in the batch,
 * nor the order changes a number beyond float32 rounding. Borrows the parameters.
 */
export async function scoreCandidates(
  policy: LanguagePolicy,
  parameters: Parameters,
  examples: readonly Candidates[],
  options: PaddingOptions & { frozen?: Parameters } = {},
): Promise<CandidateScores> {
  const batch = batchCandidates(policy.config, examples, options);
  const { B, K, R: T } = batch.sizes;
  const { weights } = modelOf(policy, parameters, options.frozen);
  const scored = programOf(policy)(hold(weights), candidateArrays(batch));
  const tokenLogps = Float64Array.from(await scored.tokenLogps.data());
  const sequenceLogps = new Float64Array(B * K);
  for (const [i, logp] of tokenLogps.entries()) sequenceLogps[Math.floor(i / T)] += logp;
  return {
    sizes: { B, K, T },
    tokenLogps,
    sequenceLogps,
    mask: Float64Array.from(await scored.mask.data()),
    entropies: Float64Array.from(await scored.entropies.data()),
    lengths: Float64Array.from(batch.responseLengths),
  };
}

function programOf(policy: LanguagePolicy): (weights: Parameters, batch: Batch) => Scored {
  const known = compiled.get(policy);
  if (known) return known;
  const program = jit((weights: Parameters, batch: Batch) => {
    const { tokenLogps, mask, entropies } = candidateEvidence(modelOf(policy, weights), batch, { entropies: true });
    return { tokenLogps, mask, entropies: entropies as np.Array };
  });
  compiled.set(policy, program);
  return program;
}
