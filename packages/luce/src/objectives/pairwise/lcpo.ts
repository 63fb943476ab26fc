/**
 * LCPO (later RE-PO): latent collective preference optimisation, robust to flipped labels by EM.
 *
 * With Lf the base loss of a pair as recorded and Lr the base loss of the pair swapped,
 *
 *   s = Lr - Lf,  p = sigmoid(s)                      the clean preference's probability
 *   w = sigmoid(s + log(eta_k / (1 - eta_k)))         E-step; constant for the gradient
 *   L = -( w log p + (1 - w) log(1 - p) )             M-step, policy
 *   eta_k <- (1 - alpha) eta_k + alpha mean(w of annotator k in the batch)
 *
 * and s in closed form: dpo beta h; ipo 2 h / beta; cpo (1 + beta)(log pi_w - log pi_l);
 * simpo log sigmoid(d - gamma) - log sigmoid(-d - gamma), d = beta (a_w - a_l).
 * Without annotators all labels come from one; reliabilities start at 0.9.
 * Extra outputs `probabilities`, `weights` [B] and `reliabilities` [A] after the update.
 *
 * @see arXiv 2509.24159, equations 2, 4, 5 and 7
 */
import * as z from "zod";
import { LuceError } from "../../errors.ts";
import { given } from "../evidence.ts";
import { implicitMargins, marginDiagnostics } from "../implicit-rewards.ts";
import { log, logisticCrossEntropy, logSigmoid, sigmoid } from "../numerics.ts";
import { defineObjective } from "../objective.ts";
import { pairLengths, policyPair, referencePair } from "../pair-evidence.ts";
import { constant, type Tensor, where } from "../tensor.ts";

const parameters = z.object({
  baseLoss: z.enum(["dpo", "ipo", "simpo", "cpo"]).default("dpo"),
  beta: z.number().positive().default(0.1),
  /** The target margin of SimPO. */
  gamma: z.number().default(0),
  /** How fast reliabilities follow a batch. */
  alpha: z.number().min(0).max(1).default(0.1),
});

const INITIAL_RELIABILITY = 0.9;

const pair = ["policyChosenLogps", "policyRejectedLogps"] as const;
const labels = ["annotators", "reliabilities"] as const;
const references = ["referenceChosenLogps", "referenceRejectedLogps"] as const;
const tokenCounts = ["chosenLengths", "rejectedLengths"] as const;

export const lcpo = defineObjective({
  id: "lcpo",
  name: "LCPO",
  paper: "Latent Collective Preference Optimization: A General Framework for Robust LLM Alignment",
  arxiv: "2509.24159",
  family: "pairwise",
  level: "sequence",
  aggregation: "sum",
  needsReference: true,
  stopsGradient: true,
  evidence: {
    ...policyPair,
    ...referencePair,
    ...pairLengths,
    annotators: given(["B"], { values: { indexOf: "A" }, optional: true }),
    reliabilities: given(["A"], { values: "probability", optional: true }),
  },
  reads({ baseLoss }) {
    if (baseLoss === "simpo") return [...pair, ...labels, ...tokenCounts];
    return baseLoss === "cpo" ? [...pair, ...labels] : [...pair, ...labels, ...references];
  },
  params: parameters,
  check({ annotators, reliabilities }) {
    const certain = reliabilities?.data.findIndex((value) => value <= 0 || value >= 1) ?? -1;
    if (certain >= 0) {
      const found = `reliabilities[${certain}] is ${reliabilities?.data[certain]}`;
      throw new LuceError("invalid-input", `${found}, expected a probability`, { hint: "strictly between 0 and 1" });
    }
    if (annotators !== undefined && reliabilities === undefined) {
      throw new LuceError("invalid-input", 'lcpo needs "reliabilities" [A] where annotators are given', {
        hint: `start each annotator at ${INITIAL_RELIABILITY}`,
      });
    }
  },
  loss(evidence, params) {
    const logit = cleanLogit(evidence, params);
    const reliabilities = evidence.reliabilities ?? constant([INITIAL_RELIABILITY]);
    const annotators = evidence.annotators ?? constant(Array<number>(logit.shape[0]).fill(0));
    const count = reliabilities.shape[0];
    const isBy = annotators.expandDims(-1).equal(constant(Array.from({ length: count }, (_, k) => k)));
    const eta = isBy.mul(reliabilities).sum(-1);
    const weights = sigmoid(logit.add(log(eta)).sub(log(constant(1).sub(eta)))).stopGradient();
    const votes = isBy.sum(0);
    const meanWeight = isBy.mul(weights.expandDims(-1)).sum(0).div(votes.maximum(1));
    const updated = reliabilities.mul(1 - params.alpha).add(meanWeight.mul(params.alpha));
    return {
      perExample: logisticCrossEntropy(logit, weights),
      outputs: {
        probabilities: sigmoid(logit),
        weights,
        reliabilities: where(votes.greater(0), updated, reliabilities),
      },
      diagnostics: marginDiagnostics(logit),
    };
  },
});

type LcpoEvidence = Record<(typeof pair | typeof references | typeof tokenCounts)[number], Tensor>;

/** s = Lr - Lf. */
function cleanLogit(evidence: LcpoEvidence, { baseLoss, beta, gamma }: z.output<typeof parameters>): Tensor {
  const { policyChosenLogps, policyRejectedLogps } = evidence;
  if (baseLoss === "cpo") return policyChosenLogps.sub(policyRejectedLogps).mul(1 + beta);
  if (baseLoss === "simpo") {
    const chosen = policyChosenLogps.div(evidence.chosenLengths);
    const margin = chosen.sub(policyRejectedLogps.div(evidence.rejectedLengths)).mul(beta);
    return logSigmoid(margin.sub(gamma)).sub(logSigmoid(margin.neg().sub(gamma)));
  }
  return implicitMargins(evidence, baseLoss === "dpo" ? beta : 2 / beta);
}
