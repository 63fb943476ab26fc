#!/usr/bin/env node
// The `luce` command. Installed from npm it runs the built program; in a clone, the TypeScript sources.
import { existsSync } from "node:fs";

const built = new URL("../dist/main.js", import.meta.url);
const bootstrap = new URL("../../../scripts/with-node.mjs", import.meta.url);
if (existsSync(bootstrap)) {
  process.argv.splice(2, 0, "packages/studio/src/main.ts");
  await import(bootstrap.href);
} else {
  await import(built.href);
}
