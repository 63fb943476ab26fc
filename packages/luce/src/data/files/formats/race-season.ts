import { type Format, type RepeatedDraft, RowFault } from "./format.ts";

/**
 * A season of races as a table: a driver a row, a race a column, the place or a code in each cell.
 *
 * A place is a rank. A driver who started and did not finish (Ret, DSQ, NC, …) is last, tied with the others who did
 * not. One who did not start (0, DNS, DNQ, WD, …) took no part. Each race is one judgment.
 */
export const raceSeason: Format = {
  id: "race-season",
  name: "places of a season of races",
  parts: [],
  detect({ head, container, rows }) {
    if (container !== "text" || head.startsWith("#")) return undefined;
    const races = raceCodes(String(rows[0]?.text ?? ""));
    const columns = races.length + (hasPointsColumn(String(rows[0]?.text ?? "")) ? 1 : 0);
    const cells = rows.slice(1).flatMap(({ text }) => String(text).trim().split(/\s+/).slice(1).slice(-columns));
    const known = cells.filter((cell) => /^\d+$/.test(cell) || isCode(cell));
    return races.length >= 2 && cells.length > 0 && known.length > 0.9 * cells.length ? { races: "text" } : undefined;
  },
  reader() {
    let races: string[] | undefined;
    let hasPoints = false;
    const places: { driver: string; cells: string[] }[] = [];
    return {
      read({ text }) {
        if (!races) {
          races = raceCodes(String(text));
          hasPoints = hasPointsColumn(String(text));
          return [];
        }
        const words = String(text).trim().split(/\s+/);
        const results = races.length + (hasPoints ? 1 : 0);
        const nameWords = words.length - results;
        if (nameWords < 1) throw new RowFault("races", `has ${words.length - 1} results for ${results} columns`);
        const cells = words.slice(nameWords, nameWords + races.length);
        const strange = cells.findIndex((cell) => !/^\d+$/.test(cell) && !isCode(cell));
        if (strange >= 0) throw new RowFault(races[strange], `"${cells[strange]}" is neither a place nor a known code`);
        places.push({ driver: words.slice(0, nameWords).join(" "), cells });
        return [];
      },
      finish: () => (races ?? []).flatMap((race, column) => toRace(race, column, places)),
    };
  },
};

const unfinished = new Set(["Ret", "DSQ", "NC", "DNF", "EX", "EXC", "RET"]);
const absent = new Set(["0", "DNS", "DNQ", "DNPQ", "DNP", "WD", "DNA", "PO", "C", "INJ", "TD", "-", "NA"]);

function isCode(cell: string): boolean {
  return unfinished.has(cell) || absent.has(cell);
}

function hasPointsColumn(header: string): boolean {
  return /\bpoints?\s*$/i.test(header);
}

function raceCodes(header: string): string[] {
  const words = header.trim().split(/\s+/);
  const races = words.filter((word) => /^[A-Z][A-Z0-9]{1,3}$/.test(word));
  return races.length === words.filter((word) => !/^points?$/i.test(word)).length ? races : [];
}

function toRace(
  race: string,
  column: number,
  places: readonly { driver: string; cells: readonly string[] }[],
): RepeatedDraft[] {
  const started = places.filter(({ cells }) => !absent.has(cells[column]));
  if (started.length < 2) return [];
  const finished = started.flatMap(({ cells }) => (unfinished.has(cells[column]) ? [] : [Number(cells[column])]));
  const last = Math.max(0, ...finished) + 1;
  return [
    {
      prompt: { id: race },
      items: started.map(({ driver }) => ({ system: driver })),
      verdict: {
        kind: "ranking",
        ranks: started.map(({ cells }) => (unfinished.has(cells[column]) ? last : Number(cells[column]))),
      },
    },
  ];
}
