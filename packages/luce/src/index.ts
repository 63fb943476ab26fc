export { LuceError, type LuceErrorCode, suggestNearest } from "./errors.ts";
export { type Method, type MethodKind, type Outputs, parseParameters } from "./method.ts";
export { isMethodId, loadMethod, loadMethods, type MethodId, methodIds } from "./methods.ts";
export { createRandom, type Random, shuffle } from "./random.ts";
