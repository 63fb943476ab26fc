import * as z from "zod";

/** The most of anything a single judgment may hold; beyond it is an attack or an accident. */
export const limits = { items: 10_000, text: 16 * 2 ** 20, name: 4096, metadata: 256 } as const;

const name = z.string().min(1).max(limits.name);
const primitive = z.union([z.string().max(limits.text), z.number(), z.boolean(), z.null()]);
const metadata = z
  .record(z.string().max(limits.name), primitive)
  .refine((fields) => Object.keys(fields).length <= limits.metadata, `more than ${limits.metadata} metadata fields`);

const message = z.object({ role: name, content: z.string().max(limits.text) });

/** A text, a dialogue, or a pointer to an image, a sound, a film or an HTML artifact. */
const content = z.union([
  z.string().max(limits.text),
  z.array(message).max(limits.items),
  z.object({ mediaType: name, uri: z.string().max(limits.text) }),
]);

const item = z.object({
  /** Who made it. */
  system: name.optional(),
  content: content.optional(),
  /** Facts about this item, such as `length` (characters) or markdown counts. */
  metadata: metadata.optional(),
});

const verdict = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("ranking"),
    /** A rank an item, 1 is best, equal ranks are ties. */
    ranks: z.array(z.number().int().positive()),
    /** Two items only: the first's share of the preference in [0, 1], where a judge gave a soft label. */
    share: z.number().min(0).max(1).optional(),
  }),
  z.object({
    kind: z.literal("scores"),
    /** A list a dimension, a score an item, null where there is none. Higher is better. */
    scores: z.record(name, z.array(z.number().nullable())),
  }),
  z.object({
    kind: z.literal("labels"),
    labels: z.array(z.enum(["desirable", "undesirable"])),
  }),
  z.object({
    kind: z.literal("corrections"),
    /** Segments of an item's text, characters [start, end), and what should stand there. */
    segments: z
      .array(
        z
          .object({
            item: z.number().int().nonnegative(),
            start: z.number().int().nonnegative(),
            end: z.number().int().nonnegative(),
            replacement: z.string().max(limits.text),
          })
          .refine(({ start, end }) => start <= end, "a segment ends before it starts"),
      )
      .max(limits.items),
  }),
]);

/** One act of preferring: an annotator, a prompt, K items in the order shown, and a verdict. */
export const judgmentSchema = z
  .object({
    /** The idempotency key: importing or posting it twice changes nothing. */
    id: name,
    prompt: z
      .object({ id: name.optional(), content: z.union([z.string().max(limits.text), z.array(message)]).optional() })
      .optional(),
    /** A person's pseudonym, a language model, a rule. */
    annotator: name.optional(),
    items: z.array(item).min(1).max(limits.items),
    verdict,
    /** How strongly, where the annotator said so; the unit is the source's. */
    strength: z.number().optional(),
    /** What was judged, such as "helpfulness". */
    dimension: name.optional(),
    rationale: z.string().max(limits.text).optional(),
    /** When, milliseconds since 1970. */
    time: z.number().optional(),
    /** How long it took, seconds. */
    duration: z.number().nonnegative().optional(),
    /** Facts about the judgment, such as its category or language. */
    metadata: metadata.optional(),
  })
  .superRefine(({ items, verdict }, context) => {
    const complain = (message: string) => context.addIssue({ code: "custom", path: ["verdict"], message });
    const count = items.length;
    if (verdict.kind === "ranking" && verdict.ranks.length !== count) {
      complain(`${verdict.ranks.length} ranks for ${count} items`);
    }
    if (verdict.kind === "ranking" && verdict.share !== undefined && count !== 2) {
      complain(`a share is for two items, not ${count}`);
    }
    if (verdict.kind === "labels" && verdict.labels.length !== count) {
      complain(`${verdict.labels.length} labels for ${count} items`);
    }
    if (verdict.kind === "scores") {
      for (const [dimension, scores] of Object.entries(verdict.scores)) {
        if (scores.length !== count) complain(`${scores.length} scores of ${dimension} for ${count} items`);
      }
    }
    if (verdict.kind === "corrections" && verdict.segments.some((segment) => segment.item >= count)) {
      complain(`a segment of item ${Math.max(...verdict.segments.map(({ item }) => item))}, but there are ${count}`);
    }
  });

export type Judgment = z.output<typeof judgmentSchema>;
export type Item = Judgment["items"][number];
export type Content = z.output<typeof content>;
export type Message = z.output<typeof message>;
export type Verdict = Judgment["verdict"];

/** A judgment whose source may have given it no id. */
export type JudgmentDraft = Omit<Judgment, "id"> & { readonly id?: string };

/** The text of an item or prompt: a dialogue's is that of its last message. */
export function textOf(content: Content | undefined): string | undefined {
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.at(-1)?.content : undefined;
}
