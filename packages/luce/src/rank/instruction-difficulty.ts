import { choleskyInPlace, choleskySolve } from "./cholesky.ts";
import { logistic, softplus } from "./pairwise-likelihood.ts";

/** Judgments of systems against one baseline, as columns. */
export type BaselineJudgments = {
  readonly systems: number;
  readonly instructions: number;
  /** [N] */
  readonly system: Int32Array;
  readonly instruction: Int32Array;
  /** [N] the system's share of the preference. */
  readonly share: Float64Array;
  /** [N] the length term, in (-1, 1); positive where the baseline's answer is the longer. */
  readonly length: Float64Array;
  /** [N] count times weight. */
  readonly mass: Float64Array;
};

/**
 * How easy each instruction is for all systems alike, from one joint fit:
 *
 *   logit P(system preferred) = theta_system + phi_system * length + gamma_instruction
 *
 * with normal priors: precision `ridge` on gamma, 0.01 on theta and phi (for systems that never win).
 * Newton's method; gamma is eliminated instruction by instruction, so an iteration costs
 * O(N m + M^3) with m judgments an instruction and M systems.
 *
 * @returns gamma [instructions]
 */
export function instructionDifficulty(judgments: BaselineJudgments, ridge: number): Float64Array {
  const { systems, instructions, system, instruction, share, length, mass } = judgments;
  const rows = share.length;
  const size = 2 * systems;
  let theta = new Float64Array(size);
  let gamma = new Float64Array(instructions);
  const rowsOf = Array.from({ length: instructions }, (): number[] => []);
  instruction.forEach((x, row) => {
    rowsOf[x].push(row);
  });
  const objective = (t: Float64Array, g: Float64Array) => {
    let value = 0;
    for (let row = 0; row < rows; row++) {
      const z = t[2 * system[row]] + t[2 * system[row] + 1] * length[row] + g[instruction[row]];
      value += mass[row] * (share[row] * z - softplus(z));
    }
    for (const v of t) value -= 0.5 * WEAK * v * v;
    for (const v of g) value -= 0.5 * ridge * v * v;
    return value;
  };
  let value = objective(theta, gamma);
  for (let iteration = 0; iteration < 60; iteration++) {
    const matrix = new Float64Array(size * size);
    const right = new Float64Array(size);
    const curvature = new Float64Array(rows);
    const slope = new Float64Array(rows);
    for (let k = 0; k < size; k++) {
      matrix[k * size + k] = WEAK;
      right[k] = -WEAK * theta[k];
    }
    const gammaSlope = gamma.map((v) => -ridge * v);
    const gammaCurvature = new Float64Array(instructions).fill(ridge);
    for (let row = 0; row < rows; row++) {
      const a = 2 * system[row];
      const p = logistic(theta[a] + theta[a + 1] * length[row] + gamma[instruction[row]]);
      const c = mass[row] * p * (1 - p);
      const f = length[row];
      curvature[row] = c;
      slope[row] = mass[row] * (share[row] - p);
      right[a] += slope[row];
      right[a + 1] += slope[row] * f;
      matrix[a * size + a] += c;
      matrix[(a + 1) * size + a] += c * f;
      matrix[(a + 1) * size + a + 1] += c * f * f;
      gammaSlope[instruction[row]] += slope[row];
      gammaCurvature[instruction[row]] += c;
    }
    for (let x = 0; x < instructions; x++) {
      for (const row of rowsOf[x]) {
        const a = 2 * system[row];
        const scaled = curvature[row] / gammaCurvature[x];
        right[a] -= scaled * gammaSlope[x];
        right[a + 1] -= scaled * gammaSlope[x] * length[row];
        for (const other of rowsOf[x]) {
          const b = 2 * system[other];
          if (b > a) continue;
          const both = scaled * curvature[other];
          matrix[a * size + b] -= both;
          matrix[(a + 1) * size + b] -= both * length[row];
          if (b < a) matrix[a * size + b + 1] -= both * length[other];
          matrix[(a + 1) * size + b + 1] -= both * length[row] * length[other];
        }
      }
    }
    if (!choleskyInPlace(matrix, size)) break;
    const step = choleskySolve(matrix, size, right);
    const gammaStep = gammaSlope;
    for (let row = 0; row < rows; row++) {
      const a = 2 * system[row];
      gammaStep[instruction[row]] -= curvature[row] * (step[a] + step[a + 1] * length[row]);
    }
    for (let x = 0; x < instructions; x++) gammaStep[x] /= gammaCurvature[x];
    let scale = 1;
    const at = () => [theta.map((v, k) => v + scale * step[k]), gamma.map((v, x) => v + scale * gammaStep[x])] as const;
    let [nextTheta, nextGamma] = at();
    let next = objective(nextTheta, nextGamma);
    while (!(next >= value - 1e-12 * Math.abs(value)) && scale > 1e-6) {
      scale /= 2;
      [nextTheta, nextGamma] = at();
      next = objective(nextTheta, nextGamma);
    }
    const moved = Math.max(...gammaStep.map(Math.abs)) * scale;
    [theta, gamma, value] = [nextTheta, nextGamma, next];
    if (moved < 1e-9) break;
  }
  return gamma;
}

/** Precision of the prior on a system's own terms: weak, but finite where a system never wins. */
const WEAK = 0.01;
