import { LuceError, suggestNearest } from "../errors.ts";

/** Evidence outside a traced function: row-major float64 data and its shape. */
export type EvidenceArray = { readonly data: Float64Array; readonly shape: readonly number[] };

/** What a tensor of evidence is for. */
export type EvidenceRole = "policy" | "given" | "mask" | "label" | "length";

/** What the entries of a tensor of evidence are: any number, one in [0, 1], a rank from 1, or an index into an axis. */
export type EvidenceValues = "real" | "probability" | "rank" | { readonly indexOf: string };

/** One tensor that an objective reads. */
export type EvidenceField<Optional extends boolean = boolean> = {
  /** Names of the axes, such as `["B", "K"]`. An axis has one size throughout the evidence. */
  readonly axes: readonly string[];
  readonly role: EvidenceRole;
  readonly values: EvidenceValues;
  /** Whether the loss has a gradient in it: the policy's (or reward model's) own evidence. */
  readonly differentiable: boolean;
  readonly optional: Optional;
  /** The mask whose zeros hide entries of this field; its axes are a prefix of this field's. */
  readonly maskedBy: string | undefined;
};

export type Evidence = Readonly<Record<string, EvidenceField>>;

type FieldOptions = { maskedBy?: string; values?: EvidenceValues };

type FieldBuilder = {
  (axes: readonly string[], options?: FieldOptions & { optional?: false }): EvidenceField<false>;
  (axes: readonly string[], options: FieldOptions & { optional: true }): EvidenceField<true>;
};

/** What the trained model yields: the loss is differentiable in it. */
export const policy = fieldBuilder("policy", true);

/** A constant: reference log-probabilities, scores, ranks, rewards of an environment. */
export const given = fieldBuilder("given", false);

/** 0 or 1 an entry. */
export const label = fieldBuilder("label", false);

/** Token counts, at least 1 where not masked. */
export const lengths = fieldBuilder("length", false);

/** 1 where there is something, 0 where the rest of the evidence is padding. Absent means all ones. */
export function mask(axes: readonly string[]): EvidenceField<false> {
  return { axes, role: "mask", values: "real", differentiable: false, optional: false, maskedBy: undefined };
}

function fieldBuilder(role: EvidenceRole, differentiable: boolean): FieldBuilder {
  const build = (axes: readonly string[], options: FieldOptions & { optional?: boolean } = {}): EvidenceField => ({
    axes,
    role,
    values: options.values ?? "real",
    differentiable,
    optional: options.optional ?? false,
    maskedBy: options.maskedBy,
  });
  return build as FieldBuilder;
}

/** Sizes of the named axes. */
export type AxisSizes = Readonly<Record<string, number>>;

type Reader = { readonly id: string; readonly family: string; readonly minimum: AxisSizes };

/**
 * Checks evidence against what `reader` declares, and fills in absent masks with ones. Fields that are
 * declared but not in `reads` are left out.
 *
 * @throws LuceError `invalid-input` for a missing or unknown name, an axis that is too short, a mask or label
 *   other than 0 and 1, an empty response; `shape-mismatch`; `not-finite` for NaN or infinity where no mask hides it.
 */
export function checkEvidence(
  reader: Reader,
  declared: Evidence,
  reads: readonly string[],
  arrays: Readonly<Record<string, EvidenceArray>>,
): Record<string, EvidenceArray> {
  const where = `${reader.id}: evidence`;
  const unknown = Object.keys(arrays).find((name) => !Object.hasOwn(declared, name));
  if (unknown !== undefined) {
    throw new LuceError("invalid-input", `${reader.id} (${reader.family}) reads no evidence "${unknown}"`, {
      hint: suggestNearest(unknown, Object.keys(declared)),
    });
  }
  const sizes: Record<string, { size: number; from: string }> = {};
  const checked: Record<string, EvidenceArray> = {};
  for (const name of reads) {
    const array = arrays[name];
    if (array === undefined) {
      if (declared[name].optional || declared[name].role === "mask") continue;
      const axes = declared[name].axes.join(", ");
      throw new LuceError("invalid-input", `${reader.id} (${reader.family}) needs "${name}" [${axes}]`, {
        where,
        hint: `given: ${Object.keys(arrays).join(", ") || "nothing"}`,
      });
    }
    checkShape(name, declared[name], array, sizes, where);
    checked[name] = array;
  }
  for (const [axis, { size, from }] of Object.entries(sizes)) {
    const least = Math.max(1, reader.minimum[axis] ?? 1);
    if (size < least) {
      throw new LuceError("invalid-input", `${from}: axis ${axis} has length ${size}, needs at least ${least}`, {
        where,
        hint: axis === "K" ? "a list of one candidate holds no preference: drop it" : undefined,
      });
    }
  }
  for (const name of reads) {
    if (declared[name].role !== "mask" || checked[name] !== undefined) continue;
    const shape = declared[name].axes.map((axis) => sizes[axis]?.size);
    if (shape.some((size) => size === undefined)) continue;
    checked[name] = { data: new Float64Array(product(shape)).fill(1), shape };
  }
  for (const [name, array] of Object.entries(checked)) checkValues(name, declared[name], array, checked, sizes, where);
  return checked;
}

