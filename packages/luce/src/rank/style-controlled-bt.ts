/**
 * Style-controlled Bradley-Terry: what remains of a strength when style is held equal.
 *
 *   logit P(left preferred) = alpha (r_left - r_right) + f . gamma
 *   minimise  -log-likelihood + 0.5 regRatings |r|^2 + 0.5 regCoeffs |gamma|^2
 *
 * f are covariates of the two sides (length, markdown counts, any number) made relative, centred and
 * standardised over the battles. Defaults are Chatbot Arena's: alpha = ln 10, so that R = 400 r + 1000.
 *
 * @see arXiv 2406.11939, appendix A.2, equations 5 to 7; arXiv 2403.04132
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { LuceError } from "../errors.ts";
import { createRandom, type Random } from "../random.ts";
import { bradleyTerryLikelihood } from "./bradley-terry.ts";
import { rowsAsCells } from "./cells.ts";
import { comparisonInputs, toComparisons, toRows } from "./contract.ts";
import { listNames } from "./identification.ts";
import { fitIdentified } from "./pairwise-fit.ts";
import { logistic, type PairwiseLikelihood, softplus } from "./pairwise-likelihood.ts";
import { ratePairwise } from "./pairwise-rating.ts";
import { createPairwiseRefit } from "./pairwise-refit.ts";
import { defineRating, displayRating, type RatingFit } from "./rating.ts";
import { standardise, styleFeatures } from "./style-features.ts";

const parameters = z.object({
  featureConvention: z.enum(["relative", "density", "difference"]).default("relative"),
  /** 0: population standard deviation of a feature; 1: sample. */
  stdDdof: z.number().int().min(0).max(1).default(0),
  /** Log-odds of a rating difference of 1. */
  alpha: z.number().positive().default(Math.LN10),
  regRatings: z.number().nonnegative().default(0.5),
  regCoeffs: z.number().nonnegative().default(0.5),
  /** Adds the advantage in log-odds of being shown on the left, as one more coefficient. */
  position: z.boolean().default(false),
  /** The item that `winRateVsBaseline` is against. */
  baseline: z.number().int().nonnegative().optional(),
});

type StyleParameters = z.output<typeof parameters>;

const styleCounts = z.array(z.array(z.number()).min(1));

/** Style-controlled strengths; needs `comparisons.covariates`. Coefficients are per standard deviation of a feature. */
export function fitStyleControlledBradleyTerry(
  comparisons: Comparisons,
  { random = createRandom(0), ...given }: Partial<Omit<StyleParameters, "baseline">> & { random?: Random } = {},
): RatingFit {
  const params = parameters.parse(given);
  const style = standardisedStyle(comparisons, params);
  const rating = ratePairwise({
    comparisons,
    cells: rowsAsCells(comparisons),
    cellOfRow: comparisons.left.map((_, row) => row),
    likelihood: linearLikelihood(style.features, style.names.length),
    penalty: penaltyOf(params),
    random,
    coefficients: (gamma) => style.names.map((name, k) => ({ name, value: gamma[k], derivative: 1 })),
  });
  const findings = [...rating.findings];
  if (params.regRatings > 0) {
    findings.push({
      severity: "note",
      text: `Ratings are shrunk by a normal prior with standard deviation ${(params.alpha / Math.sqrt(params.regRatings)).toFixed(2)} in log-odds (regRatings ${params.regRatings}).`,
      advice: "Set regRatings=0 for maximum likelihood.",
    });
  }
  if (style.dropped.length > 0) {
    findings.push({
      severity: "caution",
      text: `${listNames(style.dropped)} ${style.dropped.length === 1 ? "does" : "do"} not vary between the two sides in a way that differs from row to row, and cannot be controlled for.`,
    });
  }
  return { ...rating, findings };
}

