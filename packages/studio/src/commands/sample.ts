import { Command } from "commander";
import { encodePrompt } from "luce/align";
import { LuceError } from "luce/errors";
import { sample } from "luce/policies";
import { loadModel } from "../language-model.ts";
import { print } from "../output.ts";
import { toSeed } from "../vote-options.ts";

type Options = {
  prompt: string[];
  count: number;
  maxTokens: number;
  temperature: number;
  topK?: number;
  topP?: number;
  seed: number;
  json?: boolean;
};

export const command = new Command()
  .description("Draw responses from a language policy.")
  .argument("<model>", "the folder of a model or of a training run")
  .requiredOption("--prompt <text...>", "what to answer")
  .option("--count <responses>", "responses a prompt", Number, 1)
  .option("--max-tokens <count>", "of a response, at most", Number, 64)
  .option("--temperature <value>", "0 takes the most likely token", Number, 1)
  .option("--top-k <count>", "only the k most likely tokens", Number)
  .option("--top-p <share>", "only the likeliest tokens that make up this share", Number)
  .option("--seed <number>", "the same seed draws the same", toSeed, 1)
  .option("--json", "print { samples: [ { prompt, response, logp, tokens, finished } ] }")
  .addHelpText(
    "after",
    `
Examples:
  luce sample runs/dpo --prompt 'flip bca:' --count 4
  luce sample runs/dpo --prompt 'copy abc:' 'next abc:' --temperature 0 --json`,
  )
  .action(async (folder: string, { prompt: prompts, json, ...options }: Options) => {
    checkOptions(options);
    const { policy, parameters, tokenizer } = await loadModel(folder, options.seed);
    const encoded = prompts.map((prompt) => encodePrompt(policy, tokenizer, prompt));
    const drawn = await sample(policy, parameters, encoded, options);
    const samples = drawn.flatMap((responses, n) =>
      responses.map(({ tokens, logps, finished }) => ({
        prompt: prompts[n],
        response: tokenizer.decode(tokens),
        logp: logps.reduce((sum, logp) => sum + logp, 0),
        tokens: tokens.length,
        finished,
      })),
    );
    print(json ? `${JSON.stringify({ samples }, null, 2)}\n` : samples.map(toText).join(""));
  });

function toText({ prompt, response, finished }: { prompt: string; response: string; finished: boolean }): string {
  return `${prompt} → ${response}${finished ? "" : " …"}\n`;
}

function checkOptions({ count, maxTokens, temperature, topK, topP }: Omit<Options, "prompt" | "json">): void {
  const require = (isValid: boolean, name: string, expected: string) => {
    if (!isValid) throw new LuceError("invalid-parameter", `--${name} expects ${expected}`);
  };
  require(Number.isInteger(count) && count > 0, "count", "a positive whole number");
  require(Number.isInteger(maxTokens) && maxTokens > 0, "max-tokens", "a positive whole number");
  require(temperature >= 0, "temperature", "a number of at least 0");
  require(topK === undefined || (Number.isInteger(topK) && topK > 0), "top-k", "a positive whole number");
  require(topP === undefined || (topP > 0 && topP <= 1), "top-p", "a share above 0 and at most 1");
}
