import { createRandom, type Method } from "luce";
import { type EvidenceField, isObjective, nested, type Objective, randomEvidence } from "luce/objectives";
import type { RatingMethod } from "luce/rank";
import type { Recipe } from "luce/report";
import * as z from "zod";
import { commentToMarkdown, type MethodSource } from "./source.ts";

const HEADING = "<!-- Written by `npm run docs` from the registry and the doc comments: edit those. -->";

/** One method as a page of Markdown. */
export async function methodPage(method: Method, source: MethodSource, recipe: Recipe | undefined): Promise<string> {
  const { body, source: cited } = commentToMarkdown(source.comment);
  const sections = [
    HEADING,
    `# ${method.name} (\`${method.id}\`)`,
    [`${paperLink(method)}`, `Kind: ${method.kind}${isObjective(method) ? structure(method) : ""}.`].join("  \n"),
    body,
    ...(cited ? [`Source: ${cited}.`.replace(/\.\.$/, ".")] : []),
    ...(isObjective(method) ? ["## Evidence", evidenceTable(method)] : []),
    ...(isRating(method) ? ["## Judgments", judgmentsRead(method)] : []),
    "## Parameters",
    parameterTable(method, source),
    "## Running it",
    ...(await running(method, source)),
    ...(recipe ? ["## Recipe", recipeNote(recipe)] : []),
    `Code: [\`${source.file}\`](../../${source.file})`,
  ];
  return `${sections.join("\n\n")}\n`;
}

/** The page that lists all methods, by kind. */
export function indexPage(methods: readonly Method[], recipes: ReadonlySet<string>): string {
  const kinds = [...new Set(methods.map(({ kind }) => kind))];
  const sections = kinds.map((kind) => {
    const rows = methods
      .filter((method) => method.kind === kind)
      .map((method) => [
        `[${method.name}](${method.id}.md)`,
        `\`${method.id}\``,
        paperLink(method),
        recipes.has(method.id) ? `\`luce recipe run ${method.id}\`` : "",
      ]);
    return `## ${kind}\n\n${table(["method", "slug", "paper", "recipe"], rows)}`;
  });
  const count = `${methods.length} methods. [Adding one](../adding-a-method.md) takes four places.`;
  return `${[HEADING, "# Methods", count, ...sections].join("\n\n")}\n`;
}

function isRating(method: Method): method is RatingMethod {
  return "fit" in method;
}

function paperLink({ paper, arxiv }: Method): string {
  return arxiv ? `[${paper}](https://arxiv.org/abs/${arxiv}) (arXiv ${arxiv})` : paper;
}

function structure({ family, level, aggregation, needsReference }: Objective): string {
  const reference = needsReference ? "with a reference policy" : "without a reference policy";
  return `; ${family}, on ${level} log-probabilities (${aggregation} over tokens), ${reference}`;
}

function evidenceTable(objective: Objective): string {
  const byDefault = new Set(objective.reads({}));
  const rows = Object.entries(objective.evidence).map(([name, field]) => [
    `\`${name}\``,
    `[${field.axes.join(", ")}]`,
    meaning(name, field),
    [
      ...(field.optional || field.role === "mask" ? ["may be absent"] : []),
      ...(byDefault.has(name) ? [] : ["read under other parameters than the defaults"]),
      ...(field.maskedBy ? [`hidden where \`${field.maskedBy}\` is 0`] : []),
    ].join("; "),
  ]);
  const held = objective.stopsGradient ? "\n\nPart of the loss is held constant: see above." : "";
  return `${table(["name", "shape", "what it is", ""], rows)}${held}`;
}

function meaning(name: string, { role, values, differentiable }: EvidenceField): string {
  if (role === "mask") return "1 where there is something, 0 for padding";
  if (role === "label") return "0 or 1";
  if (role === "length") return "tokens of each response, at least 1";
  const entries = typeof values === "object" ? `indices into axis ${values.indexOf}` : nounOf(name, values);
  return differentiable ? `${entries} of what is trained: the loss has a gradient in them` : `${entries}, constant`;
}

const nouns: readonly [RegExp, string][] = [
  [/TokenLogps$/, "log-probabilities of tokens"],
  [/StepLogps$/, "log-probabilities of steps, summed over their tokens"],
  [/logps$/i, "log-probabilities"],
  [/rewards$/i, "rewards"],
  [/scores$/i, "scores, higher is better"],
  [/logits$/i, "logits"],
  [/embeddings$/i, "embeddings"],
  [/kl$/i, "KL divergences, in nats"],
  [/(Mask|Weights)$/, "weights"],
];

function nounOf(name: string, values: EvidenceField["values"]): string {
  if (values === "probability") return "probabilities";
  if (values === "rank") return "ranks, 1 for the best";
  return nouns.find(([pattern]) => pattern.test(name))?.[1] ?? "numbers";
}

function judgmentsRead({ reads, usesCovariates, needs }: RatingMethod): string {
  const rows = {
    comparisons: "comparisons of two; their order does not matter",
    "ordered-comparisons": "comparisons of two, in order of time",
    rankings: "rankings of K; their order does not matter",
    "ordered-rankings": "rankings of K, in order of time",
  };
  return [
    `It reads ${rows[reads]}.`,
    ...(usesCovariates ? ["It uses covariates of the comparisons."] : []),
    ...(needs?.covariates ? [`It needs the covariates ${needs.covariates.join(", ")}.`] : []),
    ...(needs?.cluster ? [`Votes are clustered by ${needs.cluster}.`] : []),
  ].join(" ");
}

