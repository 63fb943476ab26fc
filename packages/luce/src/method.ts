import type * as z from "zod";
import { LuceError, suggestNearest } from "./errors.ts";

export type MethodKind =
  | "rating"
  | "audit"
  | "curator"
  | "judge"
  | "reward-model"
  | "objective"
  | "recipe"
  | "selector"
  | "retrieval"
  | "control";

/**
 * A published system, named as its paper names it.
 *
 * `evaluate` is its contract: named inputs and parameters to named outputs, the names of the golden
 * vectors. Kinds add the functions that the rest of Luce calls (a rating method has `fit`, an
 * objective `loss`); shared code reads what a method declares and never branches on which one it is.
 */
export type Method = {
  readonly id: string;
  readonly name: string;
  readonly paper: string;
  /** Null where the source was never on arXiv. */
  readonly arxiv: string | null;
  readonly kind: MethodKind;
  readonly params: z.ZodObject;
  /** False for a method that has no formula to check, such as a data recipe. */
  readonly hasFormula: boolean;
  evaluate(inputs: unknown, params: unknown): Outputs | Promise<Outputs>;
};

export type Outputs = Record<string, unknown>;

type Definition<P extends z.ZodObject, I extends z.ZodType> = {
  id: string;
  name: string;
  paper: string;
  arxiv: string | null;
  kind: MethodKind;
  params: P;
  inputs: I;
  evaluate(inputs: z.output<I>, params: z.output<P>): Outputs | Promise<Outputs>;
};

/** Declares a method whose contract is `inputs` and `params`, both validated before `evaluate` runs. */
export function defineMethod<P extends z.ZodObject, I extends z.ZodType>(definition: Definition<P, I>): Method {
  const { inputs: inputSchema, evaluate, ...declared } = definition;
  return {
    ...declared,
    hasFormula: true,
    evaluate: (inputs, params) =>
      evaluate(
        parseWith(inputSchema, inputs, `${definition.id}: inputs`),
        parseWith(definition.params, params, `${definition.id}: params`),
      ),
  };
}

/**
 * The parameters of `method` with its defaults filled in.
 *
 * @throws LuceError `invalid-parameter` for an unknown name (with the nearest known one) or a value out of range.
 */
export function parseParameters<P extends z.ZodObject>(
  method: { id: string; params: P },
  given: Record<string, unknown>,
): z.output<P> {
  const known = Object.keys(method.params.shape);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new LuceError("invalid-parameter", `${method.id} has no parameter "${unknown}"`, {
      hint: known.length > 0 ? suggestNearest(unknown, known) : "it takes none",
    });
  }
  return parseWith(method.params, given, method.id, "invalid-parameter");
}

/** Parses at the edge: a zod failure becomes one typed error that names the field. */
export function parseWith<T extends z.ZodType>(
  schema: T,
  value: unknown,
  where: string,
  code: "invalid-input" | "invalid-parameter" = "invalid-input",
): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  throw new LuceError(code, `${field}${issue.message}`, { where });
}
