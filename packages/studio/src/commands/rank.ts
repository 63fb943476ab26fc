import { Command, InvalidArgumentError, Option } from "commander";
import { createRandom, loadMethod, methodIds, parseParameters } from "luce";
import type { Comparisons, Rankings } from "luce/data";
import type { VoteFile, Where } from "luce/data/files";
import { LuceError, suggestNearest } from "luce/errors";
import {
  convergencePlot,
  DEFAULT_MARGIN,
  fitGrowingShares,
  type Ranking,
  type RatingMethod,
  rankingReport,
  rankVotes,
} from "luce/rank";
import type { Finding, Report, Table } from "luce/report";
import { emitReport, provenance, withProgress } from "../output.ts";
import { readingFindings, toColumns, toList, toSeed } from "../vote-options.ts";
import { withReading, withVotes } from "../votes.ts";

type Options = {
  method: string;
  params: Record<string, unknown>;
  baseline?: string;
  covariates?: string[];
  cluster?: "annotator" | "prompt";
  bootstrap?: number;
  stratify?: boolean;
  margin?: number;
  prior?: number | true;
  by?: string;
  seed: number;
  format?: string;
  columns?: Record<string, string>;
  rejects?: string;
  json?: boolean;
  html?: string;
  csv?: string;
};

/** More groups than this are no categories. */
const MOST_GROUPS = 100;

export const command = new Command()
  .description("Turn judgments into a leaderboard: ratings, how sure they are, and which differences are real.")
  .argument("<file>", "judgments: CSV, TSV, JSONL, Parquet or another known format")
  .option("--method <method>", "rating method; see luce methods --kind rating", "bradley-terry")
  .option("--params <name=value...>", "parameters of the method; see luce methods", toParameters, {})
  .option("--baseline <system>", "the system that win rates are against")
  .option("--covariates <names>", "what to control for, such as length,headers", toList)
  .addOption(
    new Option("--cluster <field>", "take the judgments of one annotator or prompt as dependent").choices([
      "annotator",
      "prompt",
    ]),
  )
  .option("--bootstrap <replicates>", "intervals from this many bootstrap replicates", toCount)
  .option("--stratify", "let the bootstrap keep each pair's number of judgments")
  .option("--margin <points>", "differences below this many Elo points do not matter (default: 20)", toPoints)
  .option("--prior [deviation]", "normal prior on strengths with this standard deviation in log-odds (1)", toPoints)
  .option("--by <field>", "also one leaderboard for each value of a field, such as category")
  .option("--seed <number>", "seed of what is drawn", toSeed, 1)
  .option("--format <format>", "read the file as this format")
  .option("--columns <pairs>", "which column is what, such as left=model_a,right=model_b,winner=choice", toColumns)
  .option("--rejects <file>", "keep rows that cannot be read in this file")
  .option("--json", "print the leaderboard as JSON (schema luce.ranking/1)")
  .option("--html <file>", "write a self-contained HTML report")
  .option("--csv <file>", "write the tables as CSV")
  .addHelpText(
    "after",
    `
Examples:
  luce rank votes.csv
  luce rank votes.csv --method davidson --cluster annotator --html leaderboard.html
  luce rank votes.parquet --bootstrap 200 --stratify --json
  luce rank votes.jsonl --method style-controlled-bt --covariates length,headers --by category
  luce rank alpaca.csv --method length-controlled-win-rate --baseline gpt4_1106_preview
  luce rank few-votes.csv --prior 1.5`,
  )
  .action(async (path: string, options: Options) => {
    const method = await loadRating(options.method);
    const params = parseParameters(method, { ...options.params, ...sharedParameters(method, options) });
    const { name, inputs, overall, parts } = await withVotes(path, options, async (file) => ({
      name: file.fingerprint.name,
      inputs: [file.fingerprint],
      overall: await readForMethod(file, method, options),
      parts: options.by === undefined ? [] : await readGroups(file, options.by, method, options),
    }));
    const origin = provenance({ inputs, seed: options.seed });
    const rate = (read: ReadVotes, title: string) => rankRead(read, title, method, params, options, origin);
    const { ranking, report } = await rate(overall, `Leaderboard of ${name}`);
    const groups: Group[] = [];
    for (const { value, ...read } of parts) groups.push({ value, ...(await rate(read, `${options.by} ${value}`)) });
    await emitReport(groups.length > 0 ? withGroups(report, options.by!, ranking, groups) : report, {
      json:
        options.json &&
        (options.by === undefined
          ? ranking
          : { ...ranking, by: options.by, groups: groups.map(({ value, ranking: own }) => ({ value, ...own })) }),
      html: options.html,
      csv: options.csv,
    });
  });

