import { LuceError } from "../../errors.ts";
import { numbersOfColumn } from "./count-table.ts";
import type { ReadContext } from "./formats/format.ts";
import type { OpenedFile } from "./opened-file.ts";
import { scaleOf } from "./verdict-words.ts";

/**
 * What the verdicts of a file mean. It is found once, from the whole column where the database can scan it.
 *
 * @throws LuceError `invalid-input` where numbers can mean two things
 */
export function readContextOf(file: OpenedFile): Promise<ReadContext> {
  file.context ??= findContext(file);
  return file.context;
}

async function findContext(file: OpenedFile): Promise<ReadContext> {
  const { leftWins, rightWins, tie } = file.columns;
  const overrides = { ...(leftWins && { leftWins }), ...(rightWins && { rightWins }), ...(tie && { tie }) };
  const winner = file.table?.winner;
  const areNumbers = winner !== undefined && file.sample.rows.some((row) => isNumeric(row[winner]));
  if (!areNumbers || Object.keys(overrides).length > 0) return { scale: "words", overrides };
  const range = await rangeOfColumn(file, winner);
  const scale = scaleOf(range);
  if (scale === undefined) {
    throw new LuceError(
      "invalid-input",
      `column "${winner}" holds numbers from ${range.min} to ${range.max}, which can mean two things`,
      {
        where: file.source.path,
        hint: "say which value is what, as in --columns leftWins=0,rightWins=1,tie=2",
      },
    );
  }
  return { scale, overrides };
}

type NumberRange = { readonly count: number; readonly min: number; readonly max: number };

/** Of the whole column, or of its sample where the database cannot scan the file. */
async function rangeOfColumn({ relation, database, sample }: OpenedFile, column: string): Promise<NumberRange> {
  const sampled = () => rangeOf(sample.rows.map((row) => row[column]));
  return relation ? await numbersOfColumn(await database.connection(), relation, column).catch(sampled) : sampled();
}

function rangeOf(values: readonly unknown[]): NumberRange {
  const numbers = values.filter(isNumeric).map(Number);
  return { count: numbers.length, min: Math.min(...numbers), max: Math.max(...numbers) };
}

function isNumeric(value: unknown): boolean {
  return (
    typeof value === "number" || (typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)))
  );
}
