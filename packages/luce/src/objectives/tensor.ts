import { DType, lax, numpy as np } from "../jax.ts";

/** A shape-checked operand: a tensor or a float64 number. */
export type Operand = Tensor | number;

/**
 * A value of the evidence's arithmetic: an immutable float64 array of jax-js while a function of it is traced.
 *
 * jax-js moves its arrays and rounds plain numbers to float32. A tensor does neither: it can be used any
 * number of times, and a number meets it as float64. Operands broadcast as in NumPy. Comparisons give 0 or 1.
 * To be used inside a traced (`jit`, `grad`) function only, where an array that is not consumed costs nothing.
 *
 * Exponentials and logarithms are in `numerics.ts`.
 */
export class Tensor {
  readonly #array: np.Array;
  /** Of a comparison: the answer before it became a number. */
  readonly #answer: np.Array | undefined;

  constructor(array: np.Array) {
    this.#answer = array.dtype === DType.Bool ? array.ref : undefined;
    this.#array = array.dtype === DType.Float64 ? array : array.astype(DType.Float64);
  }

  /** The jax-js array, to be consumed by the caller. */
  get array(): np.Array {
    return this.#array.ref;
  }

  /** Where it is not 0, as jax-js asks it. */
  get nonZero(): np.Array {
    return this.#answer?.ref ?? this.stopGradient().array.notEqual(arrayOf(0));
  }

  get shape(): readonly number[] {
    return this.#array.shape;
  }

  add(other: Operand): Tensor {
    return new Tensor(this.array.add(arrayOf(other)));
  }

  sub(other: Operand): Tensor {
    return new Tensor(this.array.sub(arrayOf(other)));
  }

  mul(other: Operand): Tensor {
    return new Tensor(this.array.mul(arrayOf(other)));
  }

  div(other: Operand): Tensor {
    return new Tensor(this.array.div(arrayOf(other)));
  }

  neg(): Tensor {
    return new Tensor(this.array.neg());
  }

  square(): Tensor {
    return this.mul(this);
  }

  /** 0 at 0, where its derivative is taken as 0. */
  abs(): Tensor {
    return this.mul(this.greater(0).sub(this.less(0)));
  }

  /** The derivative at 0 is taken as 0. */
  sqrt(): Tensor {
    const root = new Tensor(np.sqrt(this.stopGradient().array));
    const slope = where(root.greater(0), 0.5, 0).div(where(root.greater(0), root, 1));
    return root.add(slope.mul(this.sub(this.stopGradient())));
  }

  floor(): Tensor {
    return new Tensor(np.floor(this.stopGradient().array));
  }

  greater(other: Operand): Tensor {
    return new Tensor(this.stopGradient().array.greater(arrayOf(stopped(other))));
  }

  greaterEqual(other: Operand): Tensor {
    return new Tensor(this.stopGradient().array.greaterEqual(arrayOf(stopped(other))));
  }

  less(other: Operand): Tensor {
    return new Tensor(this.stopGradient().array.less(arrayOf(stopped(other))));
  }

  lessEqual(other: Operand): Tensor {
    return new Tensor(this.stopGradient().array.lessEqual(arrayOf(stopped(other))));
  }

  equal(other: Operand): Tensor {
    return new Tensor(this.stopGradient().array.equal(arrayOf(stopped(other))));
  }

  /** 1 where this is 0, else 0. */
  not(): Tensor {
    return this.equal(0);
  }

  /** The larger of the two; at a tie the gradient goes to `other`, so that `x.maximum(0)` has slope 0 at 0. */
  maximum(other: Operand): Tensor {
    return where(this.greater(other), this, other);
  }

  /** The smaller of the two; at a tie the gradient goes to `other`. */
  minimum(other: Operand): Tensor {
    return where(this.less(other), this, other);
  }

  /** Within [low, high]; outside, and on the bounds, the gradient is 0. */
  clip(low: Operand, high: Operand): Tensor {
    return this.maximum(low).minimum(high);
  }

