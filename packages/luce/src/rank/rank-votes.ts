import type { Comparisons, Rankings } from "../data/comparisons.ts";
import { createRandom } from "../random.ts";
import type { Finding, Provenance } from "../report/report.ts";
import { bootstrapRatings } from "./bootstrap.ts";
import { mergeRows } from "./merge-rows.ts";
import { type Ranking, toRanking } from "./ranking.ts";
import type { RatingFit, RatingMethod } from "./rating.ts";

export type RankOptions<P> = {
  /** With defaults filled in; see `parseParameters`. */
  readonly params: P;
  /** Bootstrap replicates; the method's own intervals where absent, or 100 where it has none. */
  readonly bootstrap?: number;
  /** Resample within each pair of systems. */
  readonly stratified?: boolean;
  /** Log-odds below which a difference does not matter; default 20 points of the Elo scale. */
  readonly margin?: number;
  readonly seed?: number;
  readonly findings?: readonly Finding[];
  readonly provenance: Provenance;
  readonly onReplicate?: (done: number) => void;
};

/** Differences of 20 points (52.9 % to 47.1 %) rarely matter to anyone. */
export const DEFAULT_MARGIN = (20 * Math.LN10) / 400;

/** Replicates for a method that has no intervals of its own. */
const DEFAULT_REPLICATES = 100;

/** Judgments to a leaderboard with intervals, by any rating method. The same seed gives the same numbers. */
export function rankVotes<P>(
  method: RatingMethod<P>,
  votes: Comparisons | Rankings,
  options: RankOptions<P>,
): { ranking: Ranking; fit: RatingFit } {
  const random = createRandom(options.seed ?? 0);
  const fitOptions = { ...options.params, random: random.fork() };
  const fit = method.fit(votes, fitOptions);
  const findings: Finding[] = [...(options.findings ?? [])];
  const replicates = options.bootstrap ?? (fit.standardErrors ? 0 : DEFAULT_REPLICATES);
  let replicated: Float64Array[] | undefined;
  if (replicates > 0) {
    const rows = method.reads === "comparisons" && "left" in votes ? mergeRows(votes) : votes;
    replicated = bootstrapRatings(method, rows, fit, fitOptions, {
      replicates,
      stratified: options.stratified,
      random: random.fork(),
      onReplicate: options.onReplicate,
    });
    findings.push(...bootstrapFindings(fit, replicated, options));
  }
  const ranking = toRanking({
    method: method.id,
    fit,
    votes,
    replicates: replicated,
    margin: options.margin ?? DEFAULT_MARGIN,
    random: random.fork(),
    provenance: options.provenance,
    findings,
  });
  return { ranking, fit };
}

function bootstrapFindings(
  fit: RatingFit,
  replicates: Float64Array[],
  { bootstrap, stratified }: Pick<RankOptions<unknown>, "bootstrap" | "stratified">,
): Finding[] {
  const findings: Finding[] = [];
  if (bootstrap === undefined) {
    findings.push({
      severity: "note",
      text: `The method has no intervals of its own; these come from ${replicates.length} bootstrap replicates.`,
    });
  }
  if (stratified) {
    findings.push({
      severity: "note",
      text: "The bootstrap keeps the number of judgments of each pair of systems, which makes intervals too narrow where pairs have few.",
    });
  }
  const lost = replicates.filter((strengths) =>
    strengths.some((value, i) => !Number.isFinite(value) && Number.isFinite(fit.logStrengths[i])),
  ).length;
  if (lost > 0) {
    findings.push({
      severity: "caution",
      text: `In ${lost} of ${replicates.length} bootstrap replicates some system has no finite rating, because it rests on a few judgments; its interval is open.`,
      advice: "Collect more judgments of the systems whose interval is empty, or accept an explicit prior (--prior).",
    });
  }
  return findings;
}
