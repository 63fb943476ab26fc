import { surveyIds } from "./count-table.ts";
import type { DatabaseOnDemand } from "./database.ts";
import type { Columns } from "./formats/format.ts";
import type { TableColumns } from "./table-columns.ts";
import type { Relation } from "./table-sql.ts";

/** Conflicting ids are no accident where there are this many and they are this share of the rows. */
const MANY_CONFLICTS = 10;
const LARGE_SHARE = 0.2;

/** The columns as they are to be read, what was taken for granted, and whether rows share ids, of which one counts. */
export type SettledIds = {
  readonly columns: Columns;
  readonly notes: readonly string[];
  readonly hasRepeatedIds: boolean;
};

/**
 * An id that comes again and again with other content names what was judged and not the judgment: it is then
 * read as the prompt's, unless the user named the column.
 *
 * @param found the parts that the format found
 * @param table the same as a table's columns, where the file is one
 * @param isGiven whether the user named the column of the ids
 */
export async function settleIds(
  found: Columns,
  table: TableColumns | undefined,
  relation: Relation | undefined,
  database: DatabaseOnDemand,
  isGiven: boolean,
): Promise<SettledIds> {
  const asFound = { columns: found, notes: [], hasRepeatedIds: false };
  if (!relation || !table?.id) return asFound;
  try {
    const { rows, distinct, conflicts } = await surveyIds(await database.connection(), relation, table);
    const areMany = conflicts >= MANY_CONFLICTS && conflicts > LARGE_SHARE * rows;
    if (isGiven || !areMany) return { ...asFound, hasRepeatedIds: distinct < rows };
    const { id, ...others } = found;
    const isPrompt = found.prompt === undefined;
    return {
      columns: isPrompt ? { ...others, prompt: id } : others,
      notes: [
        `Column "${id}" repeats with other content (${distinct} values in ${rows} rows), so it does not name the judgment; it is ${isPrompt ? "read as the prompt" : "left aside"} and every row counts. Say --columns id=${id} to keep the first row of each.`,
      ],
      hasRepeatedIds: false,
    };
  } catch {
    // A file that the database cannot scan is read row by row, which checks ids as it goes.
    return asFound;
  }
}
