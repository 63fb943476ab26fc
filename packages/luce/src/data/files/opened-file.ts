import { chooseFormat, takeSample } from "./choose-format.ts";
import { type DatabaseOnDemand, databaseOnDemand } from "./database.ts";
import type { Columns, Format, ReadContext, Sample } from "./formats/format.ts";
import { nothingRejected } from "./rejects.ts";
import { relationOf } from "./relation.ts";
import { settleIds } from "./row-ids.ts";
import type { Source } from "./source.ts";
import type { TableColumns } from "./table-columns.ts";
import type { Relation } from "./table-sql.ts";
import type { OpenOptions, Rejected } from "./vote-file.ts";

/** A file whose format is known: what every reading of it needs. */
export type OpenedFile = {
  readonly source: Source;
  readonly sample: Sample;
  readonly format: Format;
  readonly columns: Columns;
  readonly notes: readonly string[];
  /** Rows share ids, of which only the first counts: the database does not know which that is. */
  readonly hasRepeatedIds: boolean;
  /** The columns, where rows are comparisons in named columns. */
  readonly table: TableColumns | undefined;
  /** How the database scans the rows, where it can and they are comparisons. */
  readonly relation: Relation | undefined;
  readonly database: DatabaseOnDemand;
  /** Where rejected rows are kept; a temporary file where undefined. */
  readonly rejects: string | undefined;
  /** What its verdicts mean; undefined until `readContextOf` is first asked. */
  context: Promise<ReadContext> | undefined;
  /** What the last reading left out. */
  rejected: Rejected;
};

/** Finds from a file's content what it is. @throws LuceError as `chooseFormat` */
export async function recogniseFile(
  source: Source,
  { format: wanted, columns: given = {}, rejects }: OpenOptions,
): Promise<OpenedFile> {
  const sample = await takeSample(source);
  const { format, columns: found } = chooseFormat(sample, wanted, given);
  const relation = format.table && relationOf(source, sample.fields);
  const database = databaseOnDemand([source.plainPath]);
  const ids = await settleIds(found, format.table?.(found, sample), relation, database, Boolean(given.id));
  return {
    ...ids,
    source,
    sample,
    format,
    table: format.table?.(ids.columns, sample),
    relation,
    database,
    rejects,
    context: undefined,
    rejected: nothingRejected,
  };
}
