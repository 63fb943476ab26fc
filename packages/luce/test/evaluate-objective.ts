import { expect } from "vitest";
import { loadMethod } from "../src/methods.ts";

/** What an objective on flat lists answers; nested evidence is read with `flat`. */
export type ObjectiveResult = {
  loss: number;
  perExample: number[];
  grad: Record<string, number[]>;
  [output: string]: unknown;
};

/** A method's contract, as objectives answer it. */
export async function evaluate(id: string, inputs: object, params: object = {}): Promise<ObjectiveResult> {
  const method = await loadMethod(id);
  return (await method.evaluate(inputs, params)) as ObjectiveResult;
}

/** Nested lists of numbers in reading order. */
export function flat(values: unknown): number[] {
  return (values as unknown[]).flat(Number.POSITIVE_INFINITY) as number[];
}

/** Two lists of numbers agree entry by entry, to `digits` decimal places. */
export function expectNear(actual: unknown, expected: unknown, digits = 9): void {
  const [found, wanted] = [flat(actual), flat(expected)];
  expect(found).toHaveLength(wanted.length);
  for (const [i, x] of wanted.entries()) expect(found[i], `entry ${i}`).toBeCloseTo(x, digits);
}

export const total = (values: unknown): number => flat(values).reduce((sum, x) => sum + x, 0);
export const negated = (values: unknown): number[] => flat(values).map((x) => 0 - x);