async function loadRating(id: string): Promise<RatingMethod> {
  const method = await loadMethod(id);
  if (method.kind !== "rating") {
    throw new LuceError("invalid-parameter", `${id} is a ${method.kind} and not a rating`, {
      where: "--method",
      hint: suggestNearest(id, methodIds),
    });
  }
  return method as RatingMethod;
}

/** Options that mean the same for every method that has them. */
function sharedParameters(method: RatingMethod, { baseline, prior, covariates }: Options): Record<string, unknown> {
  const has = (name: string, option: string) => {
    if (Object.hasOwn(method.params.shape, name)) return;
    throw new LuceError("invalid-parameter", `${method.id} takes no ${option}`, {
      where: option,
      hint: `its parameters are ${Object.keys(method.params.shape).join(", ") || "none"}`,
    });
  };
  if (baseline !== undefined) has("baseline", "--baseline");
  if (prior !== undefined) has("regularization", "--prior");
  if (covariates !== undefined && !method.usesCovariates) {
    throw new LuceError("invalid-parameter", `${method.id} controls for nothing`, {
      where: "--covariates",
      hint: "use --method style-controlled-bt",
    });
  }
  return {
    ...(baseline === undefined ? {} : { baseline }),
    ...(prior === undefined ? {} : { regularization: 1 / (prior === true ? 1 : prior) ** 2 }),
  };
}

/** Judgments as the method reads them, and what their reading left out. */
type ReadVotes = { votes: Comparisons | Rankings; findings: Finding[]; isPart: boolean };

async function readForMethod(
  file: VoteFile,
  method: RatingMethod,
  { cluster, covariates }: Options,
  where?: Where,
): Promise<ReadVotes> {
  const clusterBy = method.needs?.cluster ?? cluster;
  const request = {
    ...(where && { where }),
    ...(clusterBy && { cluster: clusterBy }),
    ordered: method.reads.startsWith("ordered"),
  };
  const names = covariates ?? method.needs?.covariates;
  const votes = await withReading<Comparisons | Rankings>("reading judgments", file, () =>
    method.reads.endsWith("rankings")
      ? file.readRankings(request)
      : file.countComparisons({ ...request, ...(method.usesCovariates && names && { covariates: names }) }),
  );
  return { votes, findings: readingFindings(file), isPart: where !== undefined };
}

async function readGroups(
  file: VoteFile,
  by: string,
  method: RatingMethod,
  options: Options,
): Promise<(ReadVotes & { value: string })[]> {
  const values = await file.groups(by);
  if (values.length === 0) {
    throw new LuceError("invalid-parameter", `no judgment has a field "${by}"`, {
      where: "--by",
      hint: "luce inspect lists what the file holds",
    });
  }
  if (values.length > MOST_GROUPS) {
    throw new LuceError("invalid-parameter", `${by} has ${values.length} values, too many for a leaderboard each`, {
      where: "--by",
      hint: `choose a field with at most ${MOST_GROUPS}`,
    });
  }
  const groups: (ReadVotes & { value: string })[] = [];
  for (const value of values) {
    groups.push({ value, ...(await readForMethod(file, method, options, { field: by, value })) });
  }
  return groups;
}

