import { LuceError } from "../../errors.ts";
import { loadMethod } from "../../methods.ts";
import { isObjective, type Objective } from "../../objectives/index.ts";
import type { Arm, Measure } from "../claim.ts";
import { type AlignmentPoint, type AlignmentTrial, alignInstructions } from "./alignment.ts";

/** The divergence from the start, nats a response, at which policies are compared. */
export const EQUAL_KL = 0.5;

/** What an arm in the world of instructions is measured by. */
export const instructionMeasures = {
  rewardAtKl: { label: `Reward at KL ${EQUAL_KL}`, format: "decimal", digits: 2 },
  correctAtKl: { label: "Right answers there", format: "percent", digits: 0 },
  lengthAtKl: { label: "Bytes there", format: "decimal", digits: 2 },
  rankingAccuracy: { label: "Ranking accuracy", format: "percent", digits: 1 },
  bestReward: { label: "Best reward", format: "decimal", digits: 2 },
  finalKl: { label: "KL at the end", format: "decimal", digits: 2 },
} as const satisfies Record<string, Measure>;

/** The axes of the curves of these arms. */
export const instructionCurves = {
  title: "True reward against the divergence from the start",
  x: "KL(policy || start), nats a response",
  y: "mean true reward (at most 4)",
} as const;

/** An objective tried on the tiny transformer, as an arm. The objective is one, or the name of a registered one. */
export function instructionArm(
  name: string,
  objective: Objective | string,
  trial: Omit<AlignmentTrial, "objective"> = {},
): Arm {
  return {
    name,
    async run(seed) {
      const points = await alignInstructions({ objective: await resolveObjective(objective), ...trial }, seed);
      return {
        measures: measuresOf(points),
        curve: points.map(({ kl, reward }) => ({ x: Math.max(0, kl), y: reward })),
      };
    },
  };
}

/** The policy the others start from. */
export const startArm: Arm = {
  name: "start",
  async run(seed) {
    const points = await alignInstructions({ objective: await resolveObjective("dpo"), steps: 0 }, seed);
    const [{ reward, correct, length }] = points;
    return { measures: { rewardAtKl: reward, correctAtKl: correct, lengthAtKl: length, bestReward: reward } };
  },
};

export function measuresOf(points: readonly AlignmentPoint[]): Record<keyof typeof instructionMeasures, number | null> {
  const there = atKl(points, EQUAL_KL);
  const last = points[points.length - 1];
  return {
    rewardAtKl: there?.reward ?? null,
    correctAtKl: there?.correct ?? null,
    lengthAtKl: there?.length ?? null,
    rankingAccuracy: last.rankingAccuracy,
    bestReward: Math.max(...points.map(({ reward }) => reward)),
    finalKl: last.kl,
  };
}

/** Where a policy stands when it first reaches `kl`, between two looks in proportion; null where it never does. */
function atKl(points: readonly AlignmentPoint[], kl: number): AlignmentPoint | null {
  const after = points.findIndex((point) => point.kl >= kl);
  if (after <= 0) return null;
  const [from, to] = [points[after - 1], points[after]];
  const share = (kl - from.kl) / (to.kl - from.kl);
  const between = (name: keyof AlignmentPoint) => from[name] + share * (to[name] - from[name]);
  return {
    step: between("step"),
    reward: between("reward"),
    kl,
    correct: between("correct"),
    length: between("length"),
    entropy: between("entropy"),
    rankingAccuracy: between("rankingAccuracy"),
  };
}

/** @throws LuceError `unknown-method`, `unsupported` for a method that is no objective */
export async function resolveObjective(objective: Objective | string): Promise<Objective> {
  if (typeof objective !== "string") return objective;
  const method = await loadMethod(objective);
  if (isObjective(method)) return method;
  throw new LuceError("unsupported", `${objective} is a ${method.kind}, not an objective`);
}
