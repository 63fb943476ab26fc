import type { Sequence } from "./examples.ts";

/** What a model says of N sequences, one row each; rows are padded with zeros to T tokens. */
export type TokenEvidence = {
  /** Tokens of the longest response, its end mark included. */
  readonly tokens: number;
  /** [N] tokens of each response, its end mark included. */
  readonly lengths: Float64Array;
  /** [N, T] log-probability of each token of the response, nats. */
  readonly logps: Float64Array;
  /** [N, T] entropy of the distribution each token was drawn from, nats; where the model yields it. */
  readonly entropies?: Float64Array;
  /** [N, T] the value head before each token. */
  readonly values?: Float64Array;
  /** [N] the reward head at the last token. */
  readonly rewards?: Float64Array;
};

/** The gradient of a loss in what a model said: what is absent has none. */
export type TokenGradient = {
  readonly logps?: Float64Array;
  readonly values?: Float64Array;
  readonly rewards?: Float64Array;
};

export type SampleOptions = {
  /** Responses a prompt. */
  readonly count: number;
  readonly temperature?: number;
  readonly seed: number;
};

/**
 * A policy as its trainer sees it: evidence out, gradients in. The transformer on the embedded engine and the
 * log-linear policy over pools are two of them.
 */
export type TrainablePolicy = {
  /** Changes exactly when the parameters do. */
  fingerprint(): Promise<string>;
  evidence(sequences: readonly Sequence[]): Promise<TokenEvidence>;
  /**
   * One step of the optimiser: yields evidence, asks for its gradient, back-propagates
   * `sum(stop_gradient(gradient) * evidence)` and updates the parameters.
   *
   * @returns the norm of the parameters' gradient before clipping
   */
  learn(
    sequences: readonly Sequence[],
    gradientOf: (evidence: TokenEvidence) => Promise<TokenGradient>,
  ): Promise<{ readonly gradientNorm: number }>;
  /** [prompts][count] responses. */
  sample(prompts: readonly string[], options: SampleOptions): Promise<readonly (readonly string[])[]>;
  /** Parameters and optimiser state, as files. */
  snapshot(): Promise<Readonly<Record<string, Uint8Array>>>;
  restore(files: Readonly<Record<string, Uint8Array>>): Promise<void>;
};
