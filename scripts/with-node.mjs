// Runs a script of this repository on a Node that Luce supports, with its dependencies installed.
//   node scripts/with-node.mjs SCRIPT [ARG ...]
// Plain JavaScript for old Nodes: this file runs on whatever the machine has.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const OLDEST_MAJOR = 24;
const PINNED_NODE = "24.21.0";
const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The path of a supported Node: this one, or the pinned one, installed into the clone on first use. */
function findNode() {
  if (Number(process.versions.node.split(".")[0]) >= OLDEST_MAJOR) return process.execPath;
  const folder = path.join(root, ".luce", "node");
  // npm's platform packages hold the bare binary; the `node` package finds one for any other platform.
  const platformPackage = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const name = process.platform === "darwin" ? "node" : platformPackage;
  const binary = path.join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  const stamp = path.join(folder, "version");
  const installed = () => existsSync(binary) && existsSync(stamp) && readFileSync(stamp, "utf8") === PINNED_NODE;
  if (!installed()) oneAtATime(() => installed() || installNode(folder, name, binary, stamp));
  return binary;
}

function installNode(folder, name, binary, stamp) {
  process.stderr.write(
    `Luce needs Node ${OLDEST_MAJOR} or newer; bringing Node ${PINNED_NODE} into .luce/node (this machine has ${process.versions.node}).\n`,
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "package.json"), "{}\n");
  npm(
    ["install", "--no-save", "--no-package-lock", "--loglevel=error", "--prefix", folder, `${name}@${PINNED_NODE}`],
    folder,
    process.env.PATH,
  );
  if (!existsSync(binary))
    fail(
      `no Node ${PINNED_NODE} for ${process.platform}-${process.arch} on npm; install Node ${OLDEST_MAJOR} or newer yourself`,
    );
  writeFileSync(stamp, PINNED_NODE);
}

/** Installs the locked dependencies where they are missing or older than the lockfile. */
function installDependencies(pathWithNode) {
  const lockfile = readFileSync(path.join(root, "package-lock.json"));
  const digest = createHash("sha256").update(lockfile).digest("hex");
  const stamp = path.join(root, "node_modules", ".luce-lockfile");
  const upToDate = () => existsSync(stamp) && readFileSync(stamp, "utf8") === digest;
  if (upToDate()) return;
  oneAtATime(() => {
    if (upToDate()) return;
    process.stderr.write("Installing dependencies …\n");
    rmSync(stamp, { force: true });
    npm(["ci", "--loglevel=error"], root, pathWithNode);
    writeFileSync(stamp, digest);
  });
}

/** Runs `install` while no other process of this clone does: two installations at once destroy each other. */
function oneAtATime(install) {
  const lock = path.join(root, ".luce", "installing");
  mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const holder = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
      if (holder > 0 && !isRunning(holder)) rmSync(lock, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
    }
  }
  process.on("exit", () => rmSync(lock, { force: true }));
  install();
  rmSync(lock, { force: true });
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function npm(args, cwd, searchPath) {
  const { status, error } = spawnSync("npm", args, {
    cwd,
    env: { ...process.env, PATH: searchPath },
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (error || status !== 0)
    fail(`\`npm ${args.join(" ")}\` failed${error ? `: ${error.message}` : ""}; its messages are above`);
}

function fail(message) {
  process.stderr.write(`luce: ${message}\n`);
  process.exit(1);
}

const node = findNode();
const searchPath = `${path.dirname(node)}${path.delimiter}${process.env.PATH}`;
installDependencies(searchPath);

const [script, ...args] = process.argv.slice(2);
const child = spawn(node, ["--conditions=luce-source", path.join(root, script), ...args], {
  stdio: "inherit",
  env: {
    ...process.env,
    PATH: searchPath,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? path.join(root, ".luce", "compile-cache"),
  },
});
// The terminal sends Ctrl-C to both processes; the child decides when to end.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
child.on("error", (error) => fail(error.message));
child.on("exit", (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
