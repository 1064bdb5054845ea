import { InvalidArgumentError } from "commander";

/** Adds one `NAME=VALUE` to those given before. */
export function collectParam(text: string, before: Readonly<Record<string, string>>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Write NAME=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
