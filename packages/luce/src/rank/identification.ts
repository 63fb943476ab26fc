import type { Finding } from "../report/report.ts";
import type { Cells } from "./cells.ts";
import { connectedComponents, reachable, strongComponents } from "./components.ts";

/**
 * What a set of pairwise judgments can say about strengths without a prior.
 *
 * Only systems joined by judgments can be compared (a component), and a difference has a finite estimate only
 * within a block: systems each of which has beaten or tied with some other on a path to every other one.
 * Between blocks all judgments point one way, so the likelihood grows for ever as the blocks move apart.
 */
export type Identification = {
  /** [M] */
  readonly component: Int32Array;
  /** [M] strongly connected block. */
  readonly block: Int32Array;
  /**
   * [M] 0: finite, in the largest block of its component. +Infinity or -Infinity: without limit above or below
   * that block. NaN: neither, or never compared with anything.
   */
  readonly offset: Float64Array;
  readonly findings: readonly Finding[];
};

/** What `cells` identify. O(C + M) but for disconnected graphs, O((C + M) x components with an unbeaten part). */
export function identify(cells: Cells, systems: readonly string[]): Identification {
  const M = systems.length;
  const component = connectedComponents({ systems, left: cells.first, right: cells.second });
  const from: number[] = [];
  const to: number[] = [];
  for (let cell = 0; cell < cells.mass.length; cell++) {
    if (!(cells.mass[cell] > 0)) continue;
    if (cells.outcome[cell] > 0) {
      from.push(cells.first[cell]);
      to.push(cells.second[cell]);
    }
    if (cells.outcome[cell] < 1) {
      from.push(cells.second[cell]);
      to.push(cells.first[cell]);
    }
  }
  const arcs = { nodes: M, from, to };
  const block = strongComponents(arcs);
  const members = new Int32Array(M);
  for (const b of block) members[b]++;

  const componentSize = new Int32Array(M);
  for (const c of component) componentSize[c]++;
  const blocksOf = new Map<number, Set<number>>();
  const anchor = new Map<number, number>();
  for (let i = 0; i < M; i++) {
    const c = component[i];
    const blocks = blocksOf.get(c) ?? new Set();
    blocksOf.set(c, blocks.add(block[i]));
    const best = anchor.get(c);
    if (best === undefined || members[block[i]] > members[block[best]]) anchor.set(c, i);
  }
  const offset = new Float64Array(M);
  for (const [c, start] of anchor) {
    if (componentSize[c] === 1) offset[start] = Number.NaN;
    else if (blocksOf.get(c)!.size > 1) setOffsets(offset, arcs, block, component, start, members);
  }
  return { component, block, offset, findings: explain(systems, component, componentSize, block, members, offset) };
}

function setOffsets(
  offset: Float64Array,
  arcs: { nodes: number; from: number[]; to: number[] },
  block: Int32Array,
  component: Int32Array,
  anchor: number,
  members: Int32Array,
): void {
  const finite = members[block[anchor]] > 1;
  // No block of two or more: the only thing known is who stands at either end.
  const top = finite ? anchor : highest(component, component[anchor], block, +1);
  const bottom = finite ? anchor : highest(component, component[anchor], block, -1);
  const below = reachable(arcs, top);
  const above = reachable({ nodes: arcs.nodes, from: arcs.to, to: arcs.from }, bottom);
  const isAll = (seen: Uint8Array) => component.every((c, i) => c !== component[anchor] || seen[i] === 1);
  for (let i = 0; i < component.length; i++) {
    if (component[i] !== component[anchor]) continue;
    if (finite) {
      if (block[i] === block[anchor]) offset[i] = 0;
      else offset[i] = above[i] ? Number.POSITIVE_INFINITY : below[i] ? Number.NEGATIVE_INFINITY : Number.NaN;
    } else if (i === top && isAll(below)) offset[i] = Number.POSITIVE_INFINITY;
    else if (i === bottom && isAll(above)) offset[i] = Number.NEGATIVE_INFINITY;
    else offset[i] = Number.NaN;
  }
}

/** The system of the component whose block comes first (+1) or last (-1) in topological order. */
function highest(component: Int32Array, wanted: number, block: Int32Array, sign: 1 | -1): number {
  let best = -1;
  for (let i = 0; i < component.length; i++) {
    if (component[i] === wanted && (best < 0 || sign * block[i] > sign * block[best])) best = i;
  }
  return best;
}

function explain(
  systems: readonly string[],
  component: Int32Array,
  componentSize: Int32Array,
  block: Int32Array,
  members: Int32Array,
  offset: Float64Array,
): Finding[] {
  const findings: Finding[] = [];
  const joined = componentSize.filter((size) => size > 1);
  if (joined.length > 1) {
    const groups = [...new Set(component)].filter((c) => componentSize[c] > 1);
    findings.push({
      severity: "problem",
      text: `The judgments fall into ${joined.length} groups of systems that were never compared with one another (${groups
        .slice(0, 3)
        .map((c) => listNames(systems.filter((_, i) => component[i] === c)))
        .join("; ")}${groups.length > 3 ? "; …" : ""}): ratings and ranks hold within a group only.`,
      advice: "Collect judgments between the groups, or join them by an explicit prior (--prior).",
    });
  }
  const select = (keep: (i: number) => boolean) => systems.filter((_, i) => keep(i));
  const alone = select((i) => componentSize[component[i]] === 1);
  if (alone.length > 0) {
    findings.push({
      severity: "problem",
      text: `${listNames(alone)} ${alone.length === 1 ? "was" : "were"} never compared with another system: there is no rating.`,
      advice: "Collect judgments that include them.",
    });
  }
  const above = select((i) => offset[i] === Number.POSITIVE_INFINITY);
  const below = select((i) => offset[i] === Number.NEGATIVE_INFINITY);
  const open = select((i) => Number.isNaN(offset[i]) && componentSize[component[i]] > 1);
  const prior =
    "Collect more judgments of them, or accept an explicit prior (--prior), which makes every rating finite.";
  if (above.length > 0) {
    findings.push({
      severity: "problem",
      text: `${listNames(above)} never lost to or tied with the systems rated below: there is no finite rating, only that it is higher.`,
      advice: prior,
    });
  }
  if (below.length > 0) {
    findings.push({
      severity: "problem",
      text: `${listNames(below)} never beat or tied with the systems rated above: there is no finite rating, only that it is lower.`,
      advice: prior,
    });
  }
  if (open.length > 0) {
    const blocks = new Set(
      systems.flatMap((_, i) => (Number.isNaN(offset[i]) && members[block[i]] > 1 ? block[i] : [])),
    );
    findings.push({
      severity: "problem",
      text: `The judgments do not place ${listNames(open)} among the others${blocks.size > 0 ? ` (though they order ${blocks.size} group${blocks.size === 1 ? "" : "s"} of them within)` : ""}.`,
      advice: prior,
    });
  }
  return findings;
}

/** `a, b and 3 more`. */
export function listNames(names: readonly string[], most = 5): string {
  if (names.length <= most) {
    return names.length < 2 ? (names[0] ?? "none") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
  }
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}
