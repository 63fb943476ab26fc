import path from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { LuceError } from "luce/errors";
import type { Finding, RecipeResult, Report } from "luce/report";
import { type ObjectiveRun, objectiveTables, policyObjectives, tryObjective } from "luce/testbeds";
import { emitReport, print, provenance, withInterruption, withProgress } from "../output.ts";
import { type Ledger, listRecipes, loadRecipe, openKeptRuns, openLedger } from "../recipe-folder.ts";

type RunOptions = { seeds: number; all?: boolean; budget?: number; out: string; json?: boolean; html?: string };

export const command = new Command()
  .description("Re-run published claims in miniature, each against its baseline over several seeds.")
  .addHelpText(
    "after",
    `
Examples:
  luce recipe list
  luce recipe run dpo
  luce recipe run dpo --seeds 10 --html dpo.html             run it again to go on where it was stopped
  luce recipe run --all --budget 20m --html recipes.html     run it again to go on where the time was up`,
  );

subcommand("list")
  .description("List the recipes with the claims they re-run.")
  .option("--json", "print { recipes: [ { id, title, claim } ] }")
  .action(async ({ json }: { json?: boolean }) => {
    const recipes = await Promise.all((await listRecipes()).map(loadRecipe));
    const described = recipes.map(({ id, title, claim }) => ({ id, title, claim }));
    print(
      json
        ? `${JSON.stringify({ recipes: described }, null, 2)}\n`
        : described.map(({ id, title }) => `${id.padEnd(26)} ${title}\n`).join(""),
    );
  });

subcommand("run")
  .description("Run one recipe, or all of them and the table of all objectives on one world, as one report.")
  .argument("[slug]", "the recipe; see luce recipe list")
  .option("--seeds <count>", "runs, each on a seed of its own", toSeeds, 5)
  .option("--all", "every recipe and the table of all objectives")
  .option("--budget <time>", "with --all: begin nothing new after this time, such as 90s, 20m or 2h", toSeconds)
  .option("--out <folder>", "where finished parts are kept, so that a run that was stopped goes on", ".luce/recipes")
  .option("--json", "print the report as JSON")
  .option("--html <file>", "write a self-contained HTML report")
  .action(async (slug: string | undefined, options: RunOptions) => {
    if ((slug === undefined) === !options.all) {
      throw new LuceError("invalid-parameter", "name one recipe, or give --all", {
        hint: "luce recipe list shows them",
      });
    }
    const report = slug === undefined ? await runAll(options) : await runOne(slug, options);
    await emitReport(report, options);
  });

/** A command of this command, whose errors are shown as those of the others. */
function subcommand(name: string): Command {
  return command
    .command(name)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
}

async function runOne(slug: string, { seeds, out }: RunOptions): Promise<Report> {
  const recipe = await loadRecipe(slug);
  const runs = await openKeptRuns(out, slug);
  const { verdict: _, ...result } = await withProgress(slug, seeds, (progress) =>
    recipe.run({ seeds, finished: runs, onProgress: (done, total) => progress.at((done / total) * seeds) }),
  );
  await runs.forget();
  const resumed: Finding[] =
    runs.found() > 0
      ? [
          {
            severity: "note",
            text: `${runs.found()} of its runs are from before it was stopped, and were not repeated.`,
          },
        ]
      : [];
  return { ...result, findings: [...result.findings, ...resumed], provenance: provenance({ seed: 1 }) };
}

type Task = {
  readonly name: string;
  readonly isDone: () => boolean;
  /** `onShare` hears how much of it is done, from 0 to 1. */
  readonly run: (signal: AbortSignal, onShare: (share: number) => void) => Promise<void>;
};

async function runAll(options: RunOptions): Promise<Report> {
  const recipes = await openLedger<RecipeResult>(path.join(options.out, "recipes.jsonl"));
  const objectives = await openLedger<ObjectiveRun>(path.join(options.out, "objectives.jsonl"));
  const tasks = await listTasks(options, recipes, objectives);
  const deadline = Date.now() + 1000 * (options.budget ?? Number.POSITIVE_INFINITY);
  const failures: string[] = [];
  await withInterruption((signal) =>
    withProgress("recipes", tasks.length, async (progress) => {
      for (const [n, task] of tasks.entries()) {
        if (signal.aborted) throw signal.reason;
        if (Date.now() >= deadline) return;
        if (!task.isDone()) {
          progress.at(n, task.name);
          await task
            .run(signal, (share) => progress.at(n + share))
            .catch((error) => {
              if (signal.aborted || !(error instanceof LuceError)) throw error;
              failures.push(`${task.name}: ${error.line}`);
            });
        }
        progress.at(n + 1);
      }
    }),
  );
  return reportAll(options, await listRecipes(), recipes, objectives, tasks, failures);
}

