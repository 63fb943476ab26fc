/**
 * OFS-DPO: online DPO with a fast and a slow module that chase each other, and COFS-DPO, their combination over domains.
 *
 *   m         = log pi(y_w) - log pi(y_l) under the fast (F), slow (S) and reference (R) policies
 *   L_DPO(F)  = -log sigmoid(beta (m_F - m_R)), likewise S;  L_FS = -log sigmoid(beta (m_F - m_S))
 *   lossFast  = L_DPO(F) + alpha L_FS with m_S constant
 *   lossSlow  = L_DPO(S) - alpha L_FS with m_F constant
 *
 * The loss is the sum of the two. The extra gradient keeps both margins rising after DPO saturates: keep alpha
 * below 1 and stop on KL. Extra outputs `lossFast`, `lossSlow` (means) and `chaseTerm` [B] = L_FS.
 *
 * @see arXiv 2406.05534, equations 3 to 6
 */
import * as z from "zod";
import { checkEqualLengths } from "../equal-lengths.ts";
import { given, policy } from "../objectives/evidence.ts";
import { marginDiagnostics } from "../objectives/implicit-rewards.ts";
import { softplus } from "../objectives/numerics.ts";
import { defineComponent, defineObjective } from "../objectives/objective.ts";

export const ofsDpo = defineObjective({
  id: "ofs-dpo",
  name: "OFS-DPO / COFS-DPO",
  paper: "Online DPO: Online Direct Preference Optimization with Fast-Slow Chasing",
  arxiv: "2406.05534",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  stopsGradient: true,
  evidence: {
    fastChosenLogps: policy(["B"]),
    fastRejectedLogps: policy(["B"]),
    slowChosenLogps: policy(["B"]),
    slowRejectedLogps: policy(["B"]),
    referenceChosenLogps: given(["B"]),
    referenceRejectedLogps: given(["B"]),
  },
  params: z.object({
    /** The loss; the other parts take inputs and parameters of their own. */
    component: z.literal("loss").default("loss"),
    beta: z.number().positive().default(0.1),
    alpha: z.number().nonnegative().default(0.1),
  }),
  loss(evidence, { beta, alpha }) {
    const fast = evidence.fastChosenLogps.sub(evidence.fastRejectedLogps);
    const slow = evidence.slowChosenLogps.sub(evidence.slowRejectedLogps);
    const reference = evidence.referenceChosenLogps.sub(evidence.referenceRejectedLogps);
    const fastMargins = fast.sub(reference).mul(beta);
    const chase = (lead: typeof fast) => softplus(lead.mul(-beta));
    const lossFast = softplus(fastMargins.neg()).add(chase(fast.sub(slow.stopGradient())).mul(alpha));
    const lossSlow = softplus(slow.sub(reference).mul(-beta)).sub(chase(fast.stopGradient().sub(slow)).mul(alpha));
    return {
      perExample: lossFast.add(lossSlow),
      outputs: { lossFast: lossFast.mean(), lossSlow: lossSlow.mean(), chaseTerm: chase(fast.sub(slow)) },
      diagnostics: marginDiagnostics(fastMargins),
    };
  },
  components: {
    roles: defineComponent({
      params: z.object({ interval: z.number().int().positive().default(10) }),
      inputs: z.object({ lossA: z.array(z.number()), lossB: z.array(z.number()) }),
      evaluate: ({ lossA, lossB }, { interval }) => ({ fastRole: fastRoles(lossA, lossB, interval) }),
    }),
    combine: defineComponent({
      params: z.object({}),
      inputs: z.object({ modules: z.array(z.array(z.number())).min(1), weights: z.array(z.number()) }),
      evaluate: ({ modules, weights }) => ({ combined: combineModules(modules, weights) }),
    }),
  },
});

/**
 * Which module is the fast one: "a" first, then after every complete interval the one with the lower mean DPO loss
 * in it ("a" at a tie).
 *
 * @param lossA [n] DPO loss of module a at each step, like `lossB`
 * @returns floor(n / interval) + 1 roles
 * @throws LuceError `shape-mismatch`
 */
export function fastRoles(lossA: readonly number[], lossB: readonly number[], interval: number): ("a" | "b")[] {
  checkEqualLengths({ lossA, lossB });
  const roles: ("a" | "b")[] = ["a"];
  for (let start = 0; start + interval <= lossA.length; start += interval) {
    let lead = 0;
    for (let step = start; step < start + interval; step++) lead += lossB[step] - lossA[step];
    roles.push(lead >= 0 ? "a" : "b");
  }
  return roles;
}

/**
 * COFS: the weighted sum of the domains' parameter deltas.
 *
 * @param modules [D][P]
 * @param weights [D]
 * @throws LuceError `shape-mismatch`
 */
export function combineModules(modules: readonly (readonly number[])[], weights: readonly number[]): number[] {
  checkEqualLengths({ modules, weights });
  checkEqualLengths(Object.fromEntries(modules.map((module, d) => [`modules[${d}]`, module])));
  return modules[0].map((_, p) => modules.reduce((sum, module, d) => sum + weights[d] * module[p], 0));
}
