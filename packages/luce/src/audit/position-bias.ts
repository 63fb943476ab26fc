/**
 * Position bias: is the left side preferred for being on the left?
 *
 *   log-odds(left is preferred) = strength[left] - strength[right] + b
 *
 * b is the advantage of the left side between equals; its interval is clustered by annotator and by what
 * was judged. Per annotator, b_k is fitted with the strengths held and a standard normal prior, and tested
 * by its score at the crowd's b, corrected for many tests. Linear in votes.
 *
 * @see Bradley and Terry 1952; Davidson and Beaver 1977 (order effects)
 */
import type { VoteTable } from "../data/vote-table.ts";
import { logistic } from "../rank/pairwise-likelihood.ts";
import { NORMAL_95 } from "../rank/uncertainty.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import {
  clusteredVariance,
  type Estimate,
  estimateOf,
  rejectedAtFalseDiscoveryRate,
  SIGNIFICANCE,
} from "./inference.ts";
import { fitPairedLogistic, type PairedLogisticFit } from "./paired-logistic.ts";
import { clusteringOf, distinct, rowsByAnnotator, selectVotes, winnersOnOneSide } from "./units.ts";
import { counted, listed, percent, percentRange, pValueText, sidesUnknown } from "./words.ts";

export const positionBias = { id: "position-bias", title: "Position bias", run: auditPositionBias };

/** Fewer votes than this say too little of one annotator's side. */
const ANNOTATOR_VOTES = 20;

export function auditPositionBias(all: VoteTable): AuditResult {
  const votes = selectVotes(all, (row) => all.left[row] !== all.right[row]);
  if (votes.left.length === 0) return cannotRun(positionBias, "there are no votes");
  const side = winnersOnOneSide(votes);
  if (side !== null) return cannotRun(positionBias, sidesUnknown(side));
  if (sidesFollowSystems(votes)) {
    return cannotRun(
      positionBias,
      "no pair, or chain of pairs, was shown both ways round, so the side cannot be told from the system's strength",
    );
  }
  const clustering = clusteringOf(votes);
  const fit = fitPairedLogistic(votes, [new Float64Array(votes.left.length).fill(1)]);
  const bias = estimateOf(
    fit.coefficients[0],
    Math.sqrt(clusteredVariance(fit.coefficientInfluence(0), clustering)),
    clustering.degreesOfFreedom,
  );
  const share = { value: logistic(bias.value), lower: logistic(bias.lower), upper: logistic(bias.upper) };
  const rawShare = votes.outcome.reduce((sum, outcome) => sum + outcome, 0) / votes.outcome.length;
  const annotators = distinct(votes.annotator) > 1 ? annotatorSides(votes, fit) : [];
  const biased = annotators.filter((annotator) => annotator.differs);
  const summary = `Between equals the left side gets ${percent(share.value)} of the preference (${percentRange(share)}, ${clustering.name}, ${pValueText(bias.pValue)}); of all votes as they are, ${percent(rawShare)}.`;
  return {
    audit: positionBias.id,
    title: positionBias.title,
    summary,
    missing: null,
    findings: [...overallFinding(bias, share), ...annotatorFinding(biased, annotators.length, votes.left.length)],
    tables: [
      {
        id: "position-bias-share",
        title: "The left side between equals",
        columns: [
          { key: "votes", label: "votes", format: "integer" },
          { key: "share", label: "left between equals", format: "percent", digits: 1 },
          { key: "lower", label: "lower", format: "percent", digits: 1 },
          { key: "upper", label: "upper", format: "percent", digits: 1 },
          { key: "pValue", label: "p-value", format: "probability" },
        ] as const,
        rows: [
          { votes: votes.left.length, share: share.value, lower: share.lower, upper: share.upper, pValue: bias.pValue },
        ],
      },
      {
        id: "position-bias-annotators",
        title: "Annotators by side: what the left side gets between equals",
        columns: [
          { key: "annotator", label: "annotator" },
          { key: "votes", label: "votes", format: "integer" },
          { key: "left", label: "left between equals", format: "percent", digits: 1 },
          { key: "lower", label: "lower", format: "percent", digits: 1 },
          { key: "upper", label: "upper", format: "percent", digits: 1 },
          { key: "pValue", label: "p-value", format: "probability" },
        ] as const,
        rows: annotators.slice(0, 20).map(({ differs: _, ...row }) => row),
      },
    ].filter((table) => table.rows.length > 0),
    plots: [],
    numbers: {
      bias: bias.value,
      standardError: bias.standardError,
      lower: bias.lower,
      upper: bias.upper,
      pValue: bias.pValue,
      leftShare: share.value,
      leftShareLower: share.lower,
      leftShareUpper: share.upper,
      rawLeftShare: rawShare,
      annotatorsTested: annotators.length,
      annotatorsBiased: biased.length,
    },
  };
}

