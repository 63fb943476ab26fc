// npm run golden -- DIRECTORY ... [--complete]
// Checks every golden file of the directories against the registry. With --complete, a registered method
// without a golden file in any of them fails too.
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { loadMethods } from "luce";
import { runGolden } from "./harness.ts";

const { positionals: directories, values } = parseArgs({
  allowPositionals: true,
  options: { complete: { type: "boolean" } },
});
const missing = directories.find((directory) => !existsSync(directory));
if (directories.length === 0 || missing) {
  console.error(
    `golden: ${missing ? `there is no directory ${missing}` : "name a directory of golden files"}; npm run golden -- DIRECTORY ... [--complete]`,
  );
  process.exit(2);
}

let passed = 0;
let failed = 0;
const unregistered = new Set<string>();
const checked = new Set<string>();
for (const directory of directories) {
  const result = await runGolden(directory, ({ method, name, failures }) => {
    checked.add(method);
    if (failures.length === 0) passed++;
    else failed++;
    console.log(
      failures.length === 0
        ? `pass ${method} · ${name}`
        : `FAIL ${method} · ${name}\n${failures.map((line) => `     ${line}`).join("\n")}`,
    );
  });
  for (const { file, reason } of result.broken) {
    failed++;
    console.log(`FAIL ${directory}/${file} is not a golden file\n     ${reason.replaceAll("\n", "\n     ")}`);
  }
  for (const method of result.unregistered) unregistered.add(method);
}
if (values.complete) {
  for (const { id, hasFormula } of await loadMethods()) {
    if (hasFormula && !checked.has(id)) {
      failed++;
      console.log(`FAIL ${id} · no golden file`);
    }
  }
}
console.log(`${checked.size} methods checked, ${unregistered.size} golden files of methods not registered yet`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
