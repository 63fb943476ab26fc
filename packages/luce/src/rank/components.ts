import type { Comparisons } from "../data/comparisons.ts";

/**
 * The connected components of the comparison graph, numbered by their first system.
 * Strengths of two systems can be compared only within one component.
 *
 * @returns [M] component of each system
 */
export function connectedComponents({
  systems,
  left,
  right,
}: Pick<Comparisons, "systems" | "left" | "right">): Int32Array {
  const parent = Int32Array.from(systems, (_, system) => system);
  const find = (system: number): number => {
    while (parent[system] !== system) {
      parent[system] = parent[parent[system]];
      system = parent[system];
    }
    return system;
  };
  for (let row = 0; row < left.length; row++) {
    const a = find(left[row]);
    const b = find(right[row]);
    if (a !== b) parent[Math.max(a, b)] = Math.min(a, b);
  }
  const numbers = new Map<number, number>();
  return parent.map((_, system) => {
    const root = find(system);
    const number = numbers.get(root) ?? numbers.size;
    numbers.set(root, number);
    return number;
  });
}
