import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { LuceError } from "../errors.ts";
import { loadMethods } from "../methods.ts";
import { createRandom } from "../random.ts";
import type { EvidenceArray } from "./evidence.ts";
import { isObjective, type LossAndGradient, type Objective } from "./objective.ts";
import { randomEvidence } from "./random-evidence.ts";
import { startRuntime } from "./runtime.ts";

const small = { B: 3, K: 3, G: 3, T: 3, V: 4, L: 2, D: 4 };

const objectives = (await loadMethods()).filter(isObjective);
const variants = objectives.flatMap((objective) =>
  parameterVariants(objective.params).map((params) => ({
    id: objective.id,
    objective,
    params,
    named: JSON.stringify(params),
  })),
);

beforeAll(startRuntime);

describe.each(variants)("$id $named", ({ objective, params }) => {
  const evidence = () => randomEvidence(objective, params, small, createRandom(7));

  test.skipIf(objective.stopsGradient)("has the gradient that finite differences find", async () => {
    const at = evidence();
    const { gradients } = await objective.lossAndGradient(at, params);
    for (const [name, { data }] of Object.entries(gradients)) {
      for (let i = 0; i < data.length; i++) {
        const step = 1e-5;
        const up = await objective.lossAndGradient(moved(at, name, i, step), params);
        const down = await objective.lossAndGradient(moved(at, name, i, -step), params);
        const slope = (up.loss - down.loss) / (2 * step);
        expect(Math.abs(slope - data[i]), `${name}[${i}]: ${data[i]}, by differences ${slope}`).toBeLessThan(
          1e-6 * Math.max(1, Math.abs(slope), Math.abs(up.loss)),
        );
      }
    }
  });

  test("stays finite for extreme evidence", async () => {
    for (const extreme of [-300, -1e-9]) {
      const at = evidence();
      for (const [name, { role, values }] of Object.entries(objective.evidence)) {
        if (role === "policy" && values === "real") at[name]?.data.fill(extreme);
      }
      expectFinite(await objective.lossAndGradient(at, params));
    }
  });

  test("ignores whatever stands at masked places, and gives it no gradient", async () => {
    const masks = Object.keys(evidence()).filter((name) => objective.evidence[name].role === "mask");
    const results = await Promise.all(
      [0, Number.NaN, Number.NEGATIVE_INFINITY].map((garbage) => {
        const at = evidence();
        for (const mask of masks) hideLastColumn(objective, at, mask, garbage);
        return objective.lossAndGradient(at, params);
      }),
    );
    for (const result of results) {
      expectFinite(result);
      expect(result.loss).toBe(results[0].loss);
      for (const [name, { data }] of Object.entries(result.gradients)) {
        expect(Array.from(data)).toEqual(Array.from(results[0].gradients[name].data));
      }
    }
  });

  test("takes a batch that is masked altogether as nothing, or refuses it", async () => {
    const at = evidence();
    const masks = Object.keys(at).filter((name) => objective.evidence[name].role === "mask");
    if (masks.length === 0) return;
    for (const mask of masks) at[mask].data.fill(0);
    try {
      expectFinite(await objective.lossAndGradient(at, params));
    } catch (error) {
      expect(error).toBeInstanceOf(LuceError);
    }
  });

  test("names the example that holds a NaN, the argument of a wrong shape, and what is missing", async () => {
    const [name] = Object.keys(evidence());
    const broken = evidence();
    broken[name].data[broken[name].data.length - 1] = Number.NaN;
    await expect(objective.lossAndGradient(broken, params)).rejects.toMatchObject({
      code: "not-finite",
      message: expect.stringContaining(name),
      hint: expect.stringContaining(`example ${broken[name].shape[0] - 1}`),
    });
    const flat = { ...evidence(), [name]: { data: new Float64Array(1), shape: [] } };
    await expect(objective.lossAndGradient(flat, params)).rejects.toMatchObject({
      code: "shape-mismatch",
      message: expect.stringContaining(name),
    });
    const misnamed = { ...evidence(), [`${name}s`]: evidence()[name] };
    await expect(objective.lossAndGradient(misnamed, params)).rejects.toMatchObject({
      code: "invalid-input",
      hint: expect.stringContaining(name),
    });
  });
});

/** The defaults, and for each choice of a parameter every other value of it. */
function parameterVariants(schema: z.ZodObject): Record<string, unknown>[] {
  const variants: Record<string, unknown>[] = [{}];
  for (const [name, type] of Object.entries(schema.shape)) {
    const defaults = schema.safeParse({}).data?.[name];
    const inner = unwrapped(type);
    const choices = inner instanceof z.ZodEnum ? inner.options : inner instanceof z.ZodBoolean ? [true, false] : [];
    for (const choice of choices) if (choice !== defaults) variants.push({ [name]: choice });
  }
  return variants;
}

function unwrapped(type: unknown): unknown {
  return type instanceof z.ZodDefault || type instanceof z.ZodOptional ? unwrapped(type.unwrap()) : type;
}

function moved(evidence: Record<string, EvidenceArray>, name: string, index: number, step: number) {
  const data = evidence[name].data.slice();
  data[index] += step;
  return { ...evidence, [name]: { ...evidence[name], data } };
}

function hideLastColumn(objective: Objective, at: Record<string, EvidenceArray>, mask: string, garbage: number): void {
  const columns = at[mask].shape.at(-1)!;
  for (let i = columns - 1; i < at[mask].data.length; i += columns) {
    at[mask].data[i] = 0;
    for (const [name, { maskedBy }] of Object.entries(objective.evidence)) {
      if (maskedBy !== mask || at[name] === undefined) continue;
      const block = at[name].data.length / at[mask].data.length;
      at[name].data.fill(garbage, i * block, (i + 1) * block);
    }
  }
}

function expectFinite({ loss, gradients }: LossAndGradient): void {
  expect(loss).toSatisfy(Number.isFinite);
  for (const { data } of Object.values(gradients)) expect(data.every(Number.isFinite)).toBe(true);
}