  /** Over one axis, several, or all: of an example first, then of the batch, since one entry is the work of one thread. */
  sum(axis?: number | number[], options?: { keepDims?: boolean }): Tensor {
    if (axis === undefined && options === undefined && this.shape.length > 1) {
      return this.sum(this.shape.slice(1).map((_, i) => i + 1)).sum();
    }
    return new Tensor(this.array.sum(axis ?? null, { keepdims: options?.keepDims ?? false }));
  }

  mean(axis?: number | number[], options?: { keepDims?: boolean }): Tensor {
    const total = this.sum(axis, options);
    return total.div(this.#array.size / total.#array.size);
  }

  /** The largest along an axis, as a constant for the gradient. */
  max(axis?: number | number[], options?: { keepDims?: boolean }): Tensor {
    return new Tensor(this.stopGradient().array.max(axis ?? null, { keepdims: options?.keepDims ?? false }));
  }

  /** The smallest along an axis, as a constant for the gradient. */
  min(axis?: number | number[], options?: { keepDims?: boolean }): Tensor {
    return new Tensor(this.stopGradient().array.min(axis ?? null, { keepdims: options?.keepDims ?? false }));
  }

  /** The same value, a constant for the gradient. */
  stopGradient(): Tensor {
    return new Tensor(lax.stopGradient(this.array));
  }

  /**
   * The same value, computed once and kept: to be broadcast. (jax-js 0.1.25 computes what one kernel reads anew for
   * every entry that reads it, but keeps the result of a sum; this is one over an axis of length 1.)
   */
  settled(): Tensor {
    return this.expandDims(this.shape.length).sum(this.shape.length);
  }

  reshape(shape: readonly number[]): Tensor {
    return new Tensor(this.array.reshape([...shape]));
  }

  /** A new axis of length 1. */
  expandDims(axis: number): Tensor {
    return new Tensor(np.expandDims(this.array, axis));
  }

  /** Two axes exchanged. */
  swapAxes(first: number, second: number): Tensor {
    return new Tensor(np.swapaxes(this.array, first, second));
  }

  /**
   * Entry `index` of an axis, without that axis. (A masked sum: the gradient of a slice of jax-js 0.1.25 spreads
   * over the whole axis when its cotangent is a constant.)
   */
  at(axis: number, index: number): Tensor {
    const from = axis < 0 ? axis + this.shape.length : axis;
    const chosen = Array.from({ length: this.shape[from] }, (_, i) => (i === index ? 1 : 0));
    const selector = constant(chosen).reshape(this.shape.map((size, i) => (i === from ? size : 1)));
    return where(selector, this, 0).sum(from);
  }

  /** Moved by `steps` towards the start of the last axis, zeros coming in at the end; a constant for the gradient. */
  shiftLeft(steps: number): Tensor {
    const size = this.shape.at(-1)!;
    const last = this.shape.length - 1;
    const kept: [number, number][] = this.shape.map((length, i) => [i === last ? Math.min(steps, size) : 0, length]);
    const padding: [number, number][] = this.shape.map((_, i) => [0, i === last ? Math.min(steps, size) : 0]);
    return new Tensor(np.pad(this.stopGradient().array.slice(...kept), padding));
  }
}

/** A float64 constant of any shape. */
export function constant(value: number | readonly number[] | readonly (readonly number[])[]): Tensor {
  return new Tensor(np.array(value as number, { dtype: DType.Float64 }));
}

/** `yes` where `condition` is not 0, else `no`; the branch not taken gets no gradient (but must be finite). */
export function where(condition: Tensor, yes: Operand, no: Operand): Tensor {
  return new Tensor(np.where(condition.nonZero, arrayOf(yes), arrayOf(no)));
}

/** Tensors of one shape along a new last axis. */
export function stack(tensors: readonly Tensor[]): Tensor {
  return new Tensor(
    np.stack(
      tensors.map((tensor) => tensor.array),
      -1,
    ),
  );
}

function stopped(operand: Operand): Operand {
  return typeof operand === "number" ? operand : operand.stopGradient();
}

function arrayOf(operand: Operand): np.Array {
  return typeof operand === "number" ? np.array(operand as never, { dtype: DType.Float64 }) : operand.array;
}
