/** Text to token ids and back. */
export type Tokenizer = {
  readonly size: number;
  encode(text: string): number[];
  /** Leaves special tokens out. */
  decode(tokens: readonly number[]): string;
};

/** The special tokens of the byte tokenizer, after the 256 bytes. */
export const byteSpecials = { bos: 256, eos: 257, pad: 258 } as const;

/** One token a byte of UTF-8, and three specials: nothing to download, nothing unknown. */
export const byteTokenizer: Tokenizer = {
  size: 259,
  encode: (text) => Array.from(new TextEncoder().encode(text)),
  decode: (tokens) => new TextDecoder().decode(Uint8Array.from(tokens.filter((token) => token < 256))),
};
