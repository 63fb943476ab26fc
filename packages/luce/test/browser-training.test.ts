import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { trainLosses } from "./browser/train-losses.ts";

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
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
}, 60_000);

afterAll(() => {
  server?.close();
});

const quiet = [
  "--headless",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** What a page of a browser started with `args` computes. */
async function trainInPage(args: readonly string[]) {
  const browser: Browser = await chromium.launch({ executablePath, args: [...quiet, ...args] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.trained !== undefined");
    return (await page.evaluate(
      "globalThis.trained.then((result) => ({ ...result, crossOriginIsolated }))",
    )) as Trained & {
      crossOriginIsolated: boolean;
    };
  } finally {
    await browser.close();
  }
}

type Trained = Awaited<ReturnType<typeof trainLosses>>;

function expectSame(found: Trained, wanted: Trained): void {
  expect(found.losses).toHaveLength(wanted.losses.length);
  for (const [i, loss] of wanted.losses.entries()) expect(Math.abs(found.losses[i] - loss)).toBeLessThan(1e-5);
  for (const [i, logp] of wanted.logps.entries()) expect(Math.abs(found.logps[i] - logp)).toBeLessThan(1e-4);
}

test.skipIf(!executablePath)("a page learns as Node does: the same losses to 1e-5", { timeout: 60_000 }, async () => {
  const inPage = await trainInPage(["--disable-gpu"]);
  expect(inPage).toMatchObject({ device: "wasm", crossOriginIsolated: true });
  expectSame(inPage, await trainLosses());
});

test.skipIf(!executablePath)(
  "so does a page with WebGPU, where it has an adapter",
  { timeout: 90_000 },
  async (context) => {
    const inPage = await trainInPage([
      "--enable-unsafe-webgpu",
      "--use-webgpu-adapter=swiftshader",
      "--enable-features=Vulkan",
      "--use-angle=swiftshader",
    ]);
    if (inPage.device !== "webgpu") context.skip("this browser has no WebGPU adapter");
    expectSame(inPage, await trainLosses());
  },
);
