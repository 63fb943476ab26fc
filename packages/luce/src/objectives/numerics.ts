/**
 * Exponentials and logarithms of tensors, exact to float64.
 *
 * jax-js computes exp and log by float32 polynomials on WebAssembly, for float64 too. These are composed of
 * its exact float64 operations alone: powers of two are written into the exponent bits of a float32, the
 * remainder is a polynomial. Each is taken of the constant value of its argument and given its known
 * derivative, so that the backward graph is one multiplication: first derivatives are exact, second ones are 0.
 * No value or derivative is NaN or infinite for a finite argument (a saturated one is finite).
 */
import { DType, lax } from "../jax.ts";
import { constant, Tensor, where } from "./tensor.ts";

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
/** exp saturates here, at 5e299, so that sums and products of a few such values are still finite. */
const EXP_MAX = 690;
const EXP_MIN = -744;
/** The least positive value whose logarithm is taken; below it, log saturates at about -706. */
const LOG_MIN = 2 ** -1018;

export function exp(x: Tensor): Tensor {
  const value = expOf(x.stopGradient());
  return differentiable(x, value, value);
}

/** e^x - 1, accurate near 0. */
export function expm1(x: Tensor): Tensor {
  const value = x.stopGradient();
  return differentiable(x, expm1Of(value), expOf(value));
}

/** The natural logarithm; a value below 2^-1018 is taken as that. */
export function log(x: Tensor): Tensor {
  const value = x.stopGradient().maximum(LOG_MIN);
  return differentiable(x, logOfPositive(value), reciprocal(value));
}

/** log(1 + x) for x > -1, accurate near 0. */
export function log1p(x: Tensor): Tensor {
  const value = x.stopGradient().maximum(-1);
  const sum = value.add(1).maximum(LOG_MIN);
  return differentiable(x, log1pOf(value, sum), reciprocal(sum));
}

/** log(1 - e^x) for x < 0; a probability of 1 (x >= 0) is taken as 1 - 1e-300. */
export function log1mExp(x: Tensor): Tensor {
  const value = x.stopGradient().minimum(-1e-300);
  const complement = expm1Of(value).neg();
  const e = expOf(value);
  const logarithm = logOfPositive(complement).add(
    where(value.less(-Math.LN2), e.neg().sub(complement.sub(1)).div(complement), 0),
  );
  return differentiable(x, logarithm, e.div(complement).neg());
}

/** log(1 + e^x). */
export function softplus(x: Tensor): Tensor {
  const value = x.stopGradient();
  const e = expOf(value.abs().neg());
  return differentiable(x, value.maximum(0).add(log1pOfUnit(e)), sigmoidOf(value, e));
}

export function logSigmoid(x: Tensor): Tensor {
  return softplus(x.neg()).neg();
}

/** -(y log sigmoid(x) + (1 - y) log sigmoid(-x)): what the log-odds x cost where the share y in [0, 1] is for it. */
export function logisticCrossEntropy(x: Tensor, y: Tensor): Tensor {
  return softplus(x.neg())
    .mul(y)
    .add(softplus(x).mul(constant(1).sub(y)));
}

export function sigmoid(x: Tensor): Tensor {
  const value = x.stopGradient();
  const e = expOf(value.abs().neg());
  return differentiable(x, sigmoidOf(value, e), e.div(e.add(1).square()));
}

export function tanh(x: Tensor): Tensor {
  const value = x.stopGradient();
  const twice = value.abs().mul(-2);
  const decay = expm1Of(twice);
  const magnitude = decay.neg().div(decay.add(2));
  const e = expOf(twice);
  return differentiable(x, where(value.less(0), magnitude.neg(), magnitude), e.mul(4).div(e.add(1).square()));
}

/** base^x for a positive base and a constant exponent. */
export function power(base: Tensor, exponent: number): Tensor {
  return exp(log(base).mul(exponent));
}

/**
 * log of the sum of e^x along an axis, over the entries where `mask` is not 0. An empty sum gives 0 (mask the
 * result too).
 */
export function logSumExp(x: Tensor, axis: number, mask?: Tensor): Tensor {
  const { value, softmaxWeights } = logSumExpOf(x, axis, mask);
  return value.add(softmaxWeights.mul(x.sub(x.stopGradient())).sum(axis));
}

/** e^x normalised along an axis over the entries where `mask` is not 0; 0 elsewhere. */
export function softmax(x: Tensor, axis: number, mask?: Tensor): Tensor {
  const { softmaxWeights } = logSumExpOf(x, axis, mask);
  const change = x.sub(x.stopGradient());
  const centred = change.sub(softmaxWeights.mul(change).sum(axis, { keepDims: true }));
  return softmaxWeights.add(softmaxWeights.mul(centred));
}

function logSumExpOf(x: Tensor, axis: number, mask?: Tensor): { value: Tensor; softmaxWeights: Tensor } {
  const raw = x.stopGradient();
  const present = mask ? where(mask, raw, -Number.MAX_VALUE) : raw;
  const any = mask ? present.max(axis, { keepDims: true }).greater(-Number.MAX_VALUE) : undefined;
  const highest = any ? where(any, present.max(axis, { keepDims: true }), 0) : present.max(axis, { keepDims: true });
  const shifted = exp(mask ? where(mask, raw.sub(highest), 0) : raw.sub(highest));
  const terms = mask ? where(mask, shifted, 0) : shifted;
  const sum = terms.sum(axis, { keepDims: true });
  const total = any ? where(any, sum, 1) : sum;
  const value = highest.add(logOfNormal(total)).sum(axis);
  return { value, softmaxWeights: terms.div(total) };
}

