import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

test("the example of docs/training.md runs as it stands, and its objective keeps closer to the reference than DPO", () => {
  const page = readFileSync(new URL("../../../docs/training.md", import.meta.url), "utf8");
  const [, example] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
  // Inside the package, so that it is resolved as in a project that has Luce installed.
  const folder = mkdtempSync(path.join(import.meta.dirname, ".example-"));
  try {
    const file = path.join(folder, "example.ts");
    writeFileSync(file, example.replace(/console\.log\((.*)\);/, "console.log(JSON.stringify($1));"));
    const { stdout, stderr } = spawnSync(process.execPath, ["--conditions=luce-source", file], { encoding: "utf8" });
    expect(stderr.replace(/^.*Warning.*$/gm, "").trim()).toBe("");
    const [cautious, dpo] = JSON.parse(stdout);
    expect(cautious.kl).toBeLessThan(dpo.kl);
    expect(cautious.reward).toBeGreaterThan(0.1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
