/**
 * SAMI: self-supervised alignment with mutual information between written principles and responses.
 *
 *   a_ij  = log pi(y_j | x, c_i) / |y_j|,  response j was sampled under constitution j
 *   L_row = -mean_i [a_ii - logsumexp_j a_ij],  L_col = -mean_j [a_jj - logsumexp_i a_ij]
 *   L     = (L_row + L_col) / 2 + beta KL
 *
 * C constitutions a query. log C - (L_row + L_col) / 2 is a lower bound on the mutual information. Extra outputs
 * `rowLoss`, `columnLoss`, `mutualInformationBound` [B].
 *
 * @see arXiv 2404.14313, section 3
 */
import * as z from "zod";
import { lengths, policy } from "../evidence.ts";
import { identity } from "../list-order.ts";
import { logSumExp } from "../numerics.ts";
import { defineObjective } from "../objective.ts";

export const sami = defineObjective({
  id: "sami",
  name: "SAMI",
  paper: "Self-Supervised Alignment with Mutual Information: Learning to Follow Principles without Preference Labels",
  arxiv: "2404.14313",
  family: "group",
  level: "sequence",
  aggregation: "mean",
  needsReference: false,
  evidence: {
    policyLogps: policy(["B", "C", "C"]),
    lengths: lengths(["B", "C"]),
    kl: policy(["B"], { optional: true }),
  },
  params: z.object({ beta: z.number().nonnegative().default(0) }),
  loss({ policyLogps, lengths, kl }, { beta }) {
    const scores = policyLogps.div(lengths.expandDims(1));
    const constitutions = scores.shape[1];
    const own = scores.mul(identity(constitutions)).sum(-1);
    const rowLoss = logSumExp(scores, -1).sub(own).mean(-1);
    const columnLoss = logSumExp(scores, -2).sub(own).mean(-1);
    const contrast = rowLoss.add(columnLoss).mul(0.5);
    const mutualInformationBound = contrast.neg().add(Math.log(constitutions));
    return {
      perExample: kl ? contrast.add(kl.mul(beta)) : contrast,
      outputs: { rowLoss, columnLoss, mutualInformationBound },
      diagnostics: { mutualInformation: mutualInformationBound.mean() },
    };
  },
});
