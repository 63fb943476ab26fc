// npm run bench -- [NAME ...] [--runs N] [--smoke]
// Speed and memory side by side with peers in one run. --smoke runs each benchmark small, without peers.
import { readdirSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const notBenchmarks = new Set(["main.ts", "peers.ts"]);
const known = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".ts") && !notBenchmarks.has(file))
  .map((file) => path.basename(file, ".ts"));

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: "string", default: "5" }, smoke: { type: "boolean", default: false } },
});
const unknown = positionals.find((name) => !known.includes(name));
const runs = Number(values.runs);
if (unknown || !Number.isInteger(runs) || runs < 1) {
  console.error(
    unknown ? `there is no benchmark "${unknown}"; known: ${known.join(", ")}` : "--runs takes a whole number from 1",
  );
  process.exit(2);
}
for (const name of positionals.length > 0 ? positionals : known) {
  console.log(`\n== ${name}`);
  const { run } = (await import(`./${name}.ts`)) as { run(options: { runs: number; smoke: boolean }): Promise<void> };
  await run({ runs, smoke: values.smoke });
}
