import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

const folder = path.join(import.meta.dirname, "peers");
export const cacheFolder = path.join(import.meta.dirname, "..", ".luce", "benchmarks");

/** The Python of a virtual environment that holds the locked peers of a list in `peers/`, made on first use. */
export function peerPython(list = "requirements.txt"): string {
  const environment = path.join(cacheFolder, list === "requirements.txt" ? "peers" : path.basename(list, ".txt"));
  const python = path.join(environment, "bin", "python");
  const requirements = path.join(folder, list);
  const digest = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  const stamp = path.join(environment, "requirements.sha256");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return python;
  console.error("Installing the peers from PyPI …");
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(cacheFolder, { recursive: true });
  execFileSync("python3", ["-m", "venv", environment]);
  execFileSync(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  writeFileSync(stamp, digest);
  return python;
}

export const peerScript = (name: string) => path.join(folder, name);

export type Measurement = { seconds: number; megabytes: number };

/** One run of a whole process: start, imports, reading, fitting, printing. */
export function measure(command: readonly string[]): Measurement {
  return JSON.parse(execFileSync("python3", [peerScript("measure.py"), ...command], { encoding: "utf8" }));
}

/** Runs the commands in turn, `runs` times after `warmups` rounds that do not count, and gives the median of each. */
export function measureInTurn(
  commands: Record<string, readonly string[]>,
  runs: number,
  warmups = 1,
): Record<string, Measurement> {
  const measured: Record<string, Measurement[]> = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let run = -warmups; run < runs; run++) {
    for (const [name, command] of Object.entries(commands)) {
      const measurement = measure(command);
      if (run >= 0) measured[name].push(measurement);
    }
  }
  return Object.fromEntries(
    Object.entries(measured).map(([name, all]) => [
      name,
      { seconds: median(all.map((m) => m.seconds)), megabytes: median(all.map((m) => m.megabytes)) },
    ]),
  );
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
