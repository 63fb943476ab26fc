/** Any result as JSON: indented, ending in a newline; numbers that are not finite become null. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
