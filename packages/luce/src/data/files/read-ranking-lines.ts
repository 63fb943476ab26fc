import { sortRankedSystems } from "../collect.ts";
import type { Rankings } from "../comparisons.ts";
import { type RankingRows, rankingRows } from "../ranking-rows.ts";
import type { RankingLines } from "./formats/format.ts";
import type { OpenedFile } from "./opened-file.ts";
import { type Line, readLineBlocks, rejection, stripEnd } from "./records.ts";
import { openRejects, type Rejects } from "./rejects.ts";
import type { RankingOptions } from "./vote-file.ts";

/** The rankings of a file whose lines are rankings and nothing more. */
export async function readRankingLines(
  file: OpenedFile,
  lines: RankingLines,
  { ordered = false }: RankingOptions,
): Promise<Rankings> {
  const kept = openRejects(file.source.path, file.rejects);
  const rows = rankingRows({ merged: !ordered });
  try {
    for await (const block of readLineBlocks(file.source)) readBlock(block, lines, rows, kept);
  } finally {
    file.rejected = kept.close();
  }
  return sortRankedSystems(rows.finish(lines.systems, false));
}

function readBlock(block: readonly Line[], lines: RankingLines, rows: RankingRows, kept: Rejects): void {
  for (const { line, text, reason } of block) {
    if (text === undefined) kept.add(rejection(line, "line", reason!, ""));
    else if (text.trim() !== "") {
      try {
        lines.read(text, rows.add);
      } catch (error) {
        kept.addFault(error, line, stripEnd(text));
      }
    }
  }
}
