import { pairs } from "../../views.ts";
import { lostInPairs, orderedContents, toMessages, type Writer } from "./writer.ts";

/** TRL's preference format: `prompt`, `chosen`, `rejected`, as texts, or as messages where the prompt is a dialogue. */
export const trlPreference: Writer = {
  id: "trl-preference",
  name: "TRL preference (JSONL)",
  simplification: lostInPairs,
  lines(judgment) {
    const decided = pairs(judgment).filter(({ outcome }) => outcome !== 0.5);
    if (decided.length === 0) return { leftOut: "it prefers no item to another" };
    const prompt = judgment.prompt?.content;
    const lines: string[] = [];
    for (const { left, right, outcome } of decided) {
      const contents = orderedContents(left, right, outcome);
      if (!contents) return { leftOut: "its items have no content" };
      const isDialogue = Array.isArray(prompt) || contents.some(Array.isArray);
      const [chosen, rejected] = isDialogue ? contents.map((content) => toMessages(content, "assistant")) : contents;
      if (!isDialogue && !contents.every((content) => typeof content === "string")) {
        return { leftOut: "its items are not text" };
      }
      if (chosen === undefined || rejected === undefined) return { leftOut: "its items are not text" };
      const shownPrompt = isDialogue ? toMessages(prompt, "user") : prompt;
      lines.push(JSON.stringify({ ...(shownPrompt !== undefined && { prompt: shownPrompt }), chosen, rejected }));
    }
    return lines;
  },
};
