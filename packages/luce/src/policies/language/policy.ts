import { type Batch, type BatchLoss, type Parameters, toDevice } from "../../engines/index.ts";
import { lax } from "../../jax.ts";
import type { Random } from "../../random.ts";
import type { LanguageConfig } from "./config.ts";
import { candidateEvidence } from "./evidence.ts";
import type { LowRank } from "./low-rank.ts";
import type { Model } from "./transformer.ts";
import { drawLanguageWeights } from "./weights.ts";

/** A language model that acts: everything about it but its parameters. */
export type LanguagePolicy = { readonly config: LanguageConfig; readonly adapters: LowRank | null };

/** A policy of fresh weights. The caller owns the parameters. Start the engine first. */
export function createLanguagePolicy(
  config: LanguageConfig,
  random: Random,
): { policy: LanguagePolicy; parameters: Parameters } {
  return { policy: { config, adapters: null }, parameters: toDevice(drawLanguageWeights(config, random)) };
}

/** The model of a policy: what learns and what is frozen, together. */
export function modelOf({ config, adapters }: LanguagePolicy, parameters: Parameters, frozen: Parameters = {}): Model {
  return { config, adapters, weights: { ...frozen, ...parameters } };
}

/**
 * The supervised loss of a batch of candidates: minus the log-probability of the response tokens, over their count.
 * Traceable; borrows all.
 */
export function supervisedLoss(
  policy: LanguagePolicy,
  parameters: Parameters,
  frozen: Parameters,
  batch: Batch,
): BatchLoss {
  const { tokenLogps, mask } = candidateEvidence(modelOf(policy, parameters, frozen), batch);
  const differentiable = tokenLogps.sum().neg();
  return { differentiable, total: lax.stopGradient(differentiable.ref), count: mask.sum(), metrics: {} };
}
