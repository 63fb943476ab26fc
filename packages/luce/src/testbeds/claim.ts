import { LuceError, suggestNearest } from "../errors.ts";
import { type MeanInterval, meanInterval } from "../report/mean-interval.ts";
import type { FinishedRuns, RecipeOptions, RecipeResult, RecipeRun, Verdict } from "../report/recipe.ts";
import type { Column, Finding, Plot } from "../report/report.ts";

export type Measures = RecipeRun["measures"];

export type Curve = NonNullable<RecipeRun["curve"]>;

/** One treatment of an experiment: a method, its baseline, an ablation. All that it draws follows from the seed. */
export type Arm = {
  readonly name: string;
  run(seed: number): Promise<RecipeRun>;
};

export type Measure = Pick<Column, "label" | "format" | "digits">;

/** What the paper leads one to expect of two arms on the same seeds. */
export type Expectation = {
  /** In words, such as `DPO earns more reward than the start`. */
  readonly says: string;
  readonly arm: string;
  readonly than: string;
  readonly measure: string;
  /** By how much more the arm must have, at least; negative: it may fall short by so much. */
  readonly byAtLeast: number;
};

export type Claim = {
  readonly title: string;
  /** What the paper says. */
  readonly claim: string;
  readonly arms: readonly Arm[];
  /** The measures, by name, as the table's columns. */
  readonly measures: Readonly<Record<string, Measure>>;
  readonly expectations: readonly Expectation[];
  readonly curves?: { readonly title: string; readonly x: string; readonly y: string };
  /** What the reader should know of this miniature, such as why it cannot show the whole claim. */
  readonly notes?: readonly string[];
};

/**
 * Runs every arm on every seed and judges the expectations by paired differences with 95% intervals. Reproduced: all
 * intervals lie above `byAtLeast`; not reproduced: one lies below it; else it cannot be shown at this scale.
 *
 * @throws LuceError `invalid-parameter` for two arms of one name, and for an expectation of an arm or a measure that is
 * not there
 */
export async function testClaim(claim: Claim, options: RecipeOptions): Promise<RecipeResult> {
  const { seeds, firstSeed = 1, onProgress, finished } = options;
  requireNames(claim);
  const runs = new Map(claim.arms.map(({ name }) => [name, [] as RecipeRun[]]));
  for (let k = 0; k < seeds; k++) {
    for (const [index, arm] of claim.arms.entries()) {
      runs.get(arm.name)?.push(await runOnce(arm, firstSeed + k, finished));
      onProgress?.(k * claim.arms.length + index + 1, seeds * claim.arms.length);
    }
  }
  const valuesOf = (arm: string, measure: string) =>
    (runs.get(arm) ?? []).map(({ measures }) => measures[measure] ?? null);
  const judged = claim.expectations.map((expectation) => {
    const difference = pairedDifference(
      valuesOf(expectation.arm, expectation.measure),
      valuesOf(expectation.than, expectation.measure),
    );
    return { expectation, difference, verdict: judge(difference, expectation.byAtLeast) };
  });
  const verdict = overall(judged.map((one) => one.verdict));
  const names = Object.keys(claim.measures);
  return {
    title: claim.title,
    summary: `${claim.claim} Here: ${seeds} seeds.`,
    verdict,
    findings: [
      {
        severity: "note",
        text: `Verdict: ${verdict}. ${judged.map(inWords).join(" ")}`,
      },
      ...(claim.notes ?? []).map((text): Finding => ({ severity: "note", text })),
    ],
    tables: [
      {
        id: "arms",
        title: "Mean over the seeds, and half of its 95% interval",
        columns: [
          { key: "arm", label: "Arm" },
          ...names.flatMap((name): Column[] => [
            { key: name, ...claim.measures[name] },
            {
              key: `${name}-half`,
              label: "±",
              format: claim.measures[name].format,
              digits: claim.measures[name].digits,
            },
          ]),
        ],
        rows: claim.arms.map(({ name: arm }) => {
          const cells = names.map((name) => ({ name, interval: intervalOf(valuesOf(arm, name)) }));
          return {
            arm,
            ...Object.fromEntries(cells.map(({ name, interval }) => [name, interval ? interval.mean : null])),
            ...Object.fromEntries(
              cells.map(({ name, interval }) => [`${name}-half`, interval && interval.upper - interval.mean]),
            ),
          };
        }),
      },
    ],
    plots: [
      ...plotMeasure(claim, (arm, measure) => intervalOf(valuesOf(arm, measure))),
      ...(claim.curves ? [plotCurves(claim.curves, runs)] : []),
    ],
  };
}