type Ranked = { ranking: Ranking; report: Report };
type Group = Ranked & { value: string };

/** Above this many judgments, fitting shares of them takes long where each fit plays every judgment. */
const MOST_PLAYED = 100_000;

async function rankRead(
  { votes, findings, isPart }: ReadVotes,
  title: string,
  method: RatingMethod,
  params: Record<string, unknown>,
  { bootstrap, stratify, margin, seed, html }: Options,
  origin: Ranking["provenance"],
): Promise<Ranked> {
  const { ranking, fit } = await withProgress("rating", bootstrap ?? 100, (progress) =>
    rankVotes(method, votes, {
      params,
      bootstrap,
      stratified: stratify,
      margin: margin === undefined ? DEFAULT_MARGIN : (margin * Math.LN10) / 400,
      seed,
      findings,
      provenance: origin,
      onReplicate: (done) => progress.at(done),
    }),
  );
  const report = rankingReport(ranking, title, fit.display);
  // Only a page shows how ratings settle, and an ordered method does not rate by counts.
  const isSlow = fit.standardErrors === null && ranking.judgments > MOST_PLAYED;
  if (html === undefined || isPart || isSlow || method.reads.startsWith("ordered")) return { ranking, report };
  const parts = fitGrowingShares(
    method,
    votes,
    { ...params, random: createRandom(seed) },
    { random: createRandom(seed) },
  );
  return { ranking, report: { ...report, plots: [...report.plots, ...convergencePlot(parts)] } };
}

/** The overall report, with ranks by group in one table and each group's own leaderboard after it. */
function withGroups(report: Report, by: string, overall: Ranking, groups: readonly Group[]): Report {
  const rankOf = new Map(
    groups.map(({ value, ranking }) => [value, new Map(ranking.ratings.map((row) => [row.system, row.rank]))]),
  );
  const ranks: Table = {
    id: "by",
    title: `Ranks by ${by}`,
    columns: [
      { key: "system", label: "System" },
      { key: "overall", label: "Overall", format: "integer" },
      ...groups.map(({ value }, g) => ({ key: `g${g}`, label: value, format: "integer" }) as const),
    ],
    rows: overall.ratings.map(({ system, rank }) => ({
      system,
      overall: rank,
      ...Object.fromEntries(groups.map(({ value }, g) => [`g${g}`, rankOf.get(value)?.get(system) ?? null])),
    })),
  };
  const own = groups.map(({ value, report: { tables } }, g) => ({
    ...tables[0],
    id: `leaderboard-${g + 1}`,
    title: `${by} ${value}`,
  }));
  const findings = groups.flatMap(({ value, ranking }) =>
    ranking.findings
      .filter(({ severity }) => severity === "problem")
      .map((finding) => ({ ...finding, text: `${by} ${value}: ${finding.text}` })),
  );
  return {
    ...report,
    findings: [...report.findings, ...findings],
    tables: [...report.tables, ranks, ...own],
  };
}

/** `k=32` into the parameters so far; numbers and true or false are read as such. */
function toParameters(pair: string, previous: Record<string, unknown>): Record<string, unknown> {
  const at = pair.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("write name=value");
  const text = pair.slice(at + 1);
  const value =
    text === "true"
      ? true
      : text === "false"
        ? false
        : text !== "" && Number.isFinite(Number(text))
          ? Number(text)
          : text;
  return { ...previous, [pair.slice(0, at)]: value };
}

function toCount(value: string): number {
  const count = Number(value);
  if (!Number.isInteger(count) || count < 2) throw new InvalidArgumentError("give a whole number of at least 2");
  return count;
}

function toPoints(value: string): number {
  const points = Number(value);
  if (!(points > 0) || !Number.isFinite(points)) throw new InvalidArgumentError("give a number above 0");
  return points;
}
