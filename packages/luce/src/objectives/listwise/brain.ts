/**
 * BRAIn: Bayesian reward-conditioned amortised inference, distribution matching with self-normalised weights.
 *
 *   log alpha_i = log pi_ref(y_i) + r_i / rewardTemperature - log proposal(y_i),  alphaHat = softmax(log alpha)
 *   log beta_i  = policyScale (log pi(y_i) - log proposal(y_i)),                  betaHat  = softmax(log beta)
 *   L           = sum_i alphaHat_i (log alphaHat_i - log betaHat_i)
 *
 * The K responses were drawn from the proposal (the reference, where none is given); alphaHat is constant. With
 * `hard` it is the one-hot of the best reward, and K = 2 is DPO. Extra outputs `posteriorWeights` (alphaHat) and
 * `policyWeights` (betaHat) [B, K].
 *
 * @see arXiv 2402.02479, section 3 and theorem 4.2
 */
import * as z from "zod";
import { checkEqualLengths } from "../../equal-lengths.ts";
import { given, policy } from "../evidence.ts";
import { descendingRanks } from "../list-order.ts";
import { logSumExp, softmax } from "../numerics.ts";
import { defineComponent, defineObjective } from "../objective.ts";
import { constant } from "../tensor.ts";
import { rankingDiagnostics } from "./ranking-diagnostics.ts";

export const brain = defineObjective({
  id: "brain",
  name: "BRAIn",
  paper: "BRAIn: Bayesian Reward-conditioned Amortized Inference for natural language generation from feedback",
  arxiv: "2402.02479",
  family: "listwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  evidence: {
    policyLogps: policy(["B", "K"]),
    referenceLogps: given(["B", "K"]),
    proposalLogps: given(["B", "K"], { optional: true }),
    rewards: given(["B", "K"]),
  },
  minimum: { K: 2 },
  params: z.object({
    rewardTemperature: z.number().positive().default(1),
    policyScale: z.number().positive().default(1),
    hard: z.boolean().default(false),
  }),
  loss({ policyLogps, referenceLogps, proposalLogps, rewards }, { rewardTemperature, policyScale, hard }) {
    const proposal = proposalLogps ?? referenceLogps;
    const logAlpha = referenceLogps.add(rewards.div(rewardTemperature)).sub(proposal);
    const logBeta = policyLogps.sub(proposal).mul(policyScale);
    const logPolicyWeights = logBeta.sub(logSumExp(logBeta, -1).expandDims(-1));
    const everyone = rewards.equal(rewards);
    const posteriorWeights = hard ? descendingRanks(rewards, everyone).equal(1) : softmax(logAlpha, -1).stopGradient();
    const logPosteriorWeights = hard ? constant(0) : logAlpha.sub(logSumExp(logAlpha, -1).expandDims(-1));
    return {
      perExample: logPosteriorWeights.sub(logPolicyWeights).mul(posteriorWeights).sum(-1),
      outputs: { posteriorWeights, policyWeights: softmax(logBeta, -1) },
      diagnostics: rankingDiagnostics(policyLogps.sub(referenceLogps), rewards, everyone),
    };
  },
  components: {
    "gradient-estimators": defineComponent({
      params: z.object({}),
      inputs: z.object({
        posteriorLogps: z.array(z.number()).min(1),
        policyLogps: z.array(z.number()).min(1),
        proposalLogps: z.array(z.number()).min(1),
      }),
      evaluate: ({ posteriorLogps, policyLogps, proposalLogps }) =>
        gradientCoefficients(posteriorLogps, policyLogps, proposalLogps),
    }),
  },
});

/**
 * Three estimators' coefficients of grad log pi(y_i) on one set of samples from the proposal.
 *
 * @param posteriorLogps [K], like the others
 * @throws LuceError `shape-mismatch`
 */
export function gradientCoefficients(
  posteriorLogps: readonly number[],
  policyLogps: readonly number[],
  proposalLogps: readonly number[],
): Record<"dpg" | "gdcPlusPlus" | "brain", number[]> {
  checkEqualLengths({ posteriorLogps, policyLogps, proposalLogps });
  const count = proposalLogps.length;
  const logTarget = posteriorLogps.map((logp, i) => logp - proposalLogps[i]);
  const logPolicy = policyLogps.map((logp, i) => logp - proposalLogps[i]);
  const targetWeights = normalised(logTarget);
  const policyWeights = normalised(logPolicy);
  return {
    dpg: logTarget.map((logRatio) => Math.exp(logRatio) / count),
    gdcPlusPlus: logTarget.map((logRatio, i) => (Math.exp(logRatio) - Math.exp(logPolicy[i])) / count),
    brain: targetWeights.map((weight, i) => weight - policyWeights[i]),
  };
}

function normalised(logs: readonly number[]): number[] {
  const highest = Math.max(...logs);
  const weights = logs.map((value) => Math.exp(value - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