function checkShape(
  name: string,
  { axes }: EvidenceField,
  { shape }: EvidenceArray,
  sizes: Record<string, { size: number; from: string }>,
  where: string,
): void {
  if (shape.length !== axes.length) {
    throw new LuceError("shape-mismatch", `${name} has shape [${shape.join(", ")}], expected [${axes.join(", ")}]`, {
      where,
    });
  }
  for (const [i, axis] of axes.entries()) {
    const known = sizes[axis];
    sizes[axis] ??= { size: shape[i], from: name };
    if (known !== undefined && known.size !== shape[i]) {
      const expected = axes.map((other) => sizes[other]?.size ?? other).join(", ");
      throw new LuceError(
        "shape-mismatch",
        `${name} has shape [${shape.join(", ")}], expected [${expected}] (${axes.join(", ")}): ${known.from} has ${axis} = ${known.size}`,
        { where },
      );
    }
  }
}

function checkValues(
  name: string,
  { role, values, maskedBy }: EvidenceField,
  { data, shape }: EvidenceArray,
  all: Readonly<Record<string, EvidenceArray>>,
  sizes: Readonly<Record<string, { size: number }>>,
  where: string,
): void {
  const hiding = maskedBy === undefined ? undefined : all[maskedBy];
  const entriesPerMask = hiding === undefined ? 1 : data.length / hiding.data.length;
  const anyNumber = role !== "mask" && role !== "label" && role !== "length" && values === "real";
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    const expected = anyNumber ? undefined : expectation(role, values, value, sizes);
    if (expected === undefined && Number.isFinite(value)) continue;
    if (hiding !== undefined && hiding.data[Math.floor(i / entriesPerMask)] === 0) continue;
    const found = `${name}${position(i, shape)} is ${value}`;
    const example = Math.floor((i * shape[0]) / data.length);
    if (!Number.isFinite(value)) {
      throw new LuceError("not-finite", found, { where, hint: `drop example ${example}, or mask the entry` });
    }
    if (role === "length") {
      throw new LuceError("invalid-input", `${found}: the response is empty`, {
        where,
        hint: `drop example ${example}: an empty response has no mean log-probability`,
      });
    }
    throw new LuceError("invalid-input", `${found}, expected ${expected}`, { where });
  }
}

/** What was expected where `value` is not that. */
function expectation(
  role: EvidenceRole,
  values: EvidenceValues,
  value: number,
  sizes: Readonly<Record<string, { size: number }>>,
): string | undefined {
  if (role === "mask" || role === "label") return value === 0 || value === 1 ? undefined : "0 or 1";
  if (role === "length") return value >= 1 ? undefined : "at least one token";
  if (values === "probability") return value >= 0 && value <= 1 ? undefined : "a probability, from 0 to 1";
  if (values === "rank") return Number.isInteger(value) && value >= 1 ? undefined : "a rank, 1 for the best";
  if (typeof values === "object") {
    const size = sizes[values.indexOf]?.size ?? Number.POSITIVE_INFINITY;
    return Number.isInteger(value) && value >= 0 && value < size ? undefined : `an index from 0 to ${size - 1}`;
  }
  return undefined;
}

function position(index: number, shape: readonly number[]): string {
  let rest = index;
  const at: number[] = [];
  for (const size of shape.toReversed()) {
    at.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return at.map((i) => `[${i}]`).join("");
}

/**
 * Evidence written as nested arrays of numbers; null is NaN (padding).
 *
 * @throws LuceError `shape-mismatch` for rows of different lengths, `invalid-input` for anything but numbers.
 */
export function parseEvidence(name: string, value: unknown): EvidenceArray {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  const data = new Float64Array(product(shape));
  let next = 0;
  const fill = (level: unknown, depth: number, at: string): void => {
    if (depth < shape.length) {
      if (!Array.isArray(level)) {
        throw new LuceError("shape-mismatch", `${at} is not a list, expected one of length ${shape[depth]}`);
      }
      if (level.length !== shape[depth]) {
        throw new LuceError("shape-mismatch", `${at} has length ${level.length}, expected ${shape[depth]}`, {
          hint: "pad the shorter rows and give a mask",
        });
      }
      for (const [i, inner] of level.entries()) fill(inner, depth + 1, `${at}[${i}]`);
    } else if (level === null) data[next++] = Number.NaN;
    else if (typeof level === "number") data[next++] = level;
    else if (typeof level === "boolean") data[next++] = Number(level);
    else throw new LuceError("invalid-input", `${at} is ${JSON.stringify(level)}, expected a number`);
  };
  fill(value, 0, name);
  return { data, shape };
}

/** Row-major data as nested arrays. */
export function nested(data: ArrayLike<number>, shape: readonly number[]): unknown {
  const build = (depth: number, offset: number, size: number): unknown => {
    if (depth === shape.length) return data[offset];
    const inner = size / shape[depth];
    return Array.from({ length: shape[depth] }, (_, i) => build(depth + 1, offset + i * inner, inner));
  };
  return build(0, 0, data.length);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}
