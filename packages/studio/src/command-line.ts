import type { Command } from "commander";
import { LuceError, suggestNearest } from "luce/errors";
import { commands } from "./commands/index.ts";

const HELP = `Luce: from what people prefer to rankings one can trust, reward models that generalise, and better policies.

Usage: luce COMMAND [OPTIONS]

Commands:
${commands.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n")}

  luce COMMAND --help   options and examples of one command

Every command takes --json where it prints results, and --debug to show where an error came from.
`;

/** Runs one command and returns the exit status. Only that command's code is loaded. */
export async function runCommandLine(args: string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(HELP);
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-V") {
    const { default: manifest } = await import("../package.json", { with: { type: "json" } });
    process.stdout.write(`${manifest.version}\n`);
    return 0;
  }
  try {
    const entry = commands.find((command) => command.name === name);
    if (!entry) {
      const names = commands.map((command) => command.name);
      throw new LuceError("invalid-parameter", `there is no command "${name}"`, { hint: suggestNearest(name, names) });
    }
    return await runCommand(`luce ${name}`, (await entry.load()).command, rest);
  } catch (error) {
    return report(error, rest.includes("--debug"));
  }
}

/** Runs a command and returns the exit status; an error is one line on standard error. */
export async function runCommand(name: string, command: Command, args: string[]): Promise<number> {
  try {
    await configure(command, name).parseAsync(
      args.filter((arg) => arg !== "--debug"),
      { from: "user" },
    );
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return report(error, args.includes("--debug"));
  }
}

/** Options every command shares, and errors as values instead of exits. */
function configure(command: Command, name: string): Command {
  return command
    .name(name)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .option("--debug", "show where an error came from");
}

function report(error: unknown, debug: boolean): number {
  if (isCommanderExit(error)) {
    if (error.exitCode === 0) return 0;
    process.stderr.write(`${error.message.replace(/^error: /, "luce: ").replace(/\.$/, "")}; see --help\n`);
    return 2;
  }
  const line =
    error instanceof LuceError
      ? error.line
      : `unexpected ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}; this is a defect of Luce, run again with --debug for where`;
  process.stderr.write(`luce: ${line}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return error instanceof LuceError && error.code === "interrupted" ? 130 : 1;
}

function isCommanderExit(error: unknown): error is Error & { exitCode: number } {
  return (
    error instanceof Error && "exitCode" in error && String((error as { code?: unknown }).code).startsWith("commander.")
  );
}
