import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { isMethodId, loadMethod } from "luce";
import * as z from "zod";

const goldenFile = z.object({
  method: z.string(),
  source: z.string(),
  cases: z
    .array(
      z.object({
        name: z.string(),
        params: z.record(z.string(), z.unknown()).default({}),
        inputs: z.record(z.string(), z.unknown()),
        expected: z.record(z.string(), z.unknown()),
        rtol: z.number().nonnegative(),
        atol: z.number().nonnegative().nullish(),
      }),
    )
    .min(1),
});

export type CaseResult = { file: string; method: string; name: string; failures: string[] };
export type GoldenResult = { cases: CaseResult[]; unregistered: string[]; broken: { file: string; reason: string }[] };

const DEFAULT_ATOL = 1e-9;

/** Runs every case of every golden file of a directory whose method is registered. */
export async function runGolden(
  directory: string,
  onCase: (result: CaseResult) => void = () => {},
): Promise<GoldenResult> {
  const result: GoldenResult = { cases: [], unregistered: [], broken: [] };
  const files = readdirSync(directory)
    .filter((file) => file.endsWith(".json"))
    .sort();
  for (const file of files) {
    const parsed = parseFile(path.join(directory, file));
    if (typeof parsed === "string") {
      result.broken.push({ file, reason: parsed });
    } else if (!isMethodId(parsed.method)) {
      result.unregistered.push(parsed.method);
    } else {
      const method = await loadMethod(parsed.method);
      for (const { name, params, inputs, expected, rtol, atol } of parsed.cases) {
        const failures = await runCase(method, params, inputs, expected, { rtol, atol: atol ?? DEFAULT_ATOL });
        const caseResult = { file, method: method.id, name, failures };
        result.cases.push(caseResult);
        onCase(caseResult);
      }
    }
  }
  return result;
}

function parseFile(file: string): z.output<typeof goldenFile> | string {
  try {
    const parsed = goldenFile.safeParse(JSON.parse(readFileSync(file, "utf8")));
    return parsed.success ? parsed.data : z.prettifyError(parsed.error);
  } catch (error) {
    return String(error);
  }
}

type Tolerance = { rtol: number; atol: number };

async function runCase(
  method: Awaited<ReturnType<typeof loadMethod>>,
  params: Record<string, unknown>,
  inputs: Record<string, unknown>,
  expected: Record<string, unknown>,
  tolerance: Tolerance,
): Promise<string[]> {
  try {
    const outputs = await method.evaluate(inputs, params);
    return Object.entries(expected).flatMap(([output, value]) => compare(output, outputs[output], value, tolerance));
  } catch (error) {
    return [`threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`];
  }
}

/** Where `actual` differs from `expected`: one line an output, with the worst difference in it. */
export function compare(output: string, actual: unknown, expected: unknown, tolerance: Tolerance): string[] {
  const differences = [...differencesOf(output, actual, expected, tolerance)];
  if (differences.length === 0) return [];
  const worst = differences.reduce((a, b) => (b.excess > a.excess ? b : a));
  return [`${worst.text}${differences.length > 1 ? ` (and ${differences.length - 1} more)` : ""}`];
}

type Difference = { text: string; excess: number };

function* differencesOf(at: string, actual: unknown, expected: unknown, tolerance: Tolerance): Generator<Difference> {
  if (Array.isArray(expected)) {
    const values = ArrayBuffer.isView(actual) ? Array.from(actual as unknown as ArrayLike<number>) : actual;
    if (!Array.isArray(values)) yield mismatch(at, actual, expected);
    else if (values.length !== expected.length) {
      yield {
        text: `${at} has length ${values.length}, expected ${expected.length}`,
        excess: Number.POSITIVE_INFINITY,
      };
    } else
      for (const [i, value] of expected.entries()) yield* differencesOf(`${at}[${i}]`, values[i], value, tolerance);
  } else if (typeof expected === "object" && expected !== null) {
    if (typeof actual !== "object" || actual === null) yield mismatch(at, actual, expected);
    else {
      for (const [key, value] of Object.entries(expected)) {
        yield* differencesOf(`${at}.${key}`, (actual as Record<string, unknown>)[key], value, tolerance);
      }
    }
  } else if (typeof expected === "number") {
    const value = typeof actual === "boolean" ? Number(actual) : actual;
    const allowed = tolerance.atol + tolerance.rtol * Math.abs(expected);
    const difference = typeof value === "number" ? Math.abs(value - expected) : Number.NaN;
    if (!(difference <= allowed)) {
      const by = Number.isFinite(difference)
        ? `, off by ${difference.toExponential(2)} where ${allowed.toExponential(2)} is allowed`
        : "";
      yield {
        text: `${at} is ${String(value)}, expected ${expected}${by}`,
        excess: difference / allowed || Number.POSITIVE_INFINITY,
      };
    }
  } else if ((actual ?? null) !== expected) yield mismatch(at, actual, expected);
}

function mismatch(at: string, actual: unknown, expected: unknown): Difference {
  const show = (value: unknown) => JSON.stringify(value)?.slice(0, 80) ?? "missing";
  return { text: `${at} is ${show(actual)}, expected ${show(expected)}`, excess: Number.POSITIVE_INFINITY };
}
