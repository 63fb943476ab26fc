import type { VoteTable } from "../data/vote-table.ts";
import { type Clustering, intersection, numberKeys } from "./inference.ts";

/**
 * The thing judged: one pair of systems on one prompt, whichever way round it was shown. Where the votes
 * name no prompt, one pair of systems.
 *
 * @returns [N] number of the unit
 */
export function unitsOf({ systems, left, right, prompts, prompt }: VoteTable): Int32Array {
  const M = systems.length;
  return numberKeys(left.length, (row) => {
    const pair = Math.min(left[row], right[row]) * M + Math.max(left[row], right[row]);
    return pair * (prompts.length + 1) + prompt[row] + 1;
  });
}

export type Choice = 0 | 1 | 2;
export const LEFT: Choice = 0;
const TIE: Choice = 1;
export const RIGHT: Choice = 2;

/** A vote as left, tie or right; a soft preference goes to the side that has more than 5 points over half. */
export function choiceOf(outcome: number): Choice {
  return outcome > 0.55 ? LEFT : outcome < 0.45 ? RIGHT : TIE;
}

export function isDecided(outcome: number): boolean {
  return choiceOf(outcome) !== TIE;
}

/**
 * Each vote's choice as seen from one way round of its unit: the one in which it was first shown, or, where
 * the winner is always written on one side, that one for every other unit only; [N].
 */
export function orientedChoices(votes: VoteTable, units: Int32Array): Uint8Array {
  const alternate = winnersOnOneSide(votes) !== null;
  const firstLeft = new Map<number, number>();
  return Uint8Array.from(votes.left, (left, row) => {
    const unit = units[row];
    if (!firstLeft.has(unit)) firstLeft.set(unit, alternate && unit % 2 === 1 ? votes.right[row] : left);
    const choice = choiceOf(votes.outcome[row]);
    return firstLeft.get(unit) === left ? choice : 2 - choice;
  });
}

/**
 * The side that won every decided vote, of ten or more; else null. Such a file writes winners first: it does
 * not say where they were shown.
 */
export function winnersOnOneSide({ outcome }: VoteTable): "left" | "right" | null {
  let left = 0;
  let right = 0;
  for (const share of outcome) {
    if (choiceOf(share) === LEFT) left++;
    else if (choiceOf(share) === RIGHT) right++;
  }
  if (left + right < 10 || (left > 0 && right > 0)) return null;
  return left > 0 ? "left" : "right";
}

/**
 * How votes hang together: by annotator, and by what was judged. What was judged is the prompt where
 * there are at least 30 of them (one answer meets many others on it), else the prompt and pair.
 */
export function clusteringOf(votes: VoteTable): Clustering {
  const annotators = distinct(votes.annotator);
  const prompts = distinct(votes.prompt);
  const judged = prompts >= 30 ? votes.prompt : prompts > 1 ? unitsOf(votes) : null;
  const ways = [...(annotators > 1 ? [votes.annotator] : []), ...(judged ? [judged] : [])];
  const counts = [...(annotators > 1 ? [annotators] : []), ...(judged ? [distinct(judged)] : [])];
  const names = [
    ...(annotators > 1 ? ["annotator"] : []),
    ...(judged ? [judged === votes.prompt ? "prompt" : "prompt and pair"] : []),
  ];
  return {
    ways,
    ...(ways.length === 2 ? { both: intersection(ways[0], ways[1]) } : {}),
    degreesOfFreedom: Math.max(1, Math.min(...counts, votes.left.length) - 1),
    name: names.length > 0 ? `clustered by ${names.join(" and by ")}` : "votes taken as independent",
  };
}

/** How many different values there are, -1 (not said) apart. */
export function distinct(values: Int32Array): number {
  const seen = new Set<number>(values);
  seen.delete(-1);
  return seen.size;
}

/** The votes of the rows for which `keep` holds. Names keep their numbers. */
export function selectVotes(votes: VoteTable, keep: (row: number) => boolean): VoteTable {
  const rows: number[] = [];
  for (let row = 0; row < votes.left.length; row++) if (keep(row)) rows.push(row);
  const integers = (column: Int32Array) => Int32Array.from(rows, (row) => column[row]);
  const reals = (column: Float64Array) => Float64Array.from(rows, (row) => column[row]);
  const { covariates: _, ...rest } = votes;
  return {
    ...rest,
    left: integers(votes.left),
    right: integers(votes.right),
    outcome: reals(votes.outcome),
    count: reals(votes.count),
    weight: votes.weight && reals(votes.weight),
    cluster: votes.cluster && integers(votes.cluster),
    annotator: integers(votes.annotator),
    prompt: integers(votes.prompt),
    time: reals(votes.time),
    duration: reals(votes.duration),
    leftLength: reals(votes.leftLength),
    rightLength: reals(votes.rightLength),
  };
}

/** [A] the rows of each annotator, in order. */
export function rowsByAnnotator({ annotators, annotator }: VoteTable): number[][] {
  const rows: number[][] = annotators.map(() => []);
  annotator.forEach((who, row) => {
    if (who >= 0) rows[who].push(row);
  });
  return rows;
}
