import type * as z from "zod";
import { LuceError, suggestNearest } from "../errors.ts";
import { jit, numpy as np, type OwnedFunction, valueAndGrad } from "../jax.ts";
import { type Method, type Outputs, parseParameters, parseWith } from "../method.ts";
import {
  type AxisSizes,
  checkEvidence,
  type Evidence,
  type EvidenceArray,
  type EvidenceField,
  nested,
  parseEvidence,
} from "./evidence.ts";
import { startRuntime } from "./runtime.ts";
import { Tensor, where } from "./tensor.ts";

/** The shape of preference an objective learns from. */
export type ObjectiveFamily = "pairwise" | "listwise" | "unpaired" | "tokenwise" | "group" | "denoising";

/** A tensor, or tensors by name. */
export type TensorTree = Tensor | { readonly [name: string]: TensorTree };

/** What a loss returns. */
export type LossTerms = {
  /** [B] each example's share. */
  readonly perExample?: Tensor;
  /** A scalar; absent, the mean of `perExample`. */
  readonly loss?: Tensor;
  /** Further named outputs of the method's contract. */
  readonly outputs?: Readonly<Record<string, TensorTree>>;
  /** Scalars worth plotting while training: `rewardMargin`, `accuracy`, `kl`, ... */
  readonly diagnostics?: Readonly<Record<string, Tensor>>;
};

type TensorsOf<E extends Evidence> = {
  readonly [Name in keyof E]: E[Name] extends EvidenceField<false> ? Tensor : Tensor | undefined;
};

/** A part of a method besides its loss: asked for by the parameter `component`, or known by inputs of its own. */
export type Component = {
  readonly params: z.ZodObject;
  readonly inputNames: readonly string[];
  evaluate(inputs: unknown, params: Record<string, unknown>, where: string): Outputs | Promise<Outputs>;
};

/** Declares a component from its schemas and its function. */
export function defineComponent<P extends z.ZodObject, I extends z.ZodObject>(definition: {
  params: P;
  inputs: I;
  evaluate(inputs: z.output<I>, params: z.output<P>): Outputs | Promise<Outputs>;
}): Component {
  return {
    params: definition.params,
    inputNames: Object.keys(definition.inputs.shape),
    evaluate: (inputs, params, where) =>
      definition.evaluate(parseWith(definition.inputs, inputs, where), params as z.output<P>),
  };
}

type ObjectiveDefinition<P extends z.ZodObject, E extends Evidence> = {
  id: string;
  name: string;
  paper: string;
  arxiv: string | null;
  kind?: "objective" | "reward-model";
  family: ObjectiveFamily;
  /** Whether log-probabilities are of whole responses or of tokens. */
  level: "sequence" | "token";
  /** How token log-probabilities of a response become one number. */
  aggregation: "sum" | "mean";
  needsReference: boolean;
  /** Every tensor the objective reads under some parameters. */
  evidence: E;
  /** Which of them it reads under these parameters, where not all; `given` holds the names at hand. */
  reads?(params: z.output<P>, given: ReadonlySet<string>): readonly (keyof E & string)[];
  /**
   * Whether the loss holds constant something that depends on the policy (a weight, say): its gradient is then not
   * the derivative of its value. Default false.
   */
  stopsGradient?: boolean;
  /** Least sizes of axes, such as `{ K: 2 }`. */
  minimum?: AxisSizes;
  params: P;
  /** Further conditions on the values; throws LuceError. */
  check?(evidence: Readonly<Partial<Record<keyof E, EvidenceArray>>>, params: z.output<P>): void;
  /** Pure and traceable. Masked entries reach it as 0 (lengths as 1); absent masks as ones. */
  loss(evidence: TensorsOf<E>, params: z.output<P>): LossTerms;
  components?: Readonly<Record<string, Component>>;
};

/** A loss and its gradient, outside a traced function. */
export type LossAndGradient = {
  readonly loss: number;
  /** [B], null where the objective has no loss per example. */
  readonly perExample: Float64Array | null;
  /** By name, of the shape of the evidence it belongs to: d loss / d evidence. */
  readonly gradients: Readonly<Record<string, EvidenceArray>>;
  readonly outputs: Outputs;
  readonly diagnostics: Readonly<Record<string, number>>;
};

/** A traced loss: jax-js arrays, to be consumed by the caller. */
export type TracedLoss = {
  readonly loss: np.Array;
  readonly perExample: np.Array | null;
  readonly diagnostics: Readonly<Record<string, np.Array>>;
};