type ParameterSchema = {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  items?: ParameterSchema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  anyOf?: ParameterSchema[];
};

function parameterTable(method: Method, source: MethodSource): string {
  const schema = z.toJSONSchema(method.params, { io: "input", unrepresentable: "any" });
  const rows = Object.entries((schema.properties ?? {}) as Record<string, ParameterSchema>).map(([name, parameter]) => [
    `\`${name}\``,
    typeOf(parameter),
    parameter.default === undefined ? "" : `\`${JSON.stringify(parameter.default)}\``,
    source.parameters[name] ??
      ([name, ...(parameter.enum ?? [])].some((word) => mentions(source.comment, String(word))) ? "as above" : ""),
  ]);
  return rows.length > 0 ? table(["name", "type", "default", "meaning"], rows) : "It takes none.";
}

function typeOf(parameter: ParameterSchema): string {
  if (parameter.enum) return parameter.enum.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
  if (parameter.const !== undefined) return `\`${JSON.stringify(parameter.const)}\``;
  if (parameter.anyOf) return parameter.anyOf.map(typeOf).join(" or ");
  const bounds = [
    ...(parameter.exclusiveMinimum !== undefined ? [`> ${parameter.exclusiveMinimum}`] : []),
    ...(parameter.minimum !== undefined && parameter.minimum > Number.MIN_SAFE_INTEGER
      ? [`>= ${parameter.minimum}`]
      : []),
    ...(parameter.exclusiveMaximum !== undefined ? [`< ${parameter.exclusiveMaximum}`] : []),
    ...(parameter.maximum !== undefined && parameter.maximum < Number.MAX_SAFE_INTEGER
      ? [`<= ${parameter.maximum}`]
      : []),
  ];
  const type = parameter.type === "array" && parameter.items ? `list of ${typeOf(parameter.items)}` : parameter.type;
  return [type ?? "any", ...bounds].join(" ");
}

function mentions(comment: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(comment);
}

async function running(method: Method, source: MethodSource): Promise<string[]> {
  if (isObjective(method)) return [await objectiveExample(method, source)];
  if (isRating(method)) {
    return [
      code("sh", [`npx luce rank votes.csv --method ${method.id}`]),
      code("ts", [
        'import { createRandom, loadMethod, parseParameters } from "luce";',
        'import { openVotes } from "luce/data/files";',
        "",
        `const ${source.exportName} = await loadMethod("${method.id}");`,
        'const file = await openVotes("votes.csv");',
        `const votes = ${readingCall(method)};`,
        `const options = { ...parseParameters(${source.exportName}, {}), random: createRandom(1) };`,
        `const { systems, logStrengths, standardErrors } = ${source.exportName}.fit(votes, options);`,
        "await file.close();",
      ]),
    ];
  }
  return [
    code("ts", [
      'import { loadMethod } from "luce";',
      "",
      `const method = await loadMethod("${method.id}");`,
      "const outputs = await method.evaluate(inputs, {});",
    ]),
    "`inputs` are named as in the doc comment above; a wrong one is refused by name.",
  ];
}

function readingCall({ reads, needs }: RatingMethod): string {
  const options = [
    ...(reads.startsWith("ordered") ? ["ordered: true"] : []),
    ...(needs?.covariates ? [`covariates: ${JSON.stringify(needs.covariates)}`] : []),
    ...(needs?.cluster ? [`cluster: "${needs.cluster}"`] : []),
  ];
  const argument = options.length > 0 ? `{ ${options.join(", ")} }` : "";
  return `await file.${reads.endsWith("rankings") ? "readRankings" : "countComparisons"}(${argument})`;
}

/** A call on small evidence with the loss that it really has. */
async function objectiveExample(objective: Objective, source: MethodSource): Promise<string> {
  const sizes = { B: 2, K: 3, G: 3, T: 2, S: 2, N: 2, V: 3, L: 2, D: 4, C: 2, A: 2, E: 2 };
  const arrays = randomEvidence(objective, {}, sizes, createRandom(1));
  const required = Object.entries(arrays).filter(([name]) => {
    const { optional, role } = objective.evidence[name];
    return !optional && role !== "mask";
  });
  const inputs = Object.fromEntries(
    required.map(([name, { data, shape }]) => {
      const rounded = data.map((value) => Math.round(value * 10) / 10);
      return [name, nested(rounded, shape)];
    }),
  );
  const { loss } = await objective.evaluate(inputs, {});
  return code("ts", [
    'import { loadMethod } from "luce";',
    "",
    `const ${source.exportName} = await loadMethod("${objective.id}");`,
    `const { loss, grad } = await ${source.exportName}.evaluate(`,
    "  {",
    ...Object.entries(inputs).map(([name, value]) => `    ${name}: ${JSON.stringify(value).replaceAll(",", ", ")},`),
    "  },",
    "  {},",
    ");",
    `// loss ${(loss as number).toPrecision(6)}`,
  ]);
}

function recipeNote({ id, title, claim }: Recipe): string {
  return `${title}. The claim: ${claim}\n\n${code("sh", [`npx luce recipe run ${id}`])}`;
}

function code(language: string, lines: readonly string[]): string {
  return ["```".concat(language), ...lines, "```"].join("\n");
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}
