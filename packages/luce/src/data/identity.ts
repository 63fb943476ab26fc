import type { JudgmentDraft } from "./judgment.ts";

/** What a reader makes of a judgment's identity. */
export type Identity =
  | { readonly kind: "new"; readonly id: string }
  /** The same id with the same content came before: it counts once. */
  | { readonly kind: "duplicate"; readonly id: string }
  /** The same id came before with other content: the first stands. */
  | { readonly kind: "conflict"; readonly id: string };

/**
 * Gives judgments their ids, and recognises those seen before, in 16 bytes a judgment.
 *
 * Where the source gives no id, it is made of the content and of how often that content came before:
 * equal votes by nobody in particular are separate judgments, and reading the same file again gives the same ids.
 */
export function judgmentIdentifier(): (draft: JudgmentDraft) => Identity {
  const seen = new HashTable();
  return (draft) => {
    const { id, ...content } = draft;
    const [high, low] = hashText(JSON.stringify(content));
    if (id === undefined) {
      const occurrence = seen.increment(high, low);
      const name = `${hex(high)}${hex(low)}`;
      return { kind: "new", id: occurrence === 1 ? name : `${name}-${occurrence}` };
    }
    const [idHigh, idLow] = hashText(id);
    const before = seen.putFirst(idHigh, idLow, low | 1);
    return { kind: before === undefined ? "new" : before === (low | 1) ? "duplicate" : "conflict", id };
  };
}

/** 64 bits of a text, well mixed (two rounds of cyrb53's mixing); not for secrets. */
export function hashText(text: string): readonly [high: number, low: number] {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  const mix = (a: number, b: number) => Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  const mixedHigh = mix(high, low);
  return [mixedHigh, mix(low, mixedHigh)];
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** An open-addressing table from 64-bit hashes to 32-bit numbers other than 0. */
class HashTable {
  #slots = new Int32Array(3 * 2048);
  #size = 0;

  /** Adds 1 to the number of a hash and returns it. */
  increment(high: number, low: number): number {
    const at = this.#find(high, low);
    if (this.#slots[at + 2] === 0) this.#claim(at, high, low, 1);
    else this.#slots[at + 2]++;
    return this.#slots[this.#find(high, low) + 2];
  }

  /** The number a hash has, or undefined, in which case it gets `value`. */
  putFirst(high: number, low: number, value: number): number | undefined {
    const at = this.#find(high, low);
    const before = this.#slots[at + 2];
    if (before !== 0) return before;
    this.#claim(at, high, low, value);
    return undefined;
  }

  #claim(at: number, high: number, low: number, value: number): void {
    this.#slots[at] = high;
    this.#slots[at + 1] = low;
    this.#slots[at + 2] = value;
    this.#size++;
    if (this.#size * 3 * 2 > this.#slots.length) this.#grow();
  }

  #find(high: number, low: number): number {
    const slots = this.#slots.length / 3;
    let slot = ((high ^ Math.imul(low, 0x9e3779b1)) >>> 0) % slots;
    while (this.#slots[3 * slot + 2] !== 0 && (this.#slots[3 * slot] !== high || this.#slots[3 * slot + 1] !== low)) {
      slot = (slot + 1) % slots;
    }
    return 3 * slot;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 3) {
      if (old[at + 2] === 0) continue;
      this.#slots.set(old.subarray(at, at + 3), this.#find(old[at], old[at + 1]));
    }
  }
}

/** Counts how often texts came, in 12 to 24 bytes each. @returns how often the text has come, this time included. */
export function occurrenceCounter(): (text: string) => number {
  const seen = new HashTable();
  return (text) => seen.increment(...hashText(text));
}
