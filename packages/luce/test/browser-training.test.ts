import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainLosses } from "./browser/train-losses.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
let browser: Browser;
let server: Server;

beforeAll(async () => {
  if (!executablePath) return;
  const bundle = await build({
    entryPoints: [path.join(import.meta.dirname, "browser/page.ts")],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    conditions: ["luce-source"],
    logLevel: "error",
  });
  const script = bundle.outputFiles[0].text;
  server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.writeHead(200, {
      "content-type": isScript ? "text/javascript" : "text/html",
      // Shared memory, and with it threads, is for isolated pages only.
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  browser = await chromium.launch({
    executablePath,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

test.skipIf(!executablePath)("a page learns as Node does: the same losses to 1e-5", { timeout: 60_000 }, async () => {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.trained !== undefined");
  const [inPage, isolated] = (await page.evaluate(
    "globalThis.trained.then((result) => [result, crossOriginIsolated])",
  )) as [Awaited<ReturnType<typeof trainLosses>>, boolean];
  const here = await trainLosses();
  expect(isolated).toBe(true);
  expect(inPage.losses).toHaveLength(here.losses.length);
  for (const [i, loss] of here.losses.entries()) expect(Math.abs(inPage.losses[i] - loss)).toBeLessThan(1e-5);
  for (const [i, logp] of here.logps.entries()) expect(Math.abs(inPage.logps[i] - logp)).toBeLessThan(1e-4);
});
