export { gpm, preferenceScoreTable } from "./gpm.ts";
