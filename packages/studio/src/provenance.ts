import type { Provenance } from "luce/report";
import manifest from "../package.json" with { type: "json" };

type Run = {
  /** As read, with their digests. */
  inputs?: Provenance["inputs"];
  seed?: number;
  /** The arguments after `luce`; those of this process where they are not given. */
  args?: readonly string[];
};

/** Where a result came from: version, command line without its secrets, seed, inputs and time. */
export function provenance({ inputs = [], seed, args = process.argv.slice(2) }: Run = {}): Provenance {
  return {
    luce: manifest.version,
    command: ["luce", ...withoutSecrets(args).map(quote)].join(" "),
    ...(seed === undefined ? {} : { seed }),
    inputs: inputs.map(({ name, sha256, bytes }) => ({ name, sha256, bytes })),
    createdAt: new Date().toISOString(),
  };
}

const SECRET_OPTION = /^--?([\w-]*-)?(key|apikey|token|secret|password|passwd|credentials?|authorization)$/i;
const SECRET_VALUE = /\b(sk-|hf_|gh[pousr]_|xox[abp]-|AKIA)[\w-]{8,}/g;

function withoutSecrets(args: readonly string[]): string[] {
  return args.map((arg, n) => {
    const [option, ...value] = arg.split("=");
    if (value.length > 0 && SECRET_OPTION.test(option)) return `${option}=***`;
    if (n > 0 && SECRET_OPTION.test(args[n - 1]) && !arg.startsWith("--")) return "***";
    return arg.replace(/(\w+:\/\/[^:/@\s]*):[^@\s]*@/g, "$1:***@").replace(SECRET_VALUE, "$1***");
  });
}

function quote(arg: string): string {
  return /^[\w./:=,@%+*-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`;
}
