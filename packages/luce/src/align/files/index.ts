export { readCachedEvidence } from "./evidence-folder.ts";
export { openRunFolder } from "./run-folder.ts";
