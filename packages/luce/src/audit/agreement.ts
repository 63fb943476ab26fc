/**
 * Inter-annotator agreement on left, tie and right, by Krippendorff's alpha: nominal (a tie is just another
 * answer), ordinal and interval (a tie lies between), and on decided votes alone. A unit is one pair on one
 * prompt, seen the way round in which it was first shown; an annotator's repeats of a unit are left out.
 * Intervals by bootstrap over units. Linear in votes.
 */
import type { VoteTable } from "../data/vote-table.ts";
import { createRandom, type Random } from "../random.ts";
import { createMultinomial } from "../rank/binomial.ts";
import { quantile } from "../rank/quantile.ts";
import type { Finding } from "../report/report.ts";
import { type AuditOptions, type AuditResult, cannotRun } from "./audit.ts";
import { krippendorffAlpha, type Level } from "./krippendorff-alpha.ts";
import { LEFT, orientedChoices, RIGHT, unitsOf } from "./units.ts";
import { counted, percent } from "./words.ts";

export const agreement = { id: "agreement", title: "Inter-annotator agreement", run: auditAgreement };

const REPLICATES = 1000;

export function auditAgreement(votes: VoteTable, { seed }: AuditOptions): AuditResult {
  const counts = countChoices(votes);
  const shared = counts.filter((unit) => unit[0] + unit[1] + unit[2] >= 2);
  if (shared.length === 0) {
    return cannotRun(agreement, "no pair on one prompt was judged by two annotators (fields annotator, prompt)");
  }
  const decided = shared.map((unit) => [unit[LEFT], unit[RIGHT]]).filter(([left, right]) => left + right >= 2);
  const random = createRandom(seed);
  const measures = [
    measure("nominal", [0, 1, 2], shared, "nominal", random),
    measure("ordinal", [0, 1, 2], shared, "ordinal", random),
    measure("interval", [0, 1, 2], shared, "interval", random),
    measure("decided votes only", [0, 1], decided, "nominal", random),
  ];
  const [nominal, ordinal, interval, withoutTies] = measures;
  const summary =
    nominal.alpha === null
      ? `Alpha is not defined: ${counted(shared.length, "unit")} were judged at least twice, always with the same verdict, so there is nothing to disagree about.`
      : `Krippendorff's alpha is ${decimal(nominal.alpha)} (95% interval ${decimal(nominal.lower)} to ${decimal(nominal.upper)}) on left / tie / right and ${decimal(withoutTies.alpha)} on decided votes, over ${counted(shared.length, "unit")} judged at least twice; two annotators agree ${percent(nominal.agreement ?? 0)} of the time.`;
  return {
    audit: agreement.id,
    title: agreement.title,
    summary,
    missing: null,
    findings: agreementFinding(nominal, withoutTies),
    tables: [
      {
        id: "agreement-alpha",
        title: "Krippendorff's alpha",
        caption: "1 is perfect agreement, 0 what chance gives.",
        columns: [
          { key: "name", label: "scale" },
          { key: "alpha", label: "alpha", format: "decimal", digits: 3 },
          { key: "lower", label: "lower", format: "decimal", digits: 3 },
          { key: "upper", label: "upper", format: "decimal", digits: 3 },
          { key: "agreement", label: "agreement", format: "percent", digits: 1 },
          { key: "units", label: "units", format: "integer" },
        ],
        rows: measures,
      },
    ],
    plots: [],
    numbers: {
      alphaNominal: nominal.alpha,
      alphaNominalLower: nominal.lower,
      alphaNominalUpper: nominal.upper,
      alphaOrdinal: ordinal.alpha,
      alphaInterval: interval.alpha,
      alphaDecided: withoutTies.alpha,
      percentAgreement: nominal.agreement,
      units: shared.length,
    },
  };
}

type Measure = {
  name: string;
  alpha: number | null;
  lower: number | null;
  upper: number | null;
  agreement: number | null;
  units: number;
};

function agreementFinding(nominal: Measure, decided: Measure): Finding[] {
  const best = (decided.alpha ?? -1) > (nominal.alpha ?? -1) ? decided : nominal;
  if (best.alpha === null || best.lower === null || nominal.alpha === null) return [];
  const where = `alpha ${decimal(nominal.alpha)} on left / tie / right (95% interval ${decimal(nominal.lower)} to ${decimal(nominal.upper)}), ${decimal(decided.alpha)} (${decimal(decided.lower)} to ${decimal(decided.upper)}) on decided votes`;
  if (best.lower <= 0) {
    return [
      {
        severity: "problem",
        text: `Annotators agree no more than chance would have it: ${where}.`,
        advice: "Read some of the pairs, and the instructions, before trusting any ranking of these votes.",
      },
    ];
  }
  if (best.alpha >= 0.667) return [];
  return [
    {
      severity: best.alpha < 0.4 ? "caution" : "note",
      text: `Annotators agree ${best.alpha < 0.2 ? "hardly" : best.alpha < 0.4 ? "little" : "moderately"} beyond chance: ${where}.`,
      advice:
        "A ranking averages over this; a reward model learns it as noise. Tastes may differ, or the task be unclear.",
    },
  ];
}

function decimal(value: number | null): string {
  return value === null ? "not defined" : value.toFixed(2);
}

/** How many annotators said left, tie and right of each unit. Votes of unknown annotators count each. */
function countChoices(votes: VoteTable): Float64Array[] {
  const units = unitsOf(votes);
  const choices = orientedChoices(votes, units);
  const counts: Float64Array[] = [];
  const seen = new Set<number>();
  units.forEach((unit, row) => {
    counts[unit] ??= new Float64Array(3);
    const annotator = votes.annotator[row];
    if (annotator >= 0) {
      const key = unit * votes.annotators.length + annotator;
      if (seen.has(key)) return;
      seen.add(key);
    }
    counts[unit][choices[row]]++;
  });
  return counts;
}

/** Alpha with a bootstrap interval over units; units with the same counts are drawn as one kind. */
function measure(
  name: string,
  values: number[],
  units: readonly ArrayLike<number>[],
  level: Level,
  random: Random,
): Measure {
  const { alpha, percentAgreement } = krippendorffAlpha(values, units, level);
  const kinds = new Map<string, number>();
  const kindCounts: ArrayLike<number>[] = [];
  const masses: number[] = [];
  for (const counts of units) {
    const key = Array.from(counts).join();
    const kind = kinds.get(key) ?? kindCounts.push(counts) - 1;
    kinds.set(key, kind);
    masses[kind] = (masses[kind] ?? 0) + 1;
  }
  const alphas: number[] = [];
  const draw = createMultinomial(random, Float64Array.from(masses));
  const drawn = new Float64Array(kindCounts.length);
  for (let replicate = 0; alpha !== null && replicate < REPLICATES; replicate++) {
    draw(drawn);
    const replicated = krippendorffAlpha(values, kindCounts, level, drawn).alpha;
    if (replicated !== null) alphas.push(replicated);
  }
  return {
    name,
    alpha,
    lower: alphas.length > 0 ? quantile(alphas, 0.025) : null,
    upper: alphas.length > 0 ? quantile(alphas, 0.975) : null,
    agreement: percentAgreement,
    units: units.length,
  };
}
