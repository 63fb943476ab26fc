import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const candidates = [
  process.env.LUCE_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/**
 * The Chromium of this machine; undefined where there is none. On CI there must be one, so that no
 * browser test is passed over there.
 */
export function findChromium(): string | undefined {
  const found = candidates.find((file) => file !== undefined && existsSync(file));
  if (!found && process.env.CI)
    throw new Error("CI has no Chromium; install Debian's package chromium or set LUCE_CHROMIUM");
  return found;
}

/** A headless Chromium that asks nothing of the network. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