/** A pure, differentiable function from evidence to a loss. What it reads, it declares. */
export type Objective = Method & {
  readonly family: ObjectiveFamily;
  readonly level: "sequence" | "token";
  readonly aggregation: "sum" | "mean";
  readonly needsReference: boolean;
  /** Whether the gradient holds constant some part of the loss that depends on the policy. */
  readonly stopsGradient: boolean;
  readonly evidence: Evidence;
  /** Least sizes of axes; 1 where not named. */
  readonly minimum: AxisSizes;
  /** The names it reads under `params`, given the names at hand. @throws LuceError `invalid-parameter` */
  reads(params: Record<string, unknown>, given?: Iterable<string>): readonly string[];
  /**
   * The loss, its gradient in every differentiable field, diagnostics, and with `outputs` what else the method's
   * contract names. Compiled on the first call for given shapes and parameters.
   *
   * @throws LuceError for evidence of another family, shape or range: see `checkEvidence`.
   */
  lossAndGradient(
    evidence: Readonly<Record<string, EvidenceArray>>,
    params: Record<string, unknown>,
    options?: { outputs?: boolean },
  ): Promise<LossAndGradient>;
  /**
   * The loss inside a traced function, for a training step that fuses policy and objective. Consumes the arrays
   * (of any float type); shapes and values are the caller's to check.
   */
  traceLoss(evidence: Readonly<Record<string, np.Array>>, params: Record<string, unknown>): TracedLoss;
};

export function isObjective(method: Method): method is Objective {
  return "lossAndGradient" in method;
}

/**
 * Declares an objective once; validation, the contract of the golden vectors, compiled gradients and the
 * traceable loss follow from the declaration.
 */
export function defineObjective<P extends z.ZodObject, E extends Evidence>(
  definition: ObjectiveDefinition<P, E>,
): Objective {
  const { id, components = {}, minimum = {}, kind = "objective" } = definition;
  const reader = { id, family: definition.family, minimum };
  const compiled = new Map<string, CompiledLoss>();

  const namesRead = (params: z.output<P>, given: Iterable<string>): readonly string[] =>
    definition.reads?.(params, new Set(given)) ?? Object.keys(definition.evidence);

  const terms = (arrays: Readonly<Record<string, np.Array>>, params: z.output<P>): LossTerms & { loss: Tensor } => {
    const tensors = hideMasked(definition.evidence, arrays);
    const result = definition.loss(tensors as TensorsOf<E>, params);
    const loss = result.loss ?? result.perExample?.mean();
    if (loss === undefined) throw new Error(`${id}: the loss returned neither loss nor perExample`);
    return { ...result, loss };
  };

  const compile = (params: z.output<P>, arrays: Record<string, EvidenceArray>, withOutputs: boolean): CompiledLoss => {
    const shapes = Object.entries(arrays).map(([name, { shape }]) => `${name}[${shape.join()}]`);
    const key = `${JSON.stringify(params)} ${shapes.join(" ")} ${withOutputs}`;
    let program = compiled.get(key);
    if (program === undefined) {
      program = compileLoss((evidence) => {
        const { outputs, ...rest } = terms(evidence, params);
        return withOutputs ? { ...rest, outputs } : rest;
      });
      compiled.set(key, program);
      const [oldest] = compiled.keys();
      if (compiled.size > COMPILED_AT_MOST) {
        compiled.get(oldest)?.dispose();
        compiled.delete(oldest);
      }
    }
    return program;
  };

  const run = async (
    evidence: Readonly<Record<string, EvidenceArray>>,
    params: z.output<P>,
    { outputs = false }: { outputs?: boolean } = {},
  ) => {
    const arrays = checkEvidence(reader, definition.evidence, namesRead(params, Object.keys(evidence)), evidence);
    definition.check?.(arrays as Partial<Record<keyof E, EvidenceArray>>, params);
    await startRuntime();
    return runCompiled(compile(params, arrays, outputs), definition.evidence, arrays);
  };

  return {
    id,
    name: definition.name,
    paper: definition.paper,
    arxiv: definition.arxiv,
    kind,
    params: definition.params,
    hasFormula: true,
    family: definition.family,
    level: definition.level,
    aggregation: definition.aggregation,
    needsReference: definition.needsReference,
    stopsGradient: definition.stopsGradient ?? false,
    evidence: definition.evidence,
    minimum,

    reads: (params, given = []) => namesRead(parseParameters(definition, params), given),

    lossAndGradient: (evidence, params, options) => run(evidence, parseParameters(definition, params), options),

    traceLoss(evidence, params) {
      const { loss, perExample, diagnostics = {} } = terms(evidence, parseParameters(definition, params));
      return {
        loss: loss.array,
        perExample: perExample?.array ?? null,
        diagnostics: Object.fromEntries(Object.entries(diagnostics).map(([name, value]) => [name, value.array])),
      };
    },

    async evaluate(inputs, params) {
      const givenParams = parseRecord(params ?? {}, `${id}: params`);
      const names = Object.keys(parseRecord(inputs, `${id}: inputs`));
      const component = givenParams.component ?? componentOf(names, definition.evidence, components);
      if (typeof component === "string" && Object.hasOwn(components, component)) {
        const { component: _, ...rest } = givenParams;
        const { params: schema, evaluate } = components[component];
        const where = `${id} (${component})`;
        return evaluate(inputs, parseParameters({ id: where, params: schema }, rest), where);
      }
      if (component !== undefined && !("component" in definition.params.shape)) {
        throw new LuceError("invalid-parameter", `${id} has no component "${String(component)}"`, {
          hint: suggestNearest(String(component), Object.keys(components)),
        });
      }
      const evidence = Object.fromEntries(
        Object.entries(parseRecord(inputs, `${id}: inputs`))
          .filter(([, value]) => value !== undefined && value !== null)
          .map(([name, value]) => [name, parseEvidence(name, value)]),
      );
      const result = await run(evidence, parseParameters(definition, givenParams), { outputs: true });
      return {
        ...result.diagnostics,
        ...result.outputs,
        loss: result.loss,
        ...(result.perExample && { perExample: Array.from(result.perExample) }),
        grad: Object.fromEntries(
          Object.entries(result.gradients).map(([name, { data, shape }]) => [name, nested(data, shape)]),
        ),
      };
    },
  };
}

