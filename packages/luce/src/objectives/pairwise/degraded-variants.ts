/** A text's key phrases and its variants with more and more of them removed. */
export type DegradedText = {
  /** Key phrases, the best first. */
  phrases: string[][];
  /** Of each phrase. */
  scores: number[];
  /** Tokens of variant 0 (the text itself) to variant `degrees`. */
  variants: string[][];
  /** 0 to `degrees`. */
  labels: number[];
};

/**
 * Removes key phrases from a text one by one, by rapid automatic keyword extraction (RAKE).
 *
 * Candidate phrases are maximal runs of content words. A word scores deg / freq: freq is how often it occurs in
 * phrases, deg the sum of the lengths of those phrases; a phrase scores the sum over its words. Variant d is
 * variant d - 1 without every occurrence of the d-th phrase. A text with fewer phrases repeats its last variant.
 *
 * @param tokens lower-cased words and punctuation; a token without a letter or digit is punctuation
 * @see arXiv 2409.17791; RAKE: Rose, Engel, Cramer and Cowley 2010
 */
export function degradeText(tokens: readonly string[], stopWords: readonly string[], degrees: number): DegradedText {
  const ranked = rankPhrases(candidatePhrases(tokens, new Set(stopWords)));
  const variants = [[...tokens]];
  for (let degree = 1; degree <= degrees; degree++) {
    const phrase = ranked[degree - 1]?.phrase;
    const previous = variants[degree - 1];
    variants.push(phrase ? withoutPhrase(previous, phrase) : [...previous]);
  }
  return {
    phrases: ranked.map(({ phrase }) => phrase),
    scores: ranked.map(({ score }) => score),
    variants,
    labels: variants.map((_, degree) => degree),
  };
}

function candidatePhrases(tokens: readonly string[], stopWords: ReadonlySet<string>): string[][] {
  const phrases: string[][] = [];
  let current: string[] = [];
  for (const token of tokens) {
    if (stopWords.has(token) || !/[\p{L}\p{N}]/u.test(token)) {
      if (current.length > 0) phrases.push(current);
      current = [];
    } else current.push(token);
  }
  if (current.length > 0) phrases.push(current);
  return phrases;
}

/** Distinct phrases by falling score; ties in order of first occurrence. */
function rankPhrases(phrases: readonly string[][]): { phrase: string[]; score: number }[] {
  const frequency = new Map<string, number>();
  const degree = new Map<string, number>();
  for (const phrase of phrases) {
    for (const word of phrase) {
      frequency.set(word, (frequency.get(word) ?? 0) + 1);
      degree.set(word, (degree.get(word) ?? 0) + phrase.length);
    }
  }
  const distinct = [...new Map(phrases.map((phrase) => [phrase.join("\u0000"), phrase])).values()];
  const wordScore = (word: string) => (degree.get(word) ?? 0) / (frequency.get(word) ?? 1);
  return distinct
    .map((phrase) => ({ phrase, score: phrase.reduce((sum, word) => sum + wordScore(word), 0) }))
    .sort((a, b) => b.score - a.score);
}

function withoutPhrase(tokens: readonly string[], phrase: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < tokens.length; ) {
    if (phrase.every((word, j) => tokens[i + j] === word)) i += phrase.length;
    else kept.push(tokens[i++]);
  }
  return kept;
}
