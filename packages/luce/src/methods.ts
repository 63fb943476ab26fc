import { LuceError, suggestNearest } from "./errors.ts";
import type { Method } from "./method.ts";

/** The registry: one line a method. Each is loaded when it is first asked for. */
const registry = {
  elo: async () => (await import("./rank/elo.ts")).elo,
  "bradley-terry": async () => (await import("./rank/bradley-terry.ts")).bradleyTerry,
  davidson: async () => (await import("./rank/davidson.ts")).davidson,
  "rao-kupper": async () => (await import("./rank/rao-kupper.ts")).raoKupper,
  "win-rate": async () => (await import("./rank/win-rate.ts")).winRate,
  "length-controlled-win-rate": async () =>
    (await import("./rank/length-controlled-win-rate.ts")).lengthControlledWinRate,
  "style-controlled-bt": async () => (await import("./rank/style-controlled-bt.ts")).styleControlledBradleyTerry,
  "k-sort-arena": async () => (await import("./rank/k-sort-arena.ts")).kSortArena,
  "plackett-luce": async () => (await import("./rank/plackett-luce.ts")).plackettLuce,
  "rank-centrality": async () => (await import("./rank/rank-centrality.ts")).rankCentrality,
  "robo-arena": async () => (await import("./rank/robo-arena.ts")).roboArena,
  trueskill: async () => (await import("./rank/trueskill.ts")).trueskill,
  "ranking-metrics": async () => (await import("./rank/ranking-metrics.ts")).rankingMetrics,
  "krippendorff-alpha": async () => (await import("./audit/krippendorff-alpha.ts")).krippendorffAlphaMethod,
  "dawid-skene": async () => (await import("./audit/dawid-skene.ts")).dawidSkeneMethod,
  "crowd-bradley-terry": async () => (await import("./audit/crowd-bradley-terry.ts")).crowdBradleyTerry,
  dpo: async () => (await import("./objectives/pairwise/dpo.ts")).dpo,
  "r-dpo": async () => (await import("./objectives/pairwise/r-dpo.ts")).rDpo,
  ipo: async () => (await import("./objectives/pairwise/ipo.ts")).ipo,
  slic: async () => (await import("./objectives/pairwise/slic.ts")).slic,
  simpo: async () => (await import("./objectives/pairwise/simpo.ts")).simpo,
  cpo: async () => (await import("./objectives/pairwise/cpo.ts")).cpo,
  orpo: async () => (await import("./objectives/pairwise/orpo.ts")).orpo,
  kto: async () => (await import("./objectives/unpaired/kto.ts")).kto,
  "bradley-terry-reward": async () =>
    (await import("./objectives/pairwise/bradley-terry-reward.ts")).bradleyTerryReward,
  grpo: async () => (await import("./objectives/group/grpo.ts")).grpo,
  ppo: async () => (await import("./objectives/group/ppo.ts")).ppo,
  asft: async () => (await import("./objectives/pairwise/asft.ts")).asft,
  dove: async () => (await import("./objectives/pairwise/dove.ts")).dove,
  lcpo: async () => (await import("./objectives/pairwise/lcpo.ts")).lcpo,
  mapl: async () => (await import("./objectives/pairwise/mapl.ts")).mapl,
  osp: async () => (await import("./objectives/pairwise/osp.ts")).osp,
  "rationale-po": async () => (await import("./objectives/pairwise/rationale-po.ts")).rationalePo,
  "self-supervised-po": async () => (await import("./objectives/pairwise/self-supervised-po.ts")).selfSupervisedPo,
  brain: async () => (await import("./objectives/listwise/brain.ts")).brain,
  d2o: async () => (await import("./objectives/listwise/d2o.ts")).d2o,
  "in-context-ranking-po": async () =>
    (await import("./objectives/listwise/in-context-ranking-po.ts")).inContextRankingPo,
  knowpat: async () => (await import("./objectives/listwise/knowpat.ts")).knowpat,
  lipo: async () => (await import("./objectives/listwise/lipo.ts")).lipo,
  pro: async () => (await import("./objectives/listwise/pro.ts")).pro,
  "tree-po": async () => (await import("./objectives/listwise/tree-po.ts")).treePo,
  adpa: async () => (await import("./objectives/tokenwise/adpa.ts")).adpa,
  "rlhf-v": async () => (await import("./objectives/tokenwise/rlhf-v.ts")).rlhfV,
  "sparse-po": async () => (await import("./objectives/tokenwise/sparse-po.ts")).sparsePo,
  "c-rlft": async () => (await import("./objectives/unpaired/c-rlft.ts")).cRlft,
  sami: async () => (await import("./objectives/group/sami.ts")).sami,
  cream: async () => (await import("./align/cream.ts")).cream,
  "ofs-dpo": async () => (await import("./align/ofs-dpo.ts")).ofsDpo,
  gpm: async () => (await import("./reward/gpm.ts")).gpm,
} satisfies Record<string, () => Promise<Method>>;

export type MethodId = keyof typeof registry;

export const methodIds = Object.keys(registry) as readonly MethodId[];

export function isMethodId(id: string): id is MethodId {
  return Object.hasOwn(registry, id);
}

/** @throws LuceError `unknown-method`, with the nearest name. */
export async function loadMethod<Id extends string>(
  id: Id,
): Promise<Id extends MethodId ? Awaited<ReturnType<(typeof registry)[Id]>> : Method> {
  if (!isMethodId(id)) {
    throw new LuceError("unknown-method", `there is no method "${id}"`, { hint: suggestNearest(id, methodIds) });
  }
  return (await registry[id]()) as Id extends MethodId ? Awaited<ReturnType<(typeof registry)[Id]>> : Method;
}

/** Every registered method, in the order of the registry. */
export function loadMethods(): Promise<Method[]> {
  return Promise.all(methodIds.map((id): Promise<Method> => registry[id]()));
}
