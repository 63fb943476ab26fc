/** Which column of a table plays which part. Columns may be absent, but for the two sides and who won. */
export type TableColumns = {
  readonly left: string;
  readonly right: string;
  /** Absent where `left` is the winner by definition (winner/loser tables), or `winnerFlags` says it. */
  readonly winner?: string;
  /** One column for each of left, right and tie(s), 1 where it happened. */
  readonly winnerFlags?: { readonly left: string; readonly right: string; readonly ties: readonly string[] };
  readonly id?: string;
  readonly annotator?: string;
  readonly prompt?: string;
  readonly time?: string;
  readonly duration?: string;
  readonly leftContent?: string;
  readonly rightContent?: string;
  readonly leftLength?: string;
  readonly rightLength?: string;
  readonly dimension?: string;
  readonly rationale?: string;
  readonly strength?: string;
  readonly weight?: string;
};

/** What `--columns` may name besides columns: the words that the winner column uses. */
export const wordOverrides = ["leftWins", "rightWins", "tie"] as const;

/** The parts that columns of a table play. */
export const roles = [
  ...["left", "right", "winner", "id", "annotator", "prompt", "time", "duration", "leftContent", "rightContent"],
  ...["leftLength", "rightLength", "dimension", "rationale", "strength", "weight"],
] as const;

/** What the user said of the winner column's words. */
export function wordsAmong(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const words: readonly string[] = wordOverrides;
  return Object.fromEntries(Object.entries(given).filter(([part]) => words.includes(part)));
}

/** The endings that tell the two sides' columns apart: `model_a` and `model_b`, `left_model` and `right_model`. */
export const sideMarks: readonly (readonly [left: string, right: string])[] = [
  ["left", "right"],
  ["a", "b"],
  ["1", "2"],
  ["x", "y"],
];

const systemNouns = [
  ...["model", "system", "item", "player", "option", "candidate", "competitor", "team", "generator", "policy"],
  ...["agent", "method", "model_name", "name", "alternative", "assistant", "chatbot"],
];
const contentNouns = ["response", "output", "answer", "conversation", "text", "completion", "content", "generation"];
const lengthNouns = [
  ...["length", "len", "chars", "num_chars", "num_tokens", "tokens", "token_len"],
  ...contentNouns.flatMap((noun) => [`${noun}_length`, `${noun}_len`]),
];

const names = {
  winner: [
    ...["winner", "preference", "preferred", "verdict", "outcome", "result", "choice", "vote", "judgment", "judgement"],
    ...["winner_model", "label", "human_preference", "chosen_side", "answer", "better", "score", "y"],
  ],
  id: ["judgment_id", "vote_id", "battle_id", "comparison_id", "id", "uuid", "uid"],
  annotator: [
    ...["annotator", "annotator_id", "judge", "judge_id", "worker", "worker_id", "rater", "rater_id", "labeler"],
    ...["labeler_id", "labeller", "evaluator", "evaluator_id", "user", "user_id", "judge_hash", "voter", "voter_id"],
  ],
  prompt: [
    ...["prompt_id", "question_id", "instruction_id", "query_id", "task_id", "prompt", "question", "instruction"],
    ...["query", "input"],
  ],
  time: ["time", "timestamp", "tstamp", "created_at", "datetime", "date", "voted_at"],
  duration: ["duration", "duration_s", "seconds", "elapsed", "time_spent"],
  dimension: ["dimension", "criterion", "aspect"],
  rationale: ["rationale", "reason", "explanation", "feedback", "justification"],
  strength: ["strength", "margin", "confidence"],
  weight: ["weight", "sample_weight"],
} as const;

