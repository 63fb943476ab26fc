import { pairs } from "../../views.ts";
import { lostInPairs, orderedContents, toMessages, type Writer } from "./writer.ts";

/** OpenAI's preference fine-tuning format: `input.messages`, `preferred_output`, `non_preferred_output`. */
export const openaiPreference: Writer = {
  id: "openai-preference",
  name: "OpenAI preference fine-tuning (JSONL)",
  simplification: lostInPairs,
  lines(judgment) {
    const messages = toMessages(judgment.prompt?.content, "user");
    if (!messages) return { leftOut: "it has no prompt text" };
    const decided = pairs(judgment).filter(({ outcome }) => outcome !== 0.5);
    if (decided.length === 0) return { leftOut: "it prefers no item to another" };
    const lines: string[] = [];
    for (const { left, right, outcome } of decided) {
      const contents = orderedContents(left, right, outcome);
      if (!contents) return { leftOut: "its items have no content" };
      const [preferred, other] = contents.map((content) => toMessages(content, "assistant"));
      if (!preferred || !other) return { leftOut: "its items are not text" };
      lines.push(
        JSON.stringify({
          input: { messages, tools: [], parallel_tool_calls: true },
          preferred_output: preferred,
          non_preferred_output: other,
        }),
      );
    }
    return lines;
  },
};
