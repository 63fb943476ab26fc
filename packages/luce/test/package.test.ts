import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findChromium, launchChromium } from "../../../scripts/browser.ts";

const packageFolder = path.join(import.meta.dirname, "..");
const root = path.join(packageFolder, "../..");
const compiler = path.join(root, "node_modules/typescript/bin/tsc");
const chromium = findChromium();

const program = `import { fitBradleyTerry } from "luce/rank";

const fit = fitBradleyTerry({
  systems: ["ada", "bob"],
  left: Int32Array.of(0, 0),
  right: Int32Array.of(1, 1),
  outcome: Float64Array.of(1, 0),
  count: Float64Array.of(30, 10),
});
const gap: number = fit.logStrengths[0] - fit.logStrengths[1];
console.log(gap.toFixed(6));
`;

let project: string;

beforeAll(() => {
  project = mkdtempSync(path.join(tmpdir(), "luce-package-"));
  execFileSync(process.execPath, [compiler, "--project", path.join(packageFolder, "tsconfig.build.json")]);
  execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { cwd: packageFolder });
  writeFileSync(path.join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", "./luce-0.1.0.tgz"], {
    cwd: project,
  });
  writeFileSync(path.join(project, "program.ts"), program);
}, 180_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

const expected = Math.log(3).toFixed(6);

test("the packed package type-checks in an empty project", () => {
  writeFileSync(
    path.join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: { strict: true, module: "nodenext", target: "es2024", noEmit: true, types: [] },
    }),
  );
  const output = execFileSync(process.execPath, [compiler, "--project", project], { encoding: "utf8" });
  expect(output).toBe("");
}, 60_000);

test("the packed package runs in Node", () => {
  const output = execFileSync(process.execPath, ["program.ts"], { cwd: project, encoding: "utf8" });
  expect(output.trim()).toBe(expected);
});

test.skipIf(!chromium)(
  "the packed package, bundled, runs in a headless Chromium",
  async () => {
    const bundle = await build({
      entryPoints: [path.join(project, "program.ts")],
      bundle: true,
      platform: "browser",
      format: "iife",
      write: false,
      logLevel: "silent",
    });
    const browser = await launchChromium(chromium!);
    try {
      const page = await browser.newPage();
      const printed = page.waitForEvent("console", { timeout: 20_000 });
      await page.addScriptTag({ content: bundle.outputFiles[0].text });
      expect((await printed).text()).toBe(expected);
    } finally {
      await browser.close();
    }
    expect(bundle.outputFiles[0].contents.length).toBeLessThan(300_000);
  },
  60_000,
);
