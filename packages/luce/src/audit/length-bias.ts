/**
 * Length bias: does the longer answer win beyond what the strengths say?
 *
 *   log-odds(left is preferred) = strength[left] - strength[right] + c x,   x = (a - b) / (a + b)
 *
 * with a and b the lengths of the two sides: x is tanh of half their log-ratio, 1/3 for an answer twice as
 * long. A position term is added where the votes identify it. The interval is clustered by annotator and by
 * what was judged. Ratings with and without the term show what length is worth to each system. Linear in votes.
 *
 * @see arXiv 2403.04132 (style control); arXiv 2404.04475 (length-controlled win rates)
 */
import type { VoteTable } from "../data/vote-table.ts";
import { logistic } from "../rank/pairwise-likelihood.ts";
import { ELO_POINTS } from "../rank/rating.ts";
import type { Finding } from "../report/report.ts";
import { type AuditResult, cannotRun } from "./audit.ts";
import { clusteredVariance, type Estimate, estimateOf, SIGNIFICANCE } from "./inference.ts";
import { fitPairedLogistic } from "./paired-logistic.ts";
import { sidesFollowSystems } from "./position-bias.ts";
import { clusteringOf, selectVotes, winnersOnOneSide } from "./units.ts";
import { counted, percent, percentRange, pValueText } from "./words.ts";

export const lengthBias = { id: "length-bias", title: "Length bias", run: auditLengthBias };

/** x of an answer twice as long. */
const TWICE = 1 / 3;

export function auditLengthBias(all: VoteTable): AuditResult {
  const hasLengths = (row: number) =>
    all.left[row] !== all.right[row] && all.leftLength[row] + all.rightLength[row] > 0;
  const votes = selectVotes(all, hasLengths);
  const N = votes.left.length;
  if (N === 0)
    return cannotRun(lengthBias, "no vote says how long its two answers are (fields leftLength, rightLength)");
  const relativeLength = votes.leftLength.map((a, row) => (a - votes.rightLength[row]) / (a + votes.rightLength[row]));
  const positions = sidesFollowSystems(votes) || winnersOnOneSide(votes) !== null ? [] : [new Float64Array(N).fill(1)];
  const plain = fitPairedLogistic(votes, positions);
  const controlled = fitPairedLogistic(votes, [relativeLength, ...positions]);
  if (controlled.coefficientInformation(0) < 1) {
    return cannotRun(
      lengthBias,
      "lengths hardly vary beyond the systems they belong to, so length cannot be told from strength",
    );
  }
  const clustering = clusteringOf(votes);
  const effect = estimateOf(
    controlled.coefficients[0],
    Math.sqrt(clusteredVariance(controlled.coefficientInfluence(0), clustering)),
    clustering.degreesOfFreedom,
  );
  const twice = {
    value: logistic(TWICE * effect.value),
    lower: logistic(TWICE * effect.lower),
    upper: logistic(TWICE * effect.upper),
  };
  const systems = compareRatings(votes, plain.strengths, controlled.strengths);
  const moved = systems.reduce((most, system) => Math.max(most, Math.abs(system.change)), 0);
  const reordered = systems.filter(({ rank, rankControlled }) => rank !== rankControlled).length;
  return {
    audit: lengthBias.id,
    title: lengthBias.title,
    summary: `Between equals, an answer twice as long gets ${percent(twice.value)} of the preference (${percentRange(twice)}, ${clustering.name}, ${pValueText(effect.pValue)}); controlling for it moves a rating by up to ${moved.toFixed(0)} Elo points.${N < all.left.length ? ` ${counted(all.left.length - N, "vote")} without lengths, or of a system with itself, left out.` : ""}`,
    missing: null,
    findings: lengthFinding(effect, twice, systems, moved, reordered),
    tables: [
      {
        id: "length-bias-ratings",
        title: "Ratings with and without length",
        caption: "Elo points around the mean; sorted by how much controlling for length moves a system.",
        columns: [
          { key: "system", label: "system" },
          { key: "rating", label: "rating", format: "integer" },
          { key: "controlled", label: "length controlled", format: "integer" },
          { key: "change", label: "change", format: "integer" },
          { key: "rank", label: "rank", format: "integer" },
          { key: "rankControlled", label: "rank controlled", format: "integer" },
          { key: "length", label: "mean length", format: "integer" },
        ],
        rows: systems.slice(0, 30),
      },
    ],
    plots: [],
    numbers: {
      effect: effect.value,
      standardError: effect.standardError,
      lower: effect.lower,
      upper: effect.upper,
      pValue: effect.pValue,
      twiceAsLongShare: twice.value,
      largestRatingChange: moved,
      systemsReordered: reordered,
      votes: N,
    },
  };
}

function lengthFinding(
  effect: Estimate,
  twice: { value: number; lower: number; upper: number },
  systems: SystemRating[],
  moved: number,
  reordered: number,
): Finding[] {
  if (effect.pValue >= SIGNIFICANCE || systems.length === 0) return [];
  const longer = effect.value > 0;
  const share = longer ? twice : { value: 1 - twice.value, lower: 1 - twice.upper, upper: 1 - twice.lower };
  const away = Math.abs(twice.value - 0.5);
  return [
    {
      severity: away >= 0.1 ? "problem" : away >= 0.02 ? "caution" : "note",
      text: `${longer ? "Longer" : "Shorter"} answers are favoured: between equals, an answer ${longer ? "twice" : "half"} as long gets ${percent(share.value)} of the preference (${percentRange(share)}, ${pValueText(effect.pValue)}); controlling for length moves "${systems[0].system}" by ${systems[0].change.toFixed(0)} Elo points and changes the rank of ${reordered} of ${systems.length} systems${moved < 1 ? ", all by less than a point" : ""}.`,
      advice: "Compare with a length-controlled rating; a longer answer can also be the better one, so show both.",
    },
  ];
}

type SystemRating = {
  system: string;
  rating: number;
  controlled: number;
  change: number;
  rank: number;
  rankControlled: number;
  length: number;
};

/** The systems that were voted on, the most moved first. */
function compareRatings(votes: VoteTable, plain: Float64Array, controlled: Float64Array): SystemRating[] {
  const M = votes.systems.length;
  const shown = new Float64Array(M);
  const lengths = new Float64Array(M);
  for (let row = 0; row < votes.left.length; row++) {
    shown[votes.left[row]]++;
    shown[votes.right[row]]++;
    lengths[votes.left[row]] += votes.leftLength[row];
    lengths[votes.right[row]] += votes.rightLength[row];
  }
  const present = votes.systems.map((_, system) => system).filter((system) => shown[system] > 0);
  const rank = ranksOf(present, plain);
  const rankControlled = ranksOf(present, controlled);
  return present
    .map((system) => ({
      system: votes.systems[system],
      rating: ELO_POINTS * plain[system],
      controlled: ELO_POINTS * controlled[system],
      change: ELO_POINTS * (controlled[system] - plain[system]),
      rank: rank.get(system) ?? present.length,
      rankControlled: rankControlled.get(system) ?? present.length,
      length: lengths[system] / shown[system],
    }))
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
}

function ranksOf(systems: number[], strengths: Float64Array): Map<number, number> {
  return new Map([...systems].sort((a, b) => strengths[b] - strengths[a]).map((system, place) => [system, place + 1]));
}