/** `value` with `derivative` as its slope in `x`. */
function differentiable(x: Tensor, value: Tensor, derivative: Tensor): Tensor {
  return value.stopGradient().add(derivative.stopGradient().mul(x.sub(x.stopGradient())));
}

function reciprocal(x: Tensor): Tensor {
  return constant(1).div(x);
}

function sigmoidOf(value: Tensor, e: Tensor): Tensor {
  return where(value.less(0), e, 1).div(e.add(1));
}

function expOf(value: Tensor): Tensor {
  const { power, remainder } = splitExponential(value);
  return power.mul(remainder.add(1));
}

/** e^x - 1; without a power of two the remainder is the answer, to the last bit. */
function expm1Of(value: Tensor): Tensor {
  const { power, remainder } = splitExponential(value);
  return where(power.equal(1), remainder, power.mul(remainder.add(1)).sub(1));
}

/** Coefficients of (e^r - 1) / r for |r| <= ln(2) / 2. */
const EXPM1_SERIES = inverseFactorials(13).slice(1);

/** e^x = power * (1 + remainder): a power of two, and e^r - 1 with |r| <= ln(2) / 2. */
function splitExponential(x: Tensor): { power: Tensor; remainder: Tensor } {
  const bounded = x.clip(EXP_MIN, EXP_MAX);
  const exponent = bounded.mul(Math.LOG2E).add(0.5).floor();
  const r = bounded.sub(exponent.mul(LN2_HIGH)).sub(exponent.mul(LN2_LOW));
  const power = where(x.less(EXP_MIN), 0, powerOfTwo(exponent));
  return { power, remainder: polynomial(r, EXPM1_SERIES).mul(r) };
}

/** 2^k for an integer k from -1074 to 1023: (2^q)^16 2^(k - 16 q), each factor exact as a float32. */
function powerOfTwo(k: Tensor): Tensor {
  const q = k.mul(1 / 16).floor();
  let power = smallPowerOfTwo(q);
  for (let squaring = 0; squaring < 4; squaring++) power = power.square();
  return power.mul(smallPowerOfTwo(k.sub(q.mul(16))));
}

/** 2^k for an integer k from -126 to 127, written into the exponent bits of a float32. */
function smallPowerOfTwo(k: Tensor): Tensor {
  const bits = k
    .add(127)
    .mul(2 ** 23)
    .array.astype(DType.Int32);
  return new Tensor(lax.bitcastConvertType(bits, DType.Float32));
}

/** log of any x >= 2^-1018: x^(1/8) gives the exponent in range of a float32. */
function logOfPositive(x: Tensor): Tensor {
  const exponent = binaryExponent(x.sqrt().sqrt().sqrt()).clip(-126, 126);
  const half = smallPowerOfTwo(exponent.neg()).square().square();
  return logOfNormal(x.mul(half).mul(half))
    .add(exponent.mul(8 * LN2_LOW))
    .add(exponent.mul(8 * LN2_HIGH));
}

/** log of an x between 2^-120 and 2^120: x = 2^k m with m in [sqrt(1/2), sqrt(2)]. */
function logOfNormal(x: Tensor): Tensor {
  const k = binaryExponent(x);
  const m = x.mul(smallPowerOfTwo(k.neg()));
  return logOfReduced(m.sub(1).div(m.add(1)), k);
}

/** log(1 + e) for e in [0, 1]. */
function log1pOfUnit(e: Tensor): Tensor {
  const upper = e.greater(Math.SQRT2 - 1);
  const s = where(upper, e.sub(1), e).div(where(upper, e.add(3), e.add(2)));
  return logOfReduced(s, upper);
}

function log1pOf(value: Tensor, sum: Tensor): Tensor {
  return logOfPositive(sum).add(value.sub(sum.sub(1)).div(sum));
}

/** Coefficients of atanh(s) / s in s^2. */
const ATANH_SERIES = Array.from({ length: 11 }, (_, n) => 1 / (2 * n + 1));

/** k ln 2 + 2 atanh(s) for |s| <= 0.172. */
function logOfReduced(s: Tensor, k: Tensor): Tensor {
  const series = polynomial(s.square(), ATANH_SERIES).mul(s).mul(2);
  return series.add(k.mul(LN2_LOW)).add(k.mul(LN2_HIGH));
}

const SQRT_HALF_BITS = 0x3f3504f3;

/** The k for which x / 2^k lies in [sqrt(1/2), sqrt(2)], for an x within the range of a float32. */
function binaryExponent(x: Tensor): Tensor {
  const bits = new Tensor(lax.bitcastConvertType(x.array.astype(DType.Float32), DType.Int32));
  return bits
    .sub(SQRT_HALF_BITS)
    .mul(2 ** -23)
    .floor();
}

function polynomial(x: Tensor, coefficients: readonly number[]): Tensor {
  const highest = constant(coefficients.at(-1) ?? 0);
  return coefficients.slice(0, -1).reduceRight((value, coefficient) => value.mul(x).add(coefficient), highest);
}

function inverseFactorials(count: number): number[] {
  const values = [1];
  for (let n = 1; n <= count; n++) values.push(values[n - 1] / n);
  return values;
}