/** The component that takes inputs of these names, where they are not the evidence of the loss. */
function componentOf(
  names: readonly string[],
  evidence: Evidence,
  components: Readonly<Record<string, Component>>,
): string | undefined {
  if (names.every((name) => Object.hasOwn(evidence, name))) return undefined;
  return Object.keys(components).find((id) => names.every((name) => components[id].inputNames.includes(name)));
}

/** Programs kept by one objective: a training run uses one or two. */
const COMPILED_AT_MOST = 64;

type ArrayTree = np.Array | { [name: string]: ArrayTree };
type Auxiliary = { perExample?: np.Array; outputs: Record<string, ArrayTree>; diagnostics: Record<string, np.Array> };
type Arrays = Record<string, np.Array>;
type CompiledLoss = OwnedFunction<(free: Arrays, fixed: Arrays) => [[np.Array, Auxiliary], Arrays]>;

function compileLoss(terms: (evidence: Arrays) => LossTerms & { loss: Tensor }): CompiledLoss {
  const traced = (free: Arrays, fixed: Arrays): [np.Array, Auxiliary] => {
    const { loss, perExample, outputs = {}, diagnostics = {} } = terms({ ...free, ...fixed });
    const auxiliary: Auxiliary = {
      ...(perExample && { perExample: perExample.stopGradient().array }),
      outputs: arraysOf(outputs) as Record<string, ArrayTree>,
      diagnostics: arraysOf(diagnostics) as Arrays,
    };
    return [loss.array, auxiliary];
  };
  return jit(valueAndGrad(traced, { hasAux: true })) as unknown as CompiledLoss;
}

function arraysOf(tree: TensorTree): ArrayTree {
  if (tree instanceof Tensor) return tree.stopGradient().array;
  return Object.fromEntries(Object.entries(tree).map(([name, inner]) => [name, arraysOf(inner)]));
}

async function runCompiled(
  program: CompiledLoss,
  declared: Evidence,
  evidence: Readonly<Record<string, EvidenceArray>>,
): Promise<LossAndGradient> {
  const free: Arrays = {};
  const fixed: Arrays = {};
  for (const [name, { data, shape }] of Object.entries(evidence)) {
    (declared[name].differentiable ? free : fixed)[name] = np.array(data as Float64Array<ArrayBuffer>, {
      shape: [...shape],
    });
  }
  const [[loss, { perExample, outputs, diagnostics }], gradients] = program(free, fixed);
  const result = {
    loss: (await loss.data())[0],
    perExample: perExample ? ((await perExample.data()) as Float64Array) : null,
    outputs: (await readTree(outputs)) as Outputs,
    diagnostics: (await readTree(diagnostics)) as Record<string, number>,
    gradients: {} as Record<string, EvidenceArray>,
  };
  for (const [name, gradient] of Object.entries(gradients)) {
    result.gradients[name] = { data: (await gradient.data()) as Float64Array, shape: evidence[name].shape };
  }
  return result;
}

async function readTree(tree: ArrayTree): Promise<unknown> {
  if (tree instanceof np.Array) {
    const shape = tree.shape;
    return nested(await tree.data(), shape);
  }
  const entries: [string, unknown][] = [];
  for (const [name, inner] of Object.entries(tree)) entries.push([name, await readTree(inner)]);
  return Object.fromEntries(entries);
}

/** Tensors of the evidence in which whatever stands at masked places is replaced: lengths by 1, the rest by 0. */
function hideMasked(declared: Evidence, arrays: Readonly<Record<string, np.Array>>): Record<string, Tensor> {
  const raw = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, new Tensor(array)]));
  return Object.fromEntries(
    Object.entries(raw).map(([name, tensor]) => {
      const { maskedBy, role } = declared[name];
      const hiding = maskedBy === undefined ? undefined : raw[maskedBy];
      if (hiding === undefined) return [name, tensor];
      const missing = tensor.shape.length - hiding.shape.length;
      const aligned = hiding.reshape([...hiding.shape, ...Array<number>(missing).fill(1)]);
      return [name, where(aligned, tensor, role === "length" ? 1 : 0)];
    }),
  );
}

function parseRecord(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new LuceError("invalid-input", "expected an object of named values", { where });
  }
  return value as Record<string, unknown>;
}
