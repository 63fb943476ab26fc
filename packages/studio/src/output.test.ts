import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { provenance, replaceFileAtomically, writeFileAtomically } from "./output.ts";

const folder = mkdtempSync(path.join(tmpdir(), "luce-output-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => path.join(folder, name);

test("a file is written whole, over an older one too, and leaves nothing beside it", async () => {
  await writeFileAtomically(at("a.txt"), "first");
  await writeFileAtomically(at("a.txt"), ["sec", "ond"]);
  expect(readFileSync(at("a.txt"), "utf8")).toBe("second");
  expect(readdirSync(folder).filter((name) => name.includes("a.txt"))).toEqual(["a.txt"]);
});

test("a failure half way keeps the older file and leaves nothing beside it", async () => {
  writeFileSync(at("b.txt"), "kept");
  const failing = replaceFileAtomically(at("b.txt"), async (temporary) => {
    writeFileSync(temporary, "half");
    throw new Error("disk on fire");
  });
  await expect(failing).rejects.toThrow("disk on fire");
  expect(readFileSync(at("b.txt"), "utf8")).toBe("kept");
  expect(readdirSync(folder).filter((name) => name.includes("b.txt"))).toEqual(["b.txt"]);
});

test("a link stays a link, and what it points to is replaced", async () => {
  writeFileSync(at("target.txt"), "old");
  symlinkSync(at("target.txt"), at("link.txt"));
  await writeFileAtomically(at("link.txt"), "new");
  expect(readFileSync(at("target.txt"), "utf8")).toBe("new");
});

test("a missing folder and a folder in place of a file are said in words", async () => {
  await expect(writeFileAtomically(at("no/such/file.txt"), "")).rejects.toThrow(/there is no folder/);
  await expect(writeFileAtomically(folder, "")).rejects.toThrow(/is a folder/);
});

test.each(["SIGINT", "SIGTERM"] as const)("%s while writing leaves the older file and nothing else", async (signal) => {
  writeFileSync(at("c.txt"), "kept");
  const script = `
    import { writeFileAtomically } from ${JSON.stringify(path.join(import.meta.dirname, "output.ts"))};
    async function* slowly() {
      yield "half";
      process.stdout.write("started");
      await new Promise((resolve) => setTimeout(resolve, 20_000));
    }
    await writeFileAtomically(${JSON.stringify(at("c.txt"))}, slowly());`;
  const child = spawn(process.execPath, ["--conditions=luce-source", "--input-type=module-typescript", "-e", script], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout.once("data", () => child.kill(signal));
  const code = await new Promise((resolve) => child.once("exit", resolve));
  expect(code).toBe(signal === "SIGINT" ? 130 : 143);
  expect(readFileSync(at("c.txt"), "utf8")).toBe("kept");
  expect(readdirSync(folder).filter((name) => name.includes("c.txt"))).toEqual(["c.txt"]);
});

test("a command line in a report can be run again, without its secrets", () => {
  const args = [
    "judge",
    "my file.csv",
    "--api-key",
    "abc",
    "--token=def",
    "--tokens",
    "100",
    "--db",
    "postgres://me:pw@host/db",
    "sk-1234567890abcdef",
  ];
  const { command } = provenance({ args });
  expect(command).toBe(
    "luce judge 'my file.csv' --api-key *** --token=*** --tokens 100 --db postgres://me:***@host/db sk-***",
  );
});