function overallFinding(bias: Estimate, share: { value: number; lower: number; upper: number }): Finding[] {
  if (bias.pValue >= SIGNIFICANCE) return [];
  const side = bias.value > 0 ? "left" : "right";
  const away = Math.abs(share.value - 0.5);
  const got = bias.value > 0 ? share : { value: 1 - share.value, lower: 1 - share.upper, upper: 1 - share.lower };
  return [
    {
      severity: away >= 0.1 ? "problem" : away >= 0.02 ? "caution" : "note",
      text: `The ${side} side is favoured: between equals it gets ${percent(got.value)} of the preference (${percentRange(got)}, ${pValueText(bias.pValue)}).`,
      advice: "Show every pair both ways round (or a random side each time), and rate with position as a covariate.",
    },
  ];
}

function annotatorFinding(biased: AnnotatorSide[], tested: number, votes: number): Finding[] {
  if (biased.length === 0) return [];
  const theirs = biased.reduce((sum, annotator) => sum + annotator.votes, 0);
  const worst = biased[0];
  return [
    {
      severity: theirs > votes / 10 ? "problem" : "caution",
      text: `${counted(biased.length, "annotator")} of ${tested} with ${ANNOTATOR_VOTES} votes or more (${percent(theirs / votes)} of all votes) favour a side more than the rest do: ${listed(biased.map(({ annotator }) => annotator))}; with "${worst.annotator}" the left gets ${percent(worst.left)} between equals.`,
      advice: "Look at their votes, and see whether the ranking holds without them.",
    },
  ];
}

type AnnotatorSide = {
  annotator: string;
  votes: number;
  left: number;
  lower: number;
  upper: number;
  pValue: number;
  differs: boolean;
};

/** Each annotator's own position term, the most certainly different from the crowd's first. */
function annotatorSides(votes: VoteTable, fit: PairedLogisticFit): AnnotatorSide[] {
  const rowsOf = rowsByAnnotator(votes);
  const crowd = fit.coefficients[0];
  const sides = rowsOf.flatMap((rows, annotator) => {
    if (rows.length < ANNOTATOR_VOTES) return [];
    const advantages = rows.map((row) => fit.strengths[votes.left[row]] - fit.strengths[votes.right[row]]);
    let score = 0;
    let scoreVariance = 0;
    rows.forEach((row, n) => {
      const residual = votes.outcome[row] - logistic(advantages[n] + crowd);
      score += residual;
      scoreVariance += residual ** 2;
    });
    const own = ownTerm(
      advantages,
      rows.map((row) => votes.outcome[row]),
    );
    return {
      annotator: votes.annotators[annotator],
      votes: rows.length,
      left: logistic(own.value),
      lower: logistic(own.value - NORMAL_95 * own.standardError),
      upper: logistic(own.value + NORMAL_95 * own.standardError),
      pValue: estimateOf(score, Math.sqrt(scoreVariance), rows.length - 1).pValue,
    };
  });
  const differs = rejectedAtFalseDiscoveryRate(sides.map(({ pValue }) => pValue));
  return sides
    .map((side, index) => ({ ...side, differs: differs[index] }))
    .sort((a, b) => a.pValue - b.pValue || Math.abs(b.left - 0.5) - Math.abs(a.left - 0.5));
}

/** The posterior mode of a position term under a standard normal prior, strengths held. */
function ownTerm(advantages: number[], outcomes: number[]): { value: number; standardError: number } {
  let value = 0;
  let information = 1;
  for (let step = 0; step < 30; step++) {
    let gradient = -value;
    information = 1;
    advantages.forEach((advantage, n) => {
      const p = logistic(advantage + value);
      gradient += outcomes[n] - p;
      information += p * (1 - p);
    });
    const move = Math.max(-1, Math.min(1, gradient / information));
    value += move;
    if (Math.abs(move) < 1e-10) break;
  }
  return { value, standardError: 1 / Math.sqrt(information) };
}

/**
 * Whether numbers could be given to the systems so that the left one of every vote has exactly one more
 * than the right one: then a position term changes nothing that strengths could not.
 */
export function sidesFollowSystems({ systems, left, right }: VoteTable): boolean {
  const parent = Int32Array.from(systems, (_, system) => system);
  const height = new Float64Array(systems.length);
  const find = (system: number): { root: number; height: number } => {
    let at = 0;
    while (parent[system] !== system) {
      at += height[system];
      const above = parent[system];
      height[system] += height[above];
      parent[system] = parent[above];
      system = above;
    }
    return { root: system, height: at };
  };
  for (let row = 0; row < left.length; row++) {
    const a = find(left[row]);
    const b = find(right[row]);
    if (a.root === b.root) {
      if (a.height - b.height !== 1) return false;
    } else {
      parent[a.root] = b.root;
      height[a.root] = b.height + 1 - a.height;
    }
  }
  return true;
}
