import { quantileOfSorted } from "./quantile.ts";

/** The 5 %, 50 % and 95 % type-7 quantiles of each system over replicates [R][M]. */
export function bootstrapQuantiles(replicates: readonly ArrayLike<number>[]) {
  const at = (probability: number) => systemQuantiles(replicates, probability);
  return { q05: at(0.05), q50: at(0.5), q95: at(0.95) };
}

/** One quantile of each system over replicates [R][M]; replicates in which a system has no estimate are left out. */
export function systemQuantiles(replicates: readonly ArrayLike<number>[], probability: number): Float64Array {
  return Float64Array.from({ length: replicates[0]?.length ?? 0 }, (_, system) => {
    const values = Float64Array.from(replicates, (replicate) => replicate[system]).filter((v) => !Number.isNaN(v));
    return values.length > 0 ? quantileOfSorted(values.sort(), probability) : Number.NaN;
  });
}
