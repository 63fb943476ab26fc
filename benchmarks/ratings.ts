// From a file of votes to ratings: whole processes, side by side with the field's other tools.
import { existsSync, mkdirSync, renameSync } from "node:fs";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { cacheFolder, type Measurement, measureInTurn, peerPython, peerScript } from "./peers.ts";

/** The command as a clone runs it. */
const luce = [process.execPath, path.join(import.meta.dirname, "../packages/studio/bin/luce.mjs")];

export async function run({ runs, smoke }: { runs: number; smoke: boolean }): Promise<void> {
  const votes = smoke ? 20_000 : 1_000_000;
  const small = { parquet: await arenaFile(votes, 200, "parquet"), csv: await arenaFile(votes, 200, "csv") };
  const rank = (file: string, ...options: string[]) => [...luce, "rank", file, "--json", ...options];
  const orders = await ordersFile(smoke ? 2_000 : 100_000, 100, 10);
  const plackettLuce = [...luce, "rank", orders, "--method", "plackett-luce", "--json"];
  if (smoke) {
    print(
      "smoke (20,000 votes, 2,000 rankings)",
      measureInTurn(
        {
          "luce, Parquet": rank(small.parquet),
          "luce, CSV": rank(small.csv),
          "luce, 200 bootstrap replicates": rank(small.parquet, "--bootstrap", "200"),
          "luce, Plackett-Luce": plackettLuce,
        },
        1,
        0,
      ),
    );
    return;
  }
  const python = peerPython();
  const evalica = (file: string) => [python, peerScript("evalica_bradley_terry.py"), file];
  for (const [format, file] of Object.entries(small)) {
    print(
      `10^6 votes over 200 systems, ${format}`,
      measureInTurn(
        {
          evalica: evalica(file),
          "arena-rank, sandwich intervals": [python, peerScript("arena_rank_bradley_terry.py"), file],
          "luce, sandwich intervals": rank(file),
          "luce, 200 bootstrap replicates": rank(file, "--bootstrap", "200"),
        },
        runs,
      ),
    );
  }
  const large = await arenaFile(10_000_000, 200, "parquet");
  print(
    "10^7 votes over 200 systems, parquet",
    measureInTurn({ evalica: evalica(large), "luce, sandwich intervals": rank(large) }, runs),
  );
  const huge = await arenaFile(100_000_000, 200, "parquet");
  print("10^8 votes over 200 systems, parquet", measureInTurn({ "luce, sandwich intervals": rank(huge) }, 1, 0));
  print(
    "10^5 rankings of 10 of 100 systems, PrefLib",
    measureInTurn({ "choix, I-LSR": [python, peerScript("choix_plackett_luce.py"), orders], luce: plackettLuce }, runs),
  );
}

function print(title: string, measured: Record<string, Measurement>): void {
  const slowest = Object.values(measured)[0].seconds;
  console.log(`\n${title}`);
  for (const [name, { seconds, megabytes }] of Object.entries(measured)) {
    const ratio = `${(slowest / seconds).toFixed(1)}x`;
    console.log(
      `  ${name.padEnd(34)} ${seconds.toFixed(2).padStart(7)} s ${ratio.padStart(7)} ${megabytes.toFixed(0).padStart(6)} MB`,
    );
  }
}

/** A simulated arena log: systems of known strength, a fifth of the votes ties. Made once and kept. */
async function arenaFile(votes: number, systems: number, format: "parquet" | "csv"): Promise<string> {
  const query = `
    WITH pairs AS (
      SELECT i, (random() * ${systems})::INTEGER % ${systems} AS a, (random() * ${systems - 1})::INTEGER % ${systems - 1} AS shift
      FROM range(${votes}) AS rows(i)
    ), sides AS (SELECT i, a, (a + 1 + shift) % ${systems} AS b, random() AS u, random() AS t FROM pairs)
    SELECT format('system-{:03d}', a) AS model_a, format('system-{:03d}', b) AS model_b,
      CASE WHEN t < 0.2 THEN 'tie' WHEN u < 1 / (1 + exp((b - a) * 4.0 / ${systems})) THEN 'model_a' ELSE 'model_b' END AS winner
    FROM sides`;
  return copyTo(`arena-${votes}.${format}`, query, format === "parquet" ? "FORMAT parquet" : "FORMAT csv, HEADER");
}

/** Rankings of `size` of `systems` systems, in PrefLib's strict incomplete orders, from exponential races. */
async function ordersFile(rankings: number, systems: number, size: number): Promise<string> {
  const query = `
    WITH chosen AS (
      SELECT i, s, -ln(random()) / exp(s * 3.0 / ${systems}) AS arrival, row_number() OVER (PARTITION BY i ORDER BY random()) AS pick
      FROM range(${rankings}) AS rows(i), range(${systems}) AS items(s)
    ), orders AS (
      SELECT '1: ' || string_agg(s + 1, ',' ORDER BY arrival) AS line FROM chosen WHERE pick <= ${size} GROUP BY i
    )
    SELECT line FROM (VALUES
      ('# FILE NAME: orders-${rankings}.soi'), ('# TITLE: simulated rankings'), ('# DATA TYPE: soi'),
      ('# NUMBER ALTERNATIVES: ${systems}'), ('# NUMBER VOTERS: ${rankings}'), ('# NUMBER UNIQUE ORDERS: ${rankings}')
    ) AS header(line)
    UNION ALL SELECT format('# ALTERNATIVE NAME {}: system-{:03d}', s + 1, s) FROM range(${systems}) AS items(s)
    UNION ALL SELECT line FROM orders`;
  return copyTo(`orders-${rankings}.soi`, query, "FORMAT csv, HEADER false, QUOTE '', DELIMITER '\\t'");
}

async function copyTo(name: string, query: string, options: string): Promise<string> {
  const file = path.join(cacheFolder, name);
  if (existsSync(file)) return file;
  console.error(`Making ${name} …`);
  mkdirSync(cacheFolder, { recursive: true });
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "2" })).connect();
  await connection.run("SELECT setseed(0.5)");
  await connection.run(`COPY (${query}) TO '${file}.partial' (${options})`);
  connection.closeSync();
  renameSync(`${file}.partial`, file);
  return file;
}
