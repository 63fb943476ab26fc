import { comparisonTable } from "./comparison-table.ts";
import type { Format } from "./format.ts";

/** Every kind of file that can be read, the most particular first: the first that recognises a file reads it. */
export const formats: readonly Format[] = [comparisonTable];