async function runOnce(arm: Arm, seed: number, finished: FinishedRuns | undefined): Promise<RecipeRun> {
  const known = finished?.find(arm.name, seed);
  if (known) return known;
  const run = await arm.run(seed);
  await finished?.keep(arm.name, seed, run);
  return run;
}

/** A name that is mistyped would read as a measure that no seed could take. */
function requireNames({ title, arms, measures, expectations }: Claim): void {
  const names = arms.map(({ name }) => name);
  const twice = names.find((name, n) => names.indexOf(name) !== n);
  if (twice !== undefined) {
    throw new LuceError("invalid-parameter", `two arms are called "${twice}"`, { where: title });
  }
  for (const { says, arm, than, measure } of expectations) {
    const named = [
      { kind: "arm", name: arm, known: names },
      { kind: "arm", name: than, known: names },
      { kind: "measure", name: measure, known: Object.keys(measures) },
    ];
    for (const { kind, name, known } of named) {
      if (known.includes(name)) continue;
      throw new LuceError("invalid-parameter", `there is no ${kind} "${name}"`, {
        where: `${title}: "${says}"`,
        hint: suggestNearest(name, known),
      });
    }
  }
}

/** The mean of what could be measured, with its interval; null for fewer than two. */
export function intervalOf(values: readonly (number | null)[]): MeanInterval | null {
  const measured = values.filter((value) => value !== null);
  return measured.length < 2 ? null : meanInterval(measured);
}

/** Differences on the seeds on which both could be measured; null where those are fewer than two. */
function pairedDifference(own: readonly (number | null)[], other: readonly (number | null)[]): MeanInterval | null {
  return intervalOf(
    own.map((value, seed) => {
      const against = other[seed] ?? null;
      return value === null || against === null ? null : value - against;
    }),
  );
}

function judge(difference: MeanInterval | null, byAtLeast: number): Verdict {
  if (difference === null) return "cannot be shown at this scale";
  if (difference.lower >= byAtLeast) return "reproduced";
  return difference.upper < byAtLeast ? "not reproduced" : "cannot be shown at this scale";
}

function overall(verdicts: readonly Verdict[]): Verdict {
  const worst = (["not reproduced", "cannot be shown at this scale"] as const).find((one) => verdicts.includes(one));
  return worst ?? "reproduced";
}

function inWords({ expectation, difference }: { expectation: Expectation; difference: MeanInterval | null }): string {
  const { says, byAtLeast } = expectation;
  if (difference === null) return `${says}: could not be measured on two seeds.`;
  const [mean, lower, upper] = [difference.mean, difference.lower, difference.upper].map((value) => value.toFixed(3));
  return `${says}: the difference is ${mean} (95% interval ${lower} to ${upper}; expected at least ${byAtLeast}).`;
}

/** The measure of the first expectation, arm by arm. */
function plotMeasure(
  { arms, measures, expectations }: Claim,
  read: (arm: string, measure: string) => MeanInterval | null,
): Plot[] {
  if (expectations.length === 0) return [];
  const [{ measure }] = expectations;
  const { label } = measures[measure];
  const points = arms.flatMap(({ name }) => {
    const interval = read(name, measure);
    return interval ? [{ label: name, value: interval.mean, lower: interval.lower, upper: interval.upper }] : [];
  });
  const x = `${label} (mean over the seeds, 95% interval)`;
  return [{ kind: "intervals", id: "measure", title: label, x, points }];
}

function plotCurves(
  { title, x, y }: NonNullable<Claim["curves"]>,
  runs: ReadonlyMap<string, readonly RecipeRun[]>,
): Plot {
  return {
    kind: "lines",
    id: "curves",
    title,
    x,
    y,
    series: [...runs].flatMap(([name, ofSeeds]) => {
      const points = meanCurve(ofSeeds.flatMap(({ curve }) => (curve ? [curve] : [])));
      return points.length > 0 ? [{ name, points }] : [];
    }),
  };
}

/** Point by point: curves of one arm have the same number of points. */
function meanCurve(curves: readonly Curve[]): { x: number; y: number }[] {
  if (curves.length === 0) return [];
  const mean = (read: (curve: Curve) => number) => curves.reduce((sum, curve) => sum + read(curve), 0) / curves.length;
  return curves[0].map((_, point) => ({ x: mean((curve) => curve[point].x), y: mean((curve) => curve[point].y) }));
}
