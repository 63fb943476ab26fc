import { beforeAll, describe, expect, test } from "vitest";
import { jit, numpy as np, valueAndGrad } from "../jax.ts";
import {
  exp,
  expm1,
  log,
  log1mExp,
  log1p,
  logSigmoid,
  logSumExp,
  power,
  sigmoid,
  softmax,
  softplus,
  tanh,
} from "./numerics.ts";
import { startRuntime } from "./runtime.ts";
import { Tensor } from "./tensor.ts";

beforeAll(startRuntime);

const magnitudes = Array.from({ length: 120 }, (_, i) => 10 ** (-16 + i * 0.16));
const real = [...magnitudes.map((x) => -x), 0, ...magnitudes, -708, -700.3, -1.0397, -0.3466, 0.3466, 689.9];
const within = (low: number, high: number) => real.filter((x) => x >= low && x <= high);

const functions: Record<string, [(x: Tensor) => Tensor, (x: number) => number, (x: number) => number, number[]]> = {
  exp: [exp, Math.exp, Math.exp, within(-708, 690)],
  expm1: [expm1, Math.expm1, Math.exp, within(-708, 690)],
  log: [log, Math.log, (x) => 1 / x, [...within(1e-16, 1e3), 1e-300, 1e-40, 0.9999999, 1.0000001, 1e40, 1e300]],
  log1p: [log1p, Math.log1p, (x) => 1 / (1 + x), [...within(-0.999, 1e3), 1e20, 1e300]],
  log1mExp: [
    log1mExp,
    (x) => (x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x))),
    (x) => (1 / Math.expm1(-x)) * -1,
    within(-700, -1e-16),
  ],
  softplus: [softplus, (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), logistic, within(-700, 1e3)],
  logSigmoid: [
    logSigmoid,
    (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
    (x) => logistic(-x),
    within(-1e3, 700),
  ],
  sigmoid: [sigmoid, logistic, (x) => logistic(x) * logistic(-x), within(-350, 350)],
  tanh: [tanh, Math.tanh, (x) => Math.cosh(x) ** -2, within(-5, 5)],
};

function logistic(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function evaluate(fn: (x: Tensor) => Tensor, xs: readonly number[]): { value: number[]; gradient: number[] } {
  const traced = jit((x: np.Array) => fn(new Tensor(x)).array);
  const differentiated = jit(valueAndGrad((x: np.Array) => fn(new Tensor(x)).sum().array));
  const value = Array.from(traced(np.array(Float64Array.from(xs))).dataSync());
  const [sum, gradient] = differentiated(np.array(Float64Array.from(xs)));
  sum.dispose();
  return { value, gradient: Array.from((gradient as np.Array).dataSync()) };
}

function expectClose(actual: readonly number[], expected: readonly number[], at: readonly number[]): void {
  for (const [i, value] of expected.entries()) {
    const error = Math.abs(actual[i] - value) / Math.max(Math.abs(value), Number.MIN_VALUE);
    expect(error, `at ${at[i]}: ${actual[i]} instead of ${value}`).toBeLessThan(2e-13);
  }
}

describe.each(Object.entries(functions))("%s", (_, [fn, reference, derivative, domain]) => {
  test("agrees with the float64 function and its derivative over its range", () => {
    const { value, gradient } = evaluate(fn, domain);
    expectClose(value, domain.map(reference), domain);
    expectClose(gradient, domain.map(derivative), domain);
  });

  test("stays finite, with a finite gradient, for every finite argument", () => {
    const { value, gradient } = evaluate(fn, [-1e300, -1e5, -745, -1, -0, 0, 1, 710, 1e5, 1e300]);
    for (const x of [...value, ...gradient]) expect(x).toSatisfy(Number.isFinite);
  });
});

test("a power of a constant exponent agrees with the float64 function and its derivative", () => {
  const domain = within(1e-10, 1e3);
  const { value, gradient } = evaluate((x) => power(x, -0.3), domain);
  expectClose(
    value,
    domain.map((x) => x ** -0.3),
    domain,
  );
  expectClose(
    gradient,
    domain.map((x) => -0.3 * x ** -1.3),
    domain,
  );
});

test("the logarithm of a sum of exponentials ignores what is masked, and so does its gradient", () => {
  const xs = [3, 1e9, -2, 700];
  const mask = [1, 0, 1, 0];
  const { value, gradient } = evaluate((x) => logSumExp(x, 0, new Tensor(np.array(Float64Array.from(mask)))), xs);
  const total = Math.log1p(Math.exp(-5)) + 3;
  expectClose(value, [total], xs);
  expectClose(gradient, [Math.exp(3 - total), 0, Math.exp(-2 - total), 0], xs);
});

test("softmax adds up to one and its gradient to zero, however large its arguments", () => {
  const { value } = evaluate((x) => softmax(x, 0), [1000, 1001, -1e6]);
  expect(value.reduce((a, b) => a + b)).toBeCloseTo(1, 14);
  const { gradient } = evaluate((x) => softmax(x, 0).at(0, 0), [0.3, 1.1, -0.7]);
  expect(gradient.reduce((a, b) => a + b)).toBeCloseTo(0, 14);
  const p = Math.exp(0.3) / (Math.exp(0.3) + Math.exp(1.1) + Math.exp(-0.7));
  expect(gradient[0]).toBeCloseTo(p * (1 - p), 14);
});

test("an empty sum is zero, without a gradient", () => {
  const { value, gradient } = evaluate((x) => logSumExp(x, 0, x.mul(0)), [5, 6]);
  expect(value).toEqual([0]);
  expect(gradient).toEqual([0, 0]);
});