export const styleControlledBradleyTerry = defineRating({
  id: "style-controlled-bt",
  name: "Style-controlled Bradley-Terry",
  paper: "From Crowdsourced Data to High-Quality Benchmarks: Arena-Hard and BenchBuilder Pipeline",
  arxiv: "2406.11939",
  reads: "comparisons",
  usesCovariates: true,
  params: parameters,
  inputs: comparisonInputs.extend({ styleLeft: styleCounts, styleRight: styleCounts }),

  evaluate({ styleLeft, styleRight, ...inputs }, params) {
    const plain = toComparisons(inputs);
    const columns = styleLeft[0]?.length ?? 0;
    for (const [name, style] of [
      ["styleLeft", styleLeft],
      ["styleRight", styleRight],
    ] as const) {
      if (style.length !== inputs.comparisons.length || style.some((row) => row.length !== columns)) {
        throw new LuceError("shape-mismatch", `${name} is not [${inputs.comparisons.length}, ${columns}]`, {
          where: "style-controlled-bt: inputs",
          hint: "give every comparison one row, and every row the same covariates",
        });
      }
    }
    const names = Array.from({ length: columns }, (_, k) => String(k));
    const comparisons: Comparisons = {
      ...plain,
      covariates: { names, left: Float64Array.from(styleLeft.flat()), right: Float64Array.from(styleRight.flat()) },
    };
    const style = standardisedStyle(comparisons, params);
    const K = style.names.length;
    const cells = rowsAsCells(comparisons);
    const penalty = penaltyOf(params);
    const { strengths, shared, logLikelihood } = fitIdentified(cells, linearLikelihood(style.features, K), penalty);
    const without = fitIdentified(cells, bradleyTerryLikelihood, penalty).strengths;
    const squares = (values: Float64Array) => values.reduce((sum, value) => sum + value * value, 0);
    const rawRatings = strengths.map((strength) => strength / params.alpha);
    const logStrengths = centred(strengths);
    return {
      rawFeatures: toRows(style.raw, columns),
      features: toRows(style.features, K),
      rawRatings,
      logStrengths,
      styleCoefficients: shared,
      objective:
        -logLikelihood + 0.5 * params.regRatings * squares(rawRatings) + 0.5 * params.regCoeffs * squares(shared),
      ratings: logStrengths.map(displayRating),
      winRateVsBaseline:
        params.baseline === undefined
          ? undefined
          : logStrengths.map((strength) => logistic(strength - logStrengths[params.baseline!])),
      logStrengthsWithoutControl: centred(without),
    };
  },

  fit: (comparisons: Comparisons, { baseline: _, ...params }) => fitStyleControlledBradleyTerry(comparisons, params),

  refit(comparisons: Comparisons, fit, params) {
    const { features, names } = standardisedStyle(comparisons, params);
    return createPairwiseRefit(
      comparisons,
      fit,
      linearLikelihood(features, names.length),
      penaltyOf(params),
      Float64Array.from(fit.coefficients, ({ value }) => value),
      { cells: rowsAsCells(comparisons), cellOfRow: comparisons.left.map((_, row) => row) },
    );
  },
});

/** Bradley-Terry with a linear term in the covariates of each cell; [C, K] `features`. */
function linearLikelihood(features: Float64Array, sharedCount: number): PairwiseLikelihood {
  return {
    sharedCount,
    linearInOutcome: false,
    derivatives(outcome, difference, gamma, out, cell) {
      let d = difference;
      const at = cell * sharedCount;
      for (let k = 0; k < sharedCount; k++) d += features[at + k] * gamma[k];
      const p = logistic(d);
      const curvature = p * (1 - p);
      out.logLikelihood = outcome * d - softplus(d);
      out.slope = outcome - p;
      out.curvature = curvature;
      for (let k = 0; k < sharedCount; k++) {
        const feature = features[at + k];
        out.sharedSlope[k] = (outcome - p) * feature;
        out.mixedCurvature[k] = curvature * feature;
        for (let l = 0; l < sharedCount; l++)
          out.sharedCurvature[k * sharedCount + l] = curvature * feature * features[at + l];
      }
    },
  };
}

function standardisedStyle(
  comparisons: Comparisons,
  params: Pick<StyleParameters, "featureConvention" | "stdDdof" | "position">,
) {
  const { covariates, count } = comparisons;
  if (!covariates || covariates.names.length === 0) {
    throw new LuceError("invalid-input", "style control needs covariates of the two sides", {
      where: "style-controlled-bt",
      hint: "name some, such as --covariates length",
    });
  }
  const columns = covariates.names.length;
  const raw = styleFeatures(covariates.left, covariates.right, columns, params.featureConvention);
  const standard = standardise(raw, columns, count, params.stdDdof);
  const kept = standard.kept.map((column) => covariates.names[column]);
  const dropped = covariates.names.filter((name) => !kept.includes(name));
  if (!params.position) return { raw, features: standard.features, names: kept, dropped };
  const K = kept.length + 1;
  const features = new Float64Array(count.length * K).fill(1);
  for (let row = 0; row < count.length; row++) {
    features.set(standard.features.subarray(row * kept.length, (row + 1) * kept.length), row * K);
  }
  return { raw, features, names: [...kept, "position"], dropped };
}

/** The penalty on r = th / alpha, in units of th. */
function penaltyOf({ regRatings, regCoeffs, alpha }: StyleParameters) {
  return { strengths: regRatings / alpha ** 2, shared: regCoeffs };
}

function centred(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}
