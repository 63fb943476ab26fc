import { labels } from "../../views.ts";
import { toMessages, type Writer } from "./writer.ts";

/** TRL's unpaired preference format: `prompt`, `completion`, `label`. */
export const trlUnpaired: Writer = {
  id: "trl-unpaired",
  name: "TRL unpaired preference (JSONL)",
  lines(judgment) {
    const labelled = labels(judgment);
    if (labelled.length === 0)
      return { leftOut: `its verdict (${judgment.verdict.kind}) does not say which items are desirable` };
    const prompt = judgment.prompt?.content;
    const lines: string[] = [];
    for (const { item, desirable } of labelled) {
      const isDialogue = Array.isArray(prompt) || Array.isArray(item.content);
      const completion = isDialogue ? toMessages(item.content, "assistant") : item.content;
      if (completion === undefined) return { leftOut: "its items have no content" };
      if (typeof completion !== "string" && !Array.isArray(completion)) return { leftOut: "its items are not text" };
      const shownPrompt = isDialogue ? toMessages(prompt, "user") : prompt;
      lines.push(
        JSON.stringify({ ...(shownPrompt !== undefined && { prompt: shownPrompt }), completion, label: desirable }),
      );
    }
    return lines;
  },
};
