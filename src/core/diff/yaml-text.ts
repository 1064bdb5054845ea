import { stableText } from "#core/resource/stable-text.ts";

/** Block YAML of a JSON value with sorted keys, for people to read; it ends with a newline. */
export function yamlText(value: unknown): string {
  return `${linesOf(value).join("\n")}\n`;
}

function linesOf(value: unknown): string[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap(itemLines);
  if (!isFilledRecord(value)) return scalarLines(value);
  return Object.keys(value)
    .sort()
    .flatMap((key) => (value[key] === undefined ? [] : memberLines(key, value[key])));
}

function itemLines(item: unknown): string[] {
  const lines = linesOf(item);
  return lines.map((line, index) => (index === 0 ? `- ${line}` : line === "" ? "" : `  ${line}`));
}

function memberLines(key: string, value: unknown): string[] {
  const name = scalarText(key);
  const [first = "", ...rest] = linesOf(value);
  if (Array.isArray(value) && value.length > 0) return [`${name}:`, first, ...rest];
  if (isFilledRecord(value)) return [`${name}:`, ...[first, ...rest].map(indented)];
  return [`${name}: ${first}`, ...rest.map(indented)];
}

function indented(line: string): string {
  return line === "" ? "" : `  ${line}`;
}

function scalarLines(value: unknown): string[] {
  if (typeof value !== "string" || !isBlockText(value)) return [scalarText(value)];
  const lines = value.split("\n");
  if (lines.at(-1) !== "") return ["|-", ...lines];
  return ["|", ...lines.slice(0, -1)];
}

// Only text that block style keeps exactly: no control characters, no odd line ends or leading blanks.
function isBlockText(text: string): boolean {
  return (
    text.includes("\n") &&
    /^[^\s]/.test(text) &&
    !text.endsWith("\n\n") &&
    !/[^\n\x20-\x7e\u00a0-\ud7ff]| \n/.test(text)
  );
}

const PLAIN = /^[A-Za-z_./][\w./@+-]*(?::[\w./@+-]+)*$/;
const RESERVED = /^(?:true|false|yes|no|on|off|y|n|null|~|\.inf|\.nan)$/i;

function scalarText(value: unknown): string {
  if (typeof value !== "string") return stableText(value);
  return PLAIN.test(value) && !RESERVED.test(value) ? value : JSON.stringify(value);
}

function isFilledRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}
