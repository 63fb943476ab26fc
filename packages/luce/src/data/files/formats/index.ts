import { chosenRejected } from "./chosen-rejected.ts";
import { comparisonTable } from "./comparison-table.ts";
import type { Format } from "./format.ts";
import { gradedSolutions } from "./graded-solutions.ts";
import { judgedResponse } from "./judged-response.ts";
import { kWise } from "./k-wise.ts";
import { labelledPair } from "./labelled-pair.ts";
import { native } from "./native.ts";
import { preflib } from "./preflib.ts";
import { raceSeason } from "./race-season.ts";
import { ratedCompletions } from "./rated-completions.ts";
import { unpairedLabels } from "./unpaired-labels.ts";

/** Every kind of file that can be read, the most particular first: the first that recognises a file reads it. */
export const formats: readonly Format[] = [
  native,
  preflib,
  raceSeason,
  gradedSolutions,
  ratedCompletions,
  kWise,
  comparisonTable,
  labelledPair,
  chosenRejected,
  unpairedLabels,
  judgedResponse,
];
