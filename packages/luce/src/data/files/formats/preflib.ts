import { type Format, type RankingSink, RowFault } from "./format.ts";

/**
 * PrefLib orders: `count: 3,1,2` a line (or `count 3 1 2`), ties in braces, complete or not (.soc, .toc, .soi, .toi),
 * with the names of the alternatives in the comments above.
 *
 * @see https://preflib.github.io/PrefLib-Jekyll/format
 */
export const preflib: Format = {
  id: "preflib",
  name: "PrefLib orders",
  parts: [],
  detect: ({ head, container }) =>
    container === "text" && /^# ALTERNATIVE NAME \d+:/m.test(head) ? { order: "text" } : undefined,

  reader() {
    const orders = orderParser();
    return {
      read({ text }) {
        const size = orders.parse(String(text));
        if (size === 0) return [];
        return [
          {
            items: Array.from(orders.items.subarray(0, size), (system) => ({ system: orders.systems[system] })),
            verdict: { kind: "ranking", ranks: [...orders.ranks.subarray(0, size)] },
            repeat: orders.repeat,
          },
        ];
      },
    };
  },

  rankingLines() {
    const orders = orderParser();
    return {
      systems: orders.systems,
      read(text: string, add: RankingSink) {
        const size = orders.parse(text);
        if (size > 1) add(orders.items, orders.ranks, size, orders.repeat);
      },
    };
  },
};

/** Reads lines into arrays that the next line overwrites. */
function orderParser() {
  const systems: string[] = [];
  const indexOfName = new Map<string, number>();
  /** Index of the system by the number of the alternative. */
  const indexOf = new Map<number, number>();
  /** By system: the line it was last seen in. */
  const seenIn: number[] = [];
  let line = 0;

  const parser = {
    systems: systems as readonly string[],
    items: new Int32Array(64),
    ranks: new Int32Array(64),
    repeat: 1,

    /** @returns how many items the line orders, 0 for a comment. @throws RowFault */
    parse(text: string): number {
      if (text.startsWith("#")) {
        const [, number, name] = /^# ALTERNATIVE NAME (\d+):\s*(.*)$/.exec(text) ?? [];
        if (number !== undefined) setName(Number(number), name.trim() || number);
        return 0;
      }
      line++;
      const count = /^\s*(\d+)\s*[:,\s]\s*(?=\S)/.exec(text);
      if (!count) throw new RowFault("order", "is not `count: first, second, …`");
      parser.repeat = Number(count[1]);
      if (parser.repeat < 1 || parser.repeat > 2 ** 31) {
        throw new RowFault("count", `${count[1]} is not a number of voters`);
      }
      let size = 0;
      let tiedFrom = -1;
      for (let at = count[0].length; at < text.length; ) {
        const code = text.charCodeAt(at);
        if (code === OPEN) tiedFrom = size;
        else if (code === CLOSE) tiedFrom = -1;
        if (isSeparator(code)) {
          at++;
          continue;
        }
        const start = at;
        let number = 0;
        for (; at < text.length && !isSeparator(text.charCodeAt(at)); at++) {
          const digit = text.charCodeAt(at) - ZERO;
          number = digit >= 0 && digit <= 9 ? 10 * number + digit : Number.NaN;
        }
        const system = indexOf.get(number);
        const name = () => text.slice(start, at);
        if (system === undefined) throw new RowFault("order", `there is no alternative ${name()}`);
        if (seenIn[system] === line) throw new RowFault("order", `alternative ${name()} comes twice`);
        seenIn[system] = line;
        if (size === parser.items.length) grow();
        parser.items[size] = system;
        parser.ranks[size] = 1 + (tiedFrom < 0 ? size : tiedFrom);
        size++;
      }
      if (tiedFrom >= 0) throw new RowFault("order", "a brace that opens never closes");
      if (size === 0) throw new RowFault("order", "orders nothing");
      return size;
    },
  };

  function setName(number: number, name: string): void {
    const known = indexOfName.get(name);
    indexOf.set(number, known ?? systems.length);
    if (known !== undefined) return;
    indexOfName.set(name, systems.length);
    systems.push(name);
    seenIn.push(0);
  }

  function grow(): void {
    for (const field of ["items", "ranks"] as const) {
      const larger = new Int32Array(2 * parser[field].length);
      larger.set(parser[field]);
      parser[field] = larger;
    }
  }

  return parser;
}

const [OPEN, CLOSE, COMMA, ZERO] = [..."{},0"].map((character) => character.charCodeAt(0));

/** Commas, braces and blanks. */
function isSeparator(code: number): boolean {
  return code === COMMA || code <= 32 || code === OPEN || code === CLOSE || code === 0xa0;
}
