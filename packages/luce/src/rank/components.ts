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

/** A directed graph by its arcs; `from[a]` to `to[a]`. */
export type Arcs = { readonly nodes: number; readonly from: ArrayLike<number>; readonly to: ArrayLike<number> };

/**
 * Strongly connected components (Tarjan, without recursion), numbered in reverse topological order: every
 * arc that leaves a component ends in one with a lower number. Linear in nodes and arcs.
 *
 * @returns [nodes] the component of each node
 */
export function strongComponents(arcs: Arcs): Int32Array {
  const { nodes } = arcs;
  const { offsets, targets } = adjacency(arcs);
  const component = new Int32Array(nodes).fill(-1);
  const order = new Int32Array(nodes).fill(-1);
  const low = new Int32Array(nodes);
  const next = offsets.slice(0, nodes);
  const stack: number[] = [];
  const path: number[] = [];
  let visited = 0;
  let components = 0;
  const enter = (node: number) => {
    order[node] = visited;
    low[node] = visited++;
    stack.push(node);
    path.push(node);
  };
  for (let root = 0; root < nodes; root++) {
    if (order[root] >= 0) continue;
    enter(root);
    while (path.length > 0) {
      const node = path[path.length - 1];
      if (next[node] < offsets[node + 1]) {
        const target = targets[next[node]++];
        if (order[target] < 0) enter(target);
        else if (component[target] < 0) low[node] = Math.min(low[node], order[target]);
        continue;
      }
      path.pop();
      if (path.length > 0) low[path[path.length - 1]] = Math.min(low[path[path.length - 1]], low[node]);
      if (low[node] === order[node]) {
        let member: number;
        do {
          member = stack.pop()!;
          component[member] = components;
        } while (member !== node);
        components++;
      }
    }
  }
  return component;
}

/** The nodes that can be reached from `start`, itself included: [nodes] 1 or 0. */
export function reachable(arcs: Arcs, start: number): Uint8Array {
  const { offsets, targets } = adjacency(arcs);
  const seen = new Uint8Array(arcs.nodes);
  seen[start] = 1;
  const queue = [start];
  for (const node of queue) {
    for (let arc = offsets[node]; arc < offsets[node + 1]; arc++) {
      if (seen[targets[arc]]) continue;
      seen[targets[arc]] = 1;
      queue.push(targets[arc]);
    }
  }
  return seen;
}

/** The arcs grouped by the node they leave. */
function adjacency({ nodes, from, to }: Arcs): { offsets: Int32Array; targets: Int32Array } {
  const offsets = new Int32Array(nodes + 1);
  for (let arc = 0; arc < from.length; arc++) offsets[from[arc] + 1]++;
  for (let node = 0; node < nodes; node++) offsets[node + 1] += offsets[node];
  const place = offsets.slice(0, nodes);
  const targets = new Int32Array(from.length);
  for (let arc = 0; arc < from.length; arc++) targets[place[from[arc]]++] = to[arc];
  return { offsets, targets };
}
