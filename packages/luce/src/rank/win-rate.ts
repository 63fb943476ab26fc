/**
 * Win rate: how often a system is preferred, ties counted half and soft preferences as they are.
 *
 * Against a baseline it is the mean preference over the judgments of the two, with the standard error of that
 * mean (AlpacaEval). Against the field it is the mean over opponents of the win rate against each, so that
 * meeting a weak opponent often does not help.
 *
 * @see arXiv 2404.04475, section 2 (win rate against a baseline)
 */
import * as z from "zod";
import type { Comparisons } from "../data/comparisons.ts";
import { LuceError, suggestNearest } from "../errors.ts";
import type { Finding } from "../report/report.ts";
import { connectedComponents } from "./components.ts";
import { comparisonInputs, toComparisons } from "./contract.ts";
import { listNames } from "./identification.ts";
import { defineRating, type RatingFit } from "./rating.ts";

const parameters = z.object({
  /** The system that all others are rated against; the field where absent. */
  baseline: z.string().optional(),
});

/** Win rates in percent. A system that never met the baseline has none. */
export function fitWinRate(comparisons: Comparisons, { baseline }: z.output<typeof parameters> = {}): RatingFit {
  const { systems } = comparisons;
  const at = baseline === undefined ? -1 : indexOfSystem(systems, baseline);
  const pairs = countMeetings(comparisons);
  const rates = systems.map((_, i) => {
    if (i === at) return { rate: 0.5, error: 0 };
    const opponents = pairs[i];
    const met = baseline === undefined ? [...opponents.values()] : [opponents.get(at)].filter((m) => m !== undefined);
    if (met.length === 0) return { rate: Number.NaN, error: Number.NaN };
    const rate = met.reduce((sum, meeting) => sum + meeting.share / meeting.mass, 0) / met.length;
    const variance = met.reduce((sum, meeting) => sum + squaredError(meeting), 0) / met.length ** 2;
    return { rate, error: Math.sqrt(variance) };
  });
  const unmet = systems.filter((_, i) => Number.isNaN(rates[i].rate));
  const findings: Finding[] = [];
  if (unmet.length > 0) {
    findings.push({
      severity: "problem",
      text: `${listNames(unmet)} never met ${baseline ?? "another system"}: there is no win rate.`,
    });
  }
  if (baseline === undefined) {
    findings.push({
      severity: "note",
      text: "A win rate against the field depends on which opponents a system met; it compares systems fairly only where all met the same.",
      advice: "Use bradley-terry where pairs were not met equally.",
    });
  }
  return {
    systems,
    logStrengths: Float64Array.from(rates, ({ rate }) => Math.log(rate / (1 - rate))),
    standardErrors: Float64Array.from(rates, ({ rate, error }) => (error === 0 ? 0 : error / (rate * (1 - rate)))),
    covariance: null,
    components: baseline === undefined ? connectedComponents(comparisons) : new Int32Array(systems.length),
    coefficients: [],
    winProbability(i, j) {
      const meeting = pairs[i].get(j);
      return i === j ? 0.5 : meeting ? meeting.share / meeting.mass : Number.NaN;
    },
    display: "percentage",
    displayed: Float64Array.from(rates, ({ rate }) => 100 * rate),
    displayedErrors: Float64Array.from(rates, ({ error }) => 100 * error),
    findings,
  };
}

export const winRate = defineRating({
  id: "win-rate",
  name: "Average win rate",
  paper: "Length-Controlled AlpacaEval: A Simple Way to Debias Automatic Evaluators",
  arxiv: "2404.04475",
  reads: "comparisons",
  params: parameters,
  inputs: comparisonInputs,
  evaluate(inputs, params) {
    const { displayed, displayedErrors } = fitWinRate(toComparisons(inputs), params);
    return { winRates: displayed, standardErrors: displayedErrors };
  },
  fit: (comparisons: Comparisons, { baseline }) => fitWinRate(comparisons, { baseline }),
});

/** @throws LuceError `invalid-parameter` with the nearest name. */
export function indexOfSystem(systems: readonly string[], name: string): number {
  const at = systems.indexOf(name);
  if (at < 0) {
    throw new LuceError("invalid-parameter", `no system is called "${name}"`, {
      where: "--baseline",
      hint: systems.length > 30 ? suggestNearest(name, systems).slice(0, 200) : suggestNearest(name, systems),
    });
  }
  return at;
}

/** What one system scored against another. */
type Meeting = {
  count: number;
  /** Sums over judgments of w, w y, w^2, w^2 y and w^2 y^2. */
  mass: number;
  share: number;
  squaredMass: number;
  squaredShare: number;
  squares: number;
};

/** [M] opponents of each system. */
function countMeetings({ systems, left, right, outcome, count, weight }: Comparisons): Map<number, Meeting>[] {
  const meetings = systems.map(() => new Map<number, Meeting>());
  const add = (a: number, b: number, y: number, n: number, w: number) => {
    let meeting = meetings[a].get(b);
    if (!meeting) {
      meeting = { count: 0, mass: 0, share: 0, squaredMass: 0, squaredShare: 0, squares: 0 };
      meetings[a].set(b, meeting);
    }
    meeting.mass += n * w;
    meeting.squaredMass += n * w * w;
    meeting.count += n;
    meeting.share += n * w * y;
    meeting.squaredShare += n * w * w * y;
    meeting.squares += n * w * w * y * y;
  };
  for (let row = 0; row < left.length; row++) {
    const w = weight?.[row] ?? 1;
    if (left[row] === right[row] || !(count[row] * w > 0)) continue;
    add(left[row], right[row], outcome[row], count[row], w);
    add(right[row], left[row], 1 - outcome[row], count[row], w);
  }
  return meetings;
}

/** Squared standard error of the mean share; NaN for a single judgment, which has no spread. */
function squaredError({ count, mass, share, squaredMass, squaredShare, squares }: Meeting): number {
  if (count < 2) return Number.NaN;
  const mean = share / mass;
  const residuals = Math.max(0, squares - 2 * mean * squaredShare + mean * mean * squaredMass);
  return (residuals / (mass * mass)) * (count / (count - 1));
}
