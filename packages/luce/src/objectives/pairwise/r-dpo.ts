/**
 * R-DPO: DPO with a price on length, so that quality and not verbosity is learnt.
 *
 *   m = beta [ (log pi - log pi_ref)(y_w) - (log pi - log pi_ref)(y_l) ] + alpha (|y_w| - |y_l|)
 *   L = -log sigmoid(m)
 *
 * The optimum of a reward less alpha a token: what length alone explains of a preference, the policy need not
 * learn. alpha = 0 is DPO. Log-probabilities are sums over response tokens, in nats. Extra output `margins` [B] = m.
 *
 * @see arXiv 2403.19159, section 4
 */
import * as z from "zod";
import { implicitMargins, marginDiagnostics } from "../implicit-rewards.ts";
import { softplus } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairLengths, policyPair, referencePair } from "../pair-evidence.ts";

export const rDpo = defineObjective({
  id: "r-dpo",
  name: "R-DPO",
  paper: "Disentangling Length from Quality in Direct Preference Optimization",
  arxiv: "2403.19159",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    ...policyPair,
    ...referencePair,
    ...pairLengths,
  },
  params: z.object({
    beta: z.number().positive().default(0.1),
    /** The price of a token, in nats. */
    alpha: z.number().nonnegative().default(0.01),
  }),
  loss(evidence, { beta, alpha }) {
    const longer = evidence.chosenLengths.sub(evidence.rejectedLengths);
    const rewards = implicitMargins(evidence, beta);
    const margins = rewards.add(longer.mul(alpha));
    return { perExample: softplus(margins.neg()), outputs: { margins }, diagnostics: marginDiagnostics(rewards) };
  },
});
