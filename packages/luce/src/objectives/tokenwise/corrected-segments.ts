type Block = { readonly rejected: number; readonly chosen: number; readonly length: number };

/**
 * Which tokens of two texts were replaced when one was edited into the other.
 *
 * The texts are aligned by their longest common block and, recursively, what is left and right of it; blocks of
 * fewer than `minMatch` tokens do not count. A region between blocks is corrected, on both sides, where it is not
 * empty on either: pure insertions and deletions are not. O(n m) time for each level of the recursion.
 *
 * @param rejectedTokens [n] of the original
 * @param chosenTokens [m] of the edit
 * @returns 0 or 1 a token
 * @see arXiv 2312.00849; Ratcliff and Metzener 1988
 */
export function correctedSegments(
  rejectedTokens: readonly number[],
  chosenTokens: readonly number[],
  minMatch: number,
): { rejectedSegmentMask: number[]; chosenSegmentMask: number[] } {
  const rejectedSegmentMask = rejectedTokens.map(() => 0);
  const chosenSegmentMask = chosenTokens.map(() => 0);
  const kept = matchingBlocks(rejectedTokens, chosenTokens).filter(({ length }) => length >= minMatch);
  let rejectedFrom = 0;
  let chosenFrom = 0;
  for (const block of [...kept, { rejected: rejectedTokens.length, chosen: chosenTokens.length, length: 0 }]) {
    if (block.rejected > rejectedFrom && block.chosen > chosenFrom) {
      rejectedSegmentMask.fill(1, rejectedFrom, block.rejected);
      chosenSegmentMask.fill(1, chosenFrom, block.chosen);
    }
    rejectedFrom = block.rejected + block.length;
    chosenFrom = block.chosen + block.length;
  }
  return { rejectedSegmentMask, chosenSegmentMask };
}

/** Common blocks in order of position. */
function matchingBlocks(rejected: readonly number[], chosen: readonly number[]): Block[] {
  const blocks: Block[] = [];
  const pending = [[0, rejected.length, 0, chosen.length]];
  for (let region = pending.pop(); region; region = pending.pop()) {
    const [rejectedFrom, rejectedTo, chosenFrom, chosenTo] = region;
    const block = longestBlock(rejected, chosen, rejectedFrom, rejectedTo, chosenFrom, chosenTo);
    if (block.length === 0) continue;
    blocks.push(block);
    pending.push([rejectedFrom, block.rejected, chosenFrom, block.chosen]);
    pending.push([block.rejected + block.length, rejectedTo, block.chosen + block.length, chosenTo]);
  }
  return blocks.sort((a, b) => a.rejected - b.rejected);
}

/** The longest common block within the two ranges; ties to the earliest in the rejected, then in the chosen text. */
function longestBlock(
  rejected: readonly number[],
  chosen: readonly number[],
  rejectedFrom: number,
  rejectedTo: number,
  chosenFrom: number,
  chosenTo: number,
): Block {
  let best: Block = { rejected: rejectedFrom, chosen: chosenFrom, length: 0 };
  let lengthsBefore = new Int32Array(chosenTo - chosenFrom + 1);
  for (let i = rejectedFrom; i < rejectedTo; i++) {
    const lengths = new Int32Array(chosenTo - chosenFrom + 1);
    for (let j = chosenFrom; j < chosenTo; j++) {
      if (rejected[i] !== chosen[j]) continue;
      const length = lengthsBefore[j - chosenFrom] + 1;
      lengths[j - chosenFrom + 1] = length;
      if (length > best.length) best = { rejected: i - length + 1, chosen: j - length + 1, length };
    }
    lengthsBefore = lengths;
  }
  return best;
}
