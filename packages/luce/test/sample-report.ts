import type { Report } from "../src/report/report.ts";

/** A report with everything in it, and with names that strangers would give to do harm. */
export const hostileName = `<script>alert("1")</script>`;
const escapeName = "evil\u001B[2J\u202Egnp.exe";

export const sampleReport: Report = {
  title: "Leaderboard of a small arena",
  summary: "Bradley-Terry ratings from 1,200 votes.",
  findings: [
    { severity: "problem", text: "The comparison graph has 2 components.", advice: "Collect votes between them." },
    { severity: "note", text: `${hostileName} was never compared.` },
  ],
  tables: [
    {
      id: "leaderboard",
      title: "Leaderboard",
      columns: [
        { key: "rank", label: "rank", format: "integer" },
        { key: "system", label: "system" },
        { key: "rating", label: "rating", format: "integer" },
        { key: "best", label: "P(best)", format: "probability" },
        { key: "ties", label: "ties", format: "percent" },
      ],
      rows: [
        { rank: 1, system: "通义千问-72b", rating: 1204.6, best: 0.99996, ties: 0.123 },
        { rank: 2, system: hostileName, rating: 1000, best: 0.00001, ties: null },
        { rank: 3, system: escapeName, rating: -12.2, best: 0, ties: Number.NaN },
      ],
    },
  ],
  plots: [
    {
      id: "ratings",
      title: "Ratings",
      kind: "intervals",
      x: "rating",
      beside: "leaderboard",
      points: [
        { label: "通义千问-72b", value: 1204.6, lower: 1100, upper: 1300, truth: 1150 },
        { label: hostileName, value: 1000, lower: 900, upper: 1100, truth: 1000 },
        { label: escapeName, value: Number.NaN, lower: null, upper: null },
      ],
    },
    {
      id: "wins",
      title: "Win probability",
      kind: "matrix",
      rows: ["a", hostileName],
      columns: ["a", hostileName],
      values: [
        [null, 0.75],
        [0.25, null],
      ],
      label: "probability that the row is preferred",
      midpoint: 0.5,
      format: "percent",
    },
    {
      id: "convergence",
      title: "Convergence",
      kind: "lines",
      x: "votes",
      y: "error",
      logarithmic: "both",
      series: [
        {
          name: "Elo",
          points: [
            { x: 10, y: 1, lower: 0.5, upper: 2 },
            { x: 100, y: 0.3, lower: 0.2, upper: 0.4 },
            { x: 1000, y: 0 },
          ],
        },
        { name: hostileName, points: [{ x: 10, y: 0.5 }] },
      ],
    },
    {
      id: "tie-rates",
      title: "Tie rates",
      kind: "bars",
      x: "share of ties",
      bars: [
        { label: hostileName, value: 0.3, lower: 0.2, upper: 0.4 },
        { label: "annotator 2", value: 0.15 },
      ],
    },
    {
      id: "calibration",
      title: "Calibration",
      kind: "scatter",
      x: "predicted",
      y: "observed",
      diagonal: true,
      points: [
        { x: 0.2, y: 0.25, label: hostileName },
        { x: 0.8, y: 0.7 },
      ],
    },
  ],
  provenance: {
    luce: "0.1.0",
    command: `luce rank '${hostileName}.csv'`,
    seed: 1,
    inputs: [{ name: `${hostileName}.csv`, sha256: "ab".repeat(32), bytes: 12345 }],
    createdAt: "2026-01-05T00:00:00.000Z",
  },
};
