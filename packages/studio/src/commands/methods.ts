import { Command } from "commander";
import { loadMethods, type Method } from "luce";
import * as z from "zod";

export const command = new Command()
  .description("List every registered method with its paper, arXiv id, kind and parameters.")
  .option("--json", "print { methods: [ { id, name, paper, arxiv, kind, params } ] }")
  .option("--kind <kind>", "only methods of this kind, such as rating or objective")
  .addHelpText("after", "\nExamples:\n  luce methods\n  luce methods --kind rating --json")
  .action(async ({ json, kind }: { json?: boolean; kind?: string }) => {
    const methods = (await loadMethods()).filter((method) => kind === undefined || method.kind === kind).map(describe);
    process.stdout.write(json ? `${JSON.stringify({ methods }, null, 2)}\n` : methods.map(toLine).join(""));
  });

type Description = ReturnType<typeof describe>;

function describe({ id, name, paper, arxiv, kind, params }: Method) {
  return { id, name, paper, arxiv, kind, params: z.toJSONSchema(params, { io: "input" }).properties ?? {} };
}

function toLine({ id, kind, paper, arxiv, params }: Description): string {
  const names = Object.keys(params).join(", ") || "none";
  return `${id.padEnd(28)} ${kind.padEnd(12)} ${paper}${arxiv ? ` (arXiv ${arxiv})` : ""}\n${" ".repeat(29)}parameters: ${names}\n`;
}
