import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Command } from "commander";
import { createRandom } from "luce";
import { openVotes, writeJudgments } from "luce/data/files";
import { LuceError } from "luce/errors";
import { toJson } from "luce/json";
import {
  displayRating,
  fitBradleyTerry,
  kendallTau,
  type Ranking,
  rankingReport,
  spearman,
  toRanking,
} from "luce/rank";
import { type Finding, formatCell, type Report, renderHtml, renderTerminal } from "luce/report";
import { type Crowd, crowdJudgments, simulateCrowd } from "luce/testbeds";
import { print, provenance, replaceFileAtomically, terminal, withProgress, writeFileAtomically } from "../output.ts";
import { atLeast, toSeed } from "../vote-options.ts";

type Options = { seed: number; votes: number; systems: number; out: string; json?: boolean };

/** Mild faults, as real crowds have them: audits find them, and they move no rating by much. */
const CROWD = {
  annotators: 100,
  strengthSpread: 0.7,
  ties: 0.2,
  noise: 0.1,
  positionBias: 0.15,
  lengthBias: 0.25,
  categorySpread: 0.15,
  spammers: 0.01,
  duplicates: 0.01,
  annotatorsPerPair: 2,
};

const CORRELATION = { format: "decimal", digits: 2 } as const;

export const command = new Command()
  .description(
    "Simulate an arena whose truth is known, rate its systems from the votes, and show both side by side.\nWrites the votes (votes.jsonl) and the report (report.html) into a folder.",
  )
  .option("--seed <number>", "another seed, another arena", toSeed, 1)
  .option("--votes <number>", "how many votes", atLeast(1), 6000)
  .option("--systems <number>", "how many systems", atLeast(2), 20)
  .option("--out <folder>", "where the votes and the report go", "luce-arena")
  .option("--json", "print the leaderboard, the truth and their agreement as JSON")
  .addHelpText(
    "after",
    "\nExamples:\n  luce start\n  luce start --systems 60 --votes 50000 --seed 7\n  luce start --json",
  )
  .action(async ({ seed, votes, systems, out, json }: Options) => {
    const files = { votes: path.join(out, "votes.jsonl"), report: path.join(out, "report.html") };
    await makeFolder(out);
    const crowd = simulateCrowd({ ...CROWD, seed, votes, systems });
    await withProgress("simulating votes", votes, ({ at }) =>
      replaceFileAtomically(files.votes, async (temporary) => {
        await writeJudgments(crowdJudgments(crowd), "luce", temporary, at);
      }),
    );
    const ranking = await withProgress("rating systems", undefined, () => rate(files.votes, seed));
    const agreement = compareWithTruth(ranking, crowd);
    const report = reportBeside(ranking, agreement);
    await writeFileAtomically(files.report, await renderHtml(report));
    if (json) print(toJson({ ...ranking, ...agreement, files }));
    else print(`${renderTerminal(firstScreen(report), terminal())}\n${nextSteps(files)}`);
  });

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    throw new LuceError("unreadable", "no folder can be made here", {
      where: folder,
      hint: "name another with --out",
      cause,
    });
  }
}

/** From the file, as votes of real people would be read. */
async function rate(file: string, seed: number): Promise<Ranking> {
  const opened = await openVotes(file);
  try {
    const votes = await opened.countComparisons({ cluster: "annotator" });
    const random = createRandom(seed);
    return toRanking({
      method: "bradley-terry",
      fit: fitBradleyTerry(votes, { random }),
      votes,
      margin: 0,
      random,
      provenance: provenance({ inputs: [opened.fingerprint], seed }),
    });
  } finally {
    await opened.close();
  }
}

type Agreement = {
  truth: { system: string; rating: number; logit: number; rank: number; insideInterval: boolean | null }[];
  /** Of the systems with an interval, how many hold the truth; and how the two rankings correlate. */
  agreement: { intervals: number; insideInterval: number; kendallTau: number | null; spearman: number | null };
};

