import { type Format, RowFault } from "./format.ts";

/**
 * PrefLib orders: `count: 3,1,2` a line (or `count 3 1 2`), ties in braces, complete or not (.soc, .toc, .soi, .toi),
 * with the names of the alternatives in the comments above.
 *
 * @see https://preflib.github.io/PrefLib-Jekyll/format
 */
export const preflib: Format = {
  id: "preflib",
  name: "PrefLib orders",
  detect: ({ head, container }) =>
    container === "text" && /^# ALTERNATIVE NAME \d+:/m.test(head) ? { order: "text" } : undefined,
  reader() {
    const names = new Map<string, string>();
    return {
      read({ text }) {
        const line = String(text);
        if (line.startsWith("#")) {
          const [, number, name] = /^# ALTERNATIVE NAME (\d+):\s*(.*)$/.exec(line) ?? [];
          if (number !== undefined) names.set(number, name.trim() || number);
          return [];
        }
        const match = /^\s*(\d+)\s*[:,\s]\s*(.+)$/.exec(line);
        if (!match) throw new RowFault("order", "is not `count: first, second, …`");
        const repeat = Number(match[1]);
        if (repeat < 1 || repeat > 2 ** 31) throw new RowFault("count", `${match[1]} is not a number of voters`);
        const items: { system: string }[] = [];
        const ranks: number[] = [];
        for (const group of match[2].match(/\{[^}]*\}|[^\s,{}]+/g) ?? []) {
          const rank = items.length + 1;
          for (const number of group.match(/[^\s,{}]+/g) ?? []) {
            const system = names.get(number);
            if (system === undefined) throw new RowFault("order", `there is no alternative ${number}`);
            if (items.some((item) => item.system === system))
              throw new RowFault("order", `alternative ${number} comes twice`);
            items.push({ system });
            ranks.push(rank);
          }
        }
        if (items.length === 0) throw new RowFault("order", "orders nothing");
        return [{ items, verdict: { kind: "ranking", ranks }, repeat }];
      },
    };
  },
};
