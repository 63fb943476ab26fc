import type { Random } from "../random.ts";
import type { AxisSizes, EvidenceArray, EvidenceField } from "./evidence.ts";
import type { Objective } from "./objective.ts";

const DEFAULT_SIZE = 4;
const LONGEST_RESPONSE = 20;

/**
 * Valid evidence for an objective under `params`, drawn from what it declares: for tests and benchmarks. Numbers are
 * uniform in (-4, -0.1), which suits log-probabilities and rewards alike; nothing is masked.
 */
export function randomEvidence(
  objective: Objective,
  params: Record<string, unknown>,
  sizes: AxisSizes,
  random: Random,
): Record<string, EvidenceArray> {
  return Object.fromEntries(
    objective.reads(params).map((name) => {
      const field = objective.evidence[name];
      const shape = field.axes.map((axis) => sizes[axis] ?? Math.max(DEFAULT_SIZE, objective.minimum[axis] ?? 1));
      const data = new Float64Array(shape.reduce((size, length) => size * length, 1));
      const rowLength = shape.at(-1) ?? 1;
      for (let row = 0; row < data.length; row += rowLength) {
        data.set(randomRow(field, rowLength, sizes, random), row);
      }
      return [name, { data, shape }];
    }),
  );
}

function randomRow({ role, values }: EvidenceField, length: number, sizes: AxisSizes, random: Random): number[] {
  const draw = (entry: () => number) => Array.from({ length }, entry);
  if (role === "mask") return draw(() => 1);
  if (role === "label") return draw(() => random.integer(2));
  if (role === "length") return draw(() => 1 + random.integer(LONGEST_RESPONSE));
  if (values === "probability") return draw(() => 0.05 + 0.9 * random.uniform());
  if (values === "rank") return ranksOf(draw(() => random.uniform()));
  if (typeof values === "object") return draw(() => random.integer(sizes[values.indexOf] ?? DEFAULT_SIZE));
  return draw(() => -0.1 - 3.9 * random.uniform());
}

function ranksOf(keys: readonly number[]): number[] {
  return keys.map((key) => 1 + keys.filter((other) => other < key).length);
}
