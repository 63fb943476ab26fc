import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** A seeded source of randomness. The same seed gives the same numbers on every platform. */
export type Random = {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in [0, bound). */
  integer(bound: number): number;
  /** An independent generator, for a part of the work that must not disturb the rest. */
  fork(): Random;
};

const WARM_UP = 32;

/** @param seed any 32-bit integer. */
export function createRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  // The state of a small seed is almost all ones or zeros, and its first numbers are all near 1 or 0.
  for (let n = 0; n < WARM_UP; n++) generator.next();
  const next32 = () => generator.next() >>> 0;
  let spareNormal: number | undefined;
  const random: Random = {
    uniform: () => ((next32() >>> 5) * 0x4000000 + (next32() >>> 6)) / 0x20000000000000,
    normal() {
      if (spareNormal !== undefined) {
        const value = spareNormal;
        spareNormal = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
      const angle = 2 * Math.PI * random.uniform();
      spareNormal = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    integer: (bound) => Math.floor(random.uniform() * bound),
    fork: () => createRandom(next32()),
  };
  return random;
}

/** Shuffles `values` in place (Fisher-Yates) and returns it. */
export function shuffle<T extends { [index: number]: unknown; length: number }>(values: T, random: Random): T {
  for (let i = values.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const swapped = values[i];
    values[i] = values[j];
    values[j] = swapped;
  }
  return values;
}
