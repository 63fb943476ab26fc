import type { Content, Message } from "../../judgment.ts";

/** A field as text; undefined where it is absent, null or empty. */
export function textField(values: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = values[field];
  if (value === undefined || value === null || value === "") return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function numberField(values: Readonly<Record<string, unknown>>, field: string): number | undefined {
  const text = textField(values, field);
  const value = Number(text);
  return text !== undefined && text.trim() !== "" && Number.isFinite(value) ? value : undefined;
}

/** Milliseconds since 1970, from ISO 8601 or from seconds, milliseconds or microseconds since 1970. */
export function timeField(values: Readonly<Record<string, unknown>>, field: string): number | undefined {
  const text = textField(values, field);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isFinite(number)) {
    const magnitude = Math.abs(number);
    return magnitude < 1e11 ? number * 1000 : magnitude < 1e14 ? number : number / 1000;
  }
  const iso = text.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d)/, "$1T$2").replace(/([+-]\d\d)$/, "$1:00");
  const time = Date.parse(/[zZ]|[+-]\d\d:?\d\d$/.test(iso) || !iso.includes("T") ? iso : `${iso}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** A text or a list of `{ role, content }` messages, also where the list was written as JSON text. */
export function contentField(values: Readonly<Record<string, unknown>>, field: string): Content | undefined {
  return toContent(values[field]);
}

export function toContent(value: unknown): Content | undefined {
  if (value === undefined || value === null) return undefined;
  const messages = Array.isArray(value) ? value : undefined;
  if (messages && messages.length > 0 && messages.every(isMessage)) {
    return messages.map(({ role, content }) => ({ role, content }));
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function isMessage(value: unknown): value is Message {
  const message = value as Partial<Message> | null;
  return typeof message === "object" && typeof message?.role === "string" && typeof message.content === "string";
}

/** The remaining fields that hold plain values, as facts about the judgment; undefined where there are none. */
export function plainMetadata(
  values: Readonly<Record<string, unknown>>,
  used: readonly string[],
): Record<string, string | number | boolean> | undefined {
  const metadata: Record<string, string | number | boolean> = {};
  for (const [field, value] of Object.entries(values)) {
    const isPlain =
      typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value !== "");
    if (isPlain && !used.includes(field)) metadata[field] = value;
  }
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}
