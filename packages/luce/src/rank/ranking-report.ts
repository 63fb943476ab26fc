import type { Cell, Plot, Report, Table } from "../report/report.ts";
import type { Ranking } from "./ranking.ts";

/** Plots of more systems than this cannot be read. */
const PLOT_LIMIT = 400;

/** A leaderboard as a report: the table, intervals, neighbours told apart or not, and who beats whom. */
export function rankingReport(ranking: Ranking, title: string, unit: "elo" | "percentage" | "score" = "elo"): Report {
  const { ratings, decisions, coefficients, judgments, method } = ranking;
  const several = ratings.some(({ group }) => group > 1);
  const label = unit === "percentage" ? "Win rate, %" : unit === "score" ? "Score" : "Rating";
  const digits = unit === "elo" ? 0 : 2;
  const leaderboard: Table = {
    id: "leaderboard",
    title: "Leaderboard",
    columns: [
      { key: "rank", label: "Rank", format: "integer" },
      { key: "system", label: "System" },
      { key: "rating", label, format: "decimal", digits },
      { key: "ranks", label: "95% ranks" },
      { key: "lower", label: "Lower", format: "decimal", digits },
      { key: "upper", label: "Upper", format: "decimal", digits },
      { key: "best", label: "P(best)", format: "percent", digits: 0 },
      { key: "judgments", label: "Judgments", format: "integer" },
      ...(several ? [{ key: "group", label: "Group", format: "integer" } as const] : []),
    ],
    rows: ratings.map(
      ({ system, rank, rankLower, rankUpper, rating, lower, upper, probabilityBest, judgments: n, group }) => ({
        rank,
        ranks: rankLower === null ? null : rankLower === rankUpper ? String(rankLower) : `${rankLower}-${rankUpper}`,
        system,
        rating,
        lower,
        upper,
        best: probabilityBest,
        judgments: n,
        ...(several ? { group } : {}),
      }),
    ),
  };
  return {
    title,
    summary: `${judgments.toLocaleString("en")} judgments of ${ratings.length} systems, rated by ${method}. Intervals are 95%; a rank interval allows for every system being compared with every other.`,
    findings: [...ranking.findings, ...separationFindings(ranking)],
    tables: [
      leaderboard,
      ...(decisions.length > 0 ? [neighbours(decisions)] : []),
      ...(coefficients.length > 0 ? [coefficientTable(coefficients)] : []),
    ],
    plots: [...intervalPlot(ranking, label), ...winMatrix(ranking)],
    provenance: ranking.provenance,
  };
}

function neighbours(decisions: Ranking["decisions"]): Table {
  return {
    id: "neighbours",
    title: "Each system against the next",
    columns: [
      { key: "system", label: "System" },
      { key: "decision", label: "Is" },
      { key: "against", label: "Against" },
      { key: "difference", label: "Log-odds", format: "decimal", digits: 3 },
      { key: "lower", label: "Lower", format: "decimal", digits: 3 },
      { key: "upper", label: "Upper", format: "decimal", digits: 3 },
      { key: "moreJudgments", label: "More judgments to decide", format: "integer" },
    ],
    rows: decisions.map(({ system, decision, against, difference, lower, upper, moreJudgments }) => ({
      system,
      decision,
      against,
      difference,
      lower,
      upper,
      moreJudgments,
    })) as Record<string, Cell>[],
  };
}

function coefficientTable(coefficients: Ranking["coefficients"]): Table {
  return {
    id: "coefficients",
    title: "Coefficients",
    columns: [
      { key: "name", label: "Name" },
      { key: "value", label: "Value", format: "decimal", digits: 3 },
      { key: "standardError", label: "Standard error", format: "decimal", digits: 3 },
    ],
    rows: coefficients,
  };
}

function intervalPlot({ ratings }: Ranking, label: string): Plot[] {
  const points = ratings.flatMap(({ system, rating, lower, upper }) =>
    rating === null ? [] : [{ label: system, value: rating, lower, upper }],
  );
  if (points.length === 0) return [];
  return [
    {
      id: "intervals",
      kind: "intervals",
      title: "Ratings with 95% intervals",
      ...(points.length > PLOT_LIMIT ? { caption: `The first ${PLOT_LIMIT} of ${points.length}.` } : {}),
      x: label,
      beside: "leaderboard",
      points: points.slice(0, PLOT_LIMIT),
    },
  ];
}

function winMatrix({ ratings, winProbability }: Ranking): Plot[] {
  if (!winProbability || ratings.length < 2) return [];
  const names = ratings.slice(0, PLOT_LIMIT).map(({ system }) => system);
  return [
    {
      id: "win-probability",
      kind: "matrix",
      title: "How often the system of the row is preferred to that of the column",
      ...(ratings.length > PLOT_LIMIT ? { caption: `The first ${PLOT_LIMIT} of ${ratings.length}.` } : {}),
      rows: names,
      columns: names,
      values: names.map((_, i) => winProbability[i].slice(0, PLOT_LIMIT)),
      label: "Probability",
      midpoint: 0.5,
      format: "percent",
      digits: 0,
    },
  ];
}

function separationFindings({ ratings, decisions }: Ranking): Report["findings"] {
  const [first] = ratings;
  if (!first || decisions.length === 0) return [];
  const contenders = ratings.filter(({ group, rankLower }) => group === 1 && rankLower === 1);
  const open = decisions.filter(({ decision }) => decision === "not enough data").length;
  return [
    contenders.length === 1
      ? { severity: "note", text: `${first.system} is surely first.` }
      : {
          severity: "note",
          text: `${contenders.length} of ${ratings.length} systems may be first; ${first.system} leads.`,
        },
    {
      severity: "note",
      text: `${open} of ${decisions.length} neighbours in rank cannot be told apart yet.`,
      ...(open > 0 ? { advice: "The table of neighbours says about how many more judgments each needs." } : {}),
    },
  ];
}
