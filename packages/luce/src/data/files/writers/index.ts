import { arenaCsv } from "./arena-csv.ts";
import { nativeWriter } from "./native.ts";
import { openaiPreference } from "./openai-preference.ts";
import { parquetWriter } from "./parquet.ts";
import { trlPreference } from "./trl-preference.ts";
import { trlUnpaired } from "./trl-unpaired.ts";
import type { Writer } from "./writer.ts";

/** Every format that can be written. */
export const writers: readonly Writer[] = [
  nativeWriter,
  parquetWriter,
  trlPreference,
  trlUnpaired,
  openaiPreference,
  arenaCsv,
];
