// npm run build: JavaScript and types of the packages, into each package's dist/.
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import path from "node:path";

const root = path.join(import.meta.dirname, "..");
const compiler = path.join(root, "node_modules/typescript/bin/tsc");

// In the order of dependence: each is compiled against the built types of those before it.
for (const folder of ["packages/luce", "recipes", "packages/studio"]) {
  rmSync(path.join(root, folder, "dist"), { recursive: true, force: true });
  execFileSync(process.execPath, [compiler, "--project", path.join(root, folder, "tsconfig.build.json")], {
    stdio: "inherit",
  });
}
