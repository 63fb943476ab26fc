import { LuceError } from "../../errors.ts";
import { loadMethods } from "../../methods.ts";
import { isObjective, type Objective } from "../../objectives/index.ts";
import type { Plot, Table } from "../../report/report.ts";
import { intervalOf } from "../claim.ts";
import { alignInstructions } from "./alignment.ts";
import { EQUAL_KL, measuresOf } from "./arms.ts";

/** Share of the verdicts turned upside down where robustness is measured. */
const FLIPS = 0.2;

/** One objective on one seed: what it came to with honest labels and with flipped ones, or why it cannot be tried. */
export type ObjectiveRun = {
  readonly objective: string;
  readonly seed: number;
  readonly honest: ReturnType<typeof measuresOf> | null;
  readonly flipped: ReturnType<typeof measuresOf> | null;
  /** What the world does not give it. */
  readonly lacks: string | null;
};

/** Every registered objective that trains a policy, in the order of the registry. */
export async function policyObjectives(): Promise<Objective[]> {
  return (await loadMethods())
    .filter(isObjective)
    .filter(({ kind, family }) => kind === "objective" && family !== "denoising");
}

/** Tries an objective with its defaults on the tiny transformer, as every other is tried. */
export async function tryObjective(objective: Objective, seed: number): Promise<ObjectiveRun> {
  const run = { objective: objective.id, seed };
  try {
    const honest = measuresOf(await alignInstructions({ objective }, seed));
    const flipped = measuresOf(await alignInstructions({ objective, flips: FLIPS }, seed));
    return { ...run, honest, flipped, lacks: null };
  } catch (error) {
    if (error instanceof LuceError && error.code === "unsupported") {
      return { ...run, honest: null, flipped: null, lacks: error.message };
    }
    throw error;
  }
}

/** The table of all objectives on the same world, best first, with the ones that cannot be tried on it apart. */
export function objectiveTables(runs: readonly ObjectiveRun[]): { tables: Table[]; plots: Plot[] } {
  const byObjective = Map.groupBy(runs, ({ objective }) => objective);
  const rows = [...byObjective].flatMap(([objective, ofSeeds]) => {
    const done = ofSeeds.filter(({ honest }) => honest !== null);
    if (done.length === 0) return [];
    type Read = (run: ObjectiveRun) => number | null | undefined;
    // The mean over those seeds alone that got far enough would be that of a selection.
    const measured = (read: Read) => {
      const values = done.map((run) => read(run) ?? null).filter((value) => value !== null);
      return values.length === done.length ? values : [];
    };
    const interval = (read: Read) => intervalOf(measured(read));
    const mean = (read: Read) => {
      const values = measured(read);
      return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    };
    const reward = interval((run) => run.honest?.rewardAtKl);
    const flipped = interval((run) => run.flipped?.rewardAtKl);
    return [
      {
        objective,
        reward: mean((run) => run.honest?.rewardAtKl),
        half: reward && reward.upper - reward.mean,
        best: mean((run) => run.honest?.bestReward),
        accuracy: mean((run) => run.honest?.rankingAccuracy),
        length: mean((run) => run.honest?.lengthAtKl),
        flipped: mean((run) => run.flipped?.rewardAtKl),
        flippedHalf: flipped && flipped.upper - flipped.mean,
        kl: mean((run) => run.honest?.finalKl),
        seeds: done.length,
      },
    ];
  });
  rows.sort((a, b) => (b.reward ?? Number.NEGATIVE_INFINITY) - (a.reward ?? Number.NEGATIVE_INFINITY));
  const lacking = [...byObjective].flatMap(([objective, [{ lacks }]]) =>
    lacks === null ? [] : [{ objective, lacks }],
  );
  const decimal = { format: "decimal", digits: 2 } as const;
  return {
    tables: [
      {
        id: "objectives",
        title: "All objectives on one world",
        caption: `A tiny transformer, 40 steps of 32 responses, default parameters. Rewards (at most 4) where the policy is ${EQUAL_KL} nats from its start; ± is half of a 95% interval over seeds; empty where a seed never got there.`,
        columns: [
          { key: "objective", label: "Objective" },
          { key: "reward", label: "Reward at equal KL", ...decimal },
          { key: "half", label: "±", ...decimal },
          { key: "flipped", label: "20% flipped", ...decimal },
          { key: "flippedHalf", label: "±", ...decimal },
          { key: "accuracy", label: "Ranking accuracy", format: "percent", digits: 1 },
          { key: "length", label: "Bytes", ...decimal },
          { key: "best", label: "Best reward", ...decimal },
          { key: "kl", label: "KL at the end", ...decimal },
          { key: "seeds", label: "Seeds", format: "integer" },
        ],
        rows,
      },
      ...(lacking.length > 0
        ? [
            {
              id: "not-on-this-world",
              title: "Objectives that need evidence this world does not give: see their own recipes",
              columns: [
                { key: "objective", label: "Objective" },
                { key: "lacks", label: "What it lacks", format: "prose" as const },
              ],
              rows: lacking,
            },
          ]
        : []),
    ],
    plots: [
      {
        id: "reward-at-equal-kl",
        kind: "intervals",
        title: "Reward at equal KL",
        x: "mean true reward",
        points: rows.map(({ objective, reward, half }) => ({
          label: objective,
          value: reward ?? Number.NaN,
          lower: reward !== null && half !== null ? reward - half : null,
          upper: reward !== null && half !== null ? reward + half : null,
        })),
      },
    ],
  };
}
