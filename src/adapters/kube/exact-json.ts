// A number token of sixteen digits or more: only such can lie beyond what a double holds exactly.
const LONG_NUMBER = /[:,[]\s*-?\d{16}/;
const INTEGER = /^-?\d+$/;

interface RawJson {
  rawJSON(source: string): object;
  isRawJSON(value: unknown): boolean;
}
const raw = JSON as unknown as RawJson;

/**
 * Parses JSON without losing integers: one that a double cannot hold becomes a raw JSON value, which
 * `JSON.stringify` writes back digit for digit and which equals another of the same digits member by member.
 * @throws SyntaxError when the text is not JSON.
 */
export function parseExactJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, ((_key: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || !INTEGER.test(source)) return value;
    return Number.isSafeInteger(value) ? value : raw.rawJSON(source);
  }) as (key: string, value: unknown) => unknown);
}

/** Whether a value is an integer that `parseExactJson` kept as its digits. */
export function isExactInteger(value: unknown): boolean {
  return raw.isRawJSON(value);
}