/** One seed of every objective first, then the recipes, then the other seeds: early results span everything. */
async function listTasks(
  { seeds, out }: RunOptions,
  recipes: Ledger<RecipeResult>,
  objectives: Ledger<ObjectiveRun>,
): Promise<Task[]> {
  const tried = await policyObjectives();
  const ofSeed = (seed: number) =>
    tried.map((objective): Task => {
      const key = `${objective.id} ${seed}`;
      return {
        name: `${objective.id} on seed ${seed}`,
        isDone: () => objectives.entries.has(key),
        run: async () => objectives.add(key, await tryObjective(objective, seed)),
      };
    });
  const claims = (await listRecipes()).map((slug): Task => {
    const key = recipeKey(slug, seeds);
    return {
      name: `recipe ${slug}`,
      isDone: () => recipes.entries.has(key),
      async run(signal, onShare) {
        const recipe = await loadRecipe(slug);
        const runs = await openKeptRuns(out, slug);
        const find: typeof runs.find = (arm, seed) => {
          signal.throwIfAborted();
          return runs.find(arm, seed);
        };
        const onProgress = (done: number, total: number) => onShare(done / total);
        await recipes.add(key, await recipe.run({ seeds, finished: { ...runs, find }, onProgress }));
        await runs.forget();
      },
    };
  });
  const rest = Array.from({ length: seeds - 1 }, (_, n) => ofSeed(n + 2)).flat();
  return [...ofSeed(1), ...claims, ...rest];
}

function recipeKey(slug: string, seeds: number): string {
  return `${slug} ${seeds} seeds`;
}

function reportAll(
  { seeds, out }: RunOptions,
  slugs: readonly string[],
  recipes: Ledger<RecipeResult>,
  objectives: Ledger<ObjectiveRun>,
  tasks: readonly Task[],
  failures: readonly string[],
): Report {
  const comparison = objectiveTables([...objectives.entries.values()].filter(({ seed }) => seed <= seeds));
  const waiting = tasks.filter((task) => !task.isDone());
  return {
    title: "Recipes: published claims in miniature",
    summary: `${slugs.length} recipes and the objectives on one world, ${seeds} seeds. Finished results are kept in ${out}.`,
    findings: [
      ...failures.map((text) => ({ severity: "problem" as const, text })),
      ...(waiting.length > 0
        ? [
            {
              severity: "caution" as const,
              text: `${waiting.length} of ${tasks.length} parts have not been run: ${waiting
                .slice(0, 5)
                .map(({ name }) => name)
                .join(", ")}${waiting.length > 5 ? ", …" : ""}.`,
              advice: "Run the same command again to go on.",
            },
          ]
        : []),
    ],
    tables: [
      ...comparison.tables,
      {
        id: "recipes",
        title: "Claims",
        columns: [
          { key: "recipe", label: "Recipe" },
          { key: "verdict", label: "Verdict" },
          { key: "finding", label: "In numbers", format: "prose" },
        ],
        rows: slugs.map((slug) => {
          const result = recipes.entries.get(recipeKey(slug, seeds));
          return {
            recipe: slug,
            verdict: result?.verdict ?? "not run yet",
            finding: result?.findings[0]?.text.replace(/^Verdict: [^.]*\. /, "") ?? null,
          };
        }),
      },
    ],
    plots: comparison.plots,
    provenance: provenance({ seed: 1 }),
  };
}

function toSeeds(text: string): number {
  const seeds = Number(text);
  if (Number.isInteger(seeds) && seeds >= 2) return seeds;
  throw new InvalidArgumentError("expected a whole number of at least 2: an interval needs two runs.");
}

const SECONDS = { s: 1, m: 60, h: 3600 } as const;

function toSeconds(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smh])$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError("expected a time such as 90s, 20m or 2h.");
  return Number(amount) * SECONDS[unit as keyof typeof SECONDS];
}
