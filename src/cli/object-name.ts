import { InvalidArgumentError } from "commander";

/** A name as namespaces and accounts have it. @throws InvalidArgumentError */
export function labelName(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("Use small letters, digits and - between them, at most 63.");
}

/** Names between commas, each once. @throws InvalidArgumentError */
export function labelNames(text: string): readonly string[] {
  return [...new Set(text.split(",").map((name) => labelName(name.trim())))];
}