/** The parts that columns of these names play, or undefined where no two of them name two sides and a winner. */
export function findTableColumns(columns: readonly string[]): TableColumns | undefined {
  const byName = new Map(columns.map((column) => [normalise(column), column] as const));
  const first = (known: readonly string[]) => known.map((name) => byName.get(name)).find((name) => name !== undefined);
  const pair = (nouns: readonly string[]) => findPair(byName, nouns);

  const winnerLoser = byName.has("winner") && byName.has("loser");
  const sides = winnerLoser ? ([byName.get("winner")!, byName.get("loser")!] as const) : pair(["", ...systemNouns]);
  if (!sides) return undefined;
  const winnerFlags = findWinnerFlags(byName);
  const winner = winnerLoser || winnerFlags ? undefined : first(names.winner);
  if (!winner && !winnerFlags && !winnerLoser) return undefined;
  const [leftContent, rightContent] = pair(contentNouns) ?? [];
  const [leftLength, rightLength] = findLengths(byName) ?? [];
  const taken = new Set<string | undefined>([...sides, winner]);
  const free = (known: readonly string[]) => {
    const found = known.map((name) => byName.get(name)).find((name) => name !== undefined && !taken.has(name));
    taken.add(found);
    return found;
  };
  return defined({
    left: sides[0],
    right: sides[1],
    winner,
    winnerFlags,
    id: free(names.id),
    annotator: free(names.annotator),
    prompt: free(names.prompt),
    time: free(names.time),
    duration: free(names.duration),
    leftContent,
    rightContent,
    leftLength,
    rightLength,
    dimension: free(names.dimension),
    rationale: free(names.rationale),
    strength: free(names.strength),
    weight: free(names.weight),
  });
}

/** The columns found, with those the user named in their place; a part given as "" has no column. */
export function overrideTableColumns(
  found: TableColumns | undefined,
  given: Readonly<Record<string, string>>,
): TableColumns | undefined {
  const merged: Record<string, unknown> = { ...found };
  if (given.winner) delete merged.winnerFlags;
  for (const role of roles) {
    if (given[role]) merged[role] = given[role];
    if (given[role] === "") delete merged[role];
  }
  const isWhole = typeof merged.left === "string" && typeof merged.right === "string";
  const isNamedWinnerLoser = given.left !== undefined && given.right !== undefined && !given.winner && !found;
  return isWhole && !isNamedWinnerLoser ? (merged as TableColumns) : undefined;
}

/** The two columns that hold `field` of the left and of the right side, such as `output_1_chars` for `output_chars`. */
export function findCovariatePair(columns: readonly string[], field: string): readonly [string, string] | undefined {
  const byName = new Map(columns.map((column) => [normalise(column), column] as const));
  const wanted = normalise(field);
  return (wanted === "length" ? findLengths(byName) : undefined) ?? findPair(byName, [wanted]);
}

function findLengths(byName: ReadonlyMap<string, string>): readonly [string, string] | undefined {
  const infixed = contentNouns.flatMap((noun) =>
    ["chars", "tokens", "length", "len", "words"].flatMap((unit) =>
      sideMarks.map(([left, right]) => [`${noun}_${left}_${unit}`, `${noun}_${right}_${unit}`] as const),
    ),
  );
  const found = infixed.find(([left, right]) => byName.has(left) && byName.has(right));
  return found ? [byName.get(found[0])!, byName.get(found[1])!] : findPair(byName, lengthNouns);
}

function findPair(
  byName: ReadonlyMap<string, string>,
  nouns: readonly string[],
): readonly [string, string] | undefined {
  for (const [leftMark, rightMark] of sideMarks) {
    for (const noun of nouns) {
      const spellings =
        noun === ""
          ? [(mark: string) => mark]
          : [
              (mark: string) => `${noun}_${mark}`,
              (mark: string) => `${mark}_${noun}`,
              (mark: string) => `${noun}${mark}`,
            ];
      for (const spell of spellings) {
        const left = byName.get(spell(leftMark));
        const right = byName.get(spell(rightMark));
        if (left !== undefined && right !== undefined) return [left, right];
      }
    }
  }
  return undefined;
}

function findWinnerFlags(byName: ReadonlyMap<string, string>): TableColumns["winnerFlags"] {
  for (const [leftMark, rightMark] of sideMarks) {
    for (const noun of ["model_", ""]) {
      const left = byName.get(`winner_${noun}${leftMark}`);
      const right = byName.get(`winner_${noun}${rightMark}`);
      if (left === undefined || right === undefined) continue;
      const ties = ["winner_tie", "winner_both_bad", "winner_bothbad", "winner_draw"].flatMap((name) => {
        const column = byName.get(name);
        return column === undefined ? [] : [column];
      });
      return { left, right, ties };
    }
  }
  return undefined;
}

function normalise(column: string): string {
  return column
    .trim()
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_");
}

function defined<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
