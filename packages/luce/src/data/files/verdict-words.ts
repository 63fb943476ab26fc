/**
 * How a table writes who won. Numbers need a scale, which only the whole column shows; words do not.
 *
 * - `share`: 0 to 1, the left side's share (1 left, 0.5 tie, 0 right)
 * - `first-second`: 1 to 2, 1 is the first and 2 the second, in between is a soft label; share = 2 - value
 * - `signed`: positive left, 0 tie, negative right
 * - `words`: no numbers
 */
export type VerdictScale = "share" | "first-second" | "signed" | "words";

/** What the user said the words are, which overrides everything else. */
export type VerdictOverrides = { readonly leftWins?: string; readonly rightWins?: string; readonly tie?: string };

/**
 * The left side's share that a word means, or undefined for a word that no field uses.
 * Numbers are not words: `shareOfNumber` reads them.
 */
export function shareOfWord(word: string, overrides: VerdictOverrides = {}): number | undefined {
  if (word === overrides.leftWins) return 1;
  if (word === overrides.rightWins) return 0;
  if (word === overrides.tie) return 0.5;
  const plain = word
    .toLowerCase()
    .replace(/[^a-z0-9<>=]+/g, " ")
    .replace(/\b(is|the|was|much|slightly|significantly|better|wins?|won|winner|preferred)\b/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (tieWords.has(plain) || plain.startsWith("tie ")) return 0.5;
  const side = plain.replace(sideNouns, "").trim();
  if (leftWords.has(side)) return 1;
  if (rightWords.has(side)) return 0;
  return undefined;
}

/** The left side's share that a number means on a scale, or undefined where the scale does not reach it. */
export function shareOfNumber(value: number, scale: VerdictScale): number | undefined {
  if (scale === "share" && value >= 0 && value <= 1) return value;
  if (scale === "first-second" && value >= 1 && value <= 2) return 2 - value;
  if (scale === "signed" && Number.isFinite(value)) return value > 0 ? 1 : value < 0 ? 0 : 0.5;
  return undefined;
}

/** What a column's numbers can mean; undefined where they can mean two things. */
export function scaleOf({ count, min, max }: { count: number; min: number; max: number }): VerdictScale | undefined {
  if (count === 0) return "words";
  if (min < 0) return min >= -1 && max <= 1 ? "signed" : undefined;
  if (max <= 1) return "share";
  if (min >= 1 && max <= 2) return "first-second";
  return undefined;
}

const tieWords = new Set([
  ...["tie", "tied", "ties", "draw", "equal", "equals", "same", "both", "neither", "none", "even", "c", "a b"],
  ...["bothbad", "both bad", "bothgood", "both good", "equally good", "equally bad", "no preference", "=", "a=b"],
  ...["tie bothbad", "both are bad", "both are good", "not sure", "about same"],
]);
const sideNouns =
  /\b(model|system|item|player|option|candidate|generator|output|response|answer|assistant|image|completion|side|choice)\b/g;
const leftWords = new Set(["a", "left", "l", "x", "first", "1st", "one", "1", "a>b", ">", "chosen"]);
const rightWords = new Set(["b", "right", "r", "y", "second", "2nd", "two", "2", "b>a", "a<b", "<", "rejected"]);