/** The truth of each rated system, in the order of the ranking. */
function compareWithTruth({ ratings }: Ranking, { votes, truth: { strengths } }: Crowd): Agreement {
  const strengthOf = new Map(votes.systems.map((system, i) => [system, strengths[i]]));
  const logits = ratings.map(({ system }) => strengthOf.get(system) ?? Number.NaN);
  const truth = ratings.map(({ system, lower, upper }, n) => {
    const rating = displayRating(logits[n]);
    return {
      system,
      rating,
      logit: logits[n],
      rank: 1 + logits.filter((logit) => logit > logits[n]).length,
      insideInterval: lower === null || upper === null ? null : lower <= rating && rating <= upper,
    };
  });
  const rated = ratings.flatMap(({ logit }, n) => (logit === null ? [] : [{ estimate: logit, truth: logits[n] }]));
  const [estimates, truths] = [rated.map(({ estimate }) => estimate), rated.map((row) => row.truth)];
  return {
    truth,
    agreement: {
      intervals: truth.filter(({ insideInterval }) => insideInterval !== null).length,
      insideInterval: truth.filter(({ insideInterval }) => insideInterval).length,
      kendallTau: kendallTau(estimates, truths),
      spearman: spearman(estimates, truths),
    },
  };
}

/** The report of the ranking with the truth in its first table and its intervals. */
function reportBeside(ranking: Ranking, { truth, agreement }: Agreement): Report {
  const report = rankingReport(ranking, "A simulated arena");
  const [leaderboard, ...tables] = report.tables;
  const truthOf = new Map(truth.map(({ system, rating }) => [system, rating]));
  return {
    ...report,
    findings: [
      ...report.findings.filter(({ severity }) => severity === "problem"),
      agreementFinding(agreement),
      ...report.findings.filter(({ severity }) => severity !== "problem"),
    ],
    tables: [
      {
        ...leaderboard,
        caption: "Ratings from the votes alone, beside the strengths that the votes were drawn from.",
        columns: insertAfter(leaderboard.columns, "rating", [
          { key: "truth", label: "Truth", format: "integer" },
          { key: "inside", label: "Inside" },
        ]),
        rows: leaderboard.rows.map((row, n) => ({
          ...row,
          truth: truth[n].rating,
          inside: truth[n].insideInterval,
        })),
      },
      ...tables,
    ],
    plots: report.plots.map((plot) =>
      plot.kind === "intervals"
        ? { ...plot, points: plot.points.map((point) => ({ ...point, truth: truthOf.get(point.label) })) }
        : plot,
    ),
  };
}

function agreementFinding({ intervals, insideInterval, kendallTau, spearman }: Agreement["agreement"]): Finding {
  return {
    severity: "note",
    text: `${insideInterval} of ${intervals} true strengths lie in their 95% intervals; the ranking agrees with the true one to Kendall's tau ${formatCell(kendallTau, CORRELATION)} and Spearman's rho ${formatCell(spearman, CORRELATION)}.`,
  };
}

function insertAfter<T extends { key: string }>(columns: readonly T[], key: string, inserted: T[]): T[] {
  const at = columns.findIndex((column) => column.key === key) + 1;
  return [...columns.slice(0, at), ...inserted, ...columns.slice(at)];
}

const FIRST_COLUMNS = ["rank", "system", "rating", "truth", "inside"];

/** What fits a terminal: the findings and the leaderboard with its intervals in its rows. */
function firstScreen(report: Report): Report {
  const [{ columns, ...leaderboard }] = report.tables;
  return {
    ...report,
    tables: [{ ...leaderboard, columns: columns.filter(({ key }) => FIRST_COLUMNS.includes(key)) }],
    plots: report.plots.filter(({ kind }) => kind === "intervals"),
  };
}

function nextSteps({ votes, report }: { votes: string; report: string }): string {
  return `Report   ${report} (open it in a browser)
Votes    ${votes}
Next     npx luce audit ${votes}
         npx luce rank your-votes.csv
`;
}
