import { createContext, Script } from "node:vm";
import { OciError } from "./oci-error.ts";

const maxPatternLength = 1_024;
const timeoutMs = 500;

/**
 * The tags that a regular expression matches somewhere.
 * @throws OciError `invalid-ref` when it does not parse or takes too long; it may come from anybody
 */
export function filteredTags(pattern: string, tags: readonly string[]): readonly string[] {
  const shown = JSON.stringify(pattern.slice(0, 80));
  const expression = expressionOf(pattern, shown);
  // Only there can an expression be stopped that goes on for ever.
  const context = createContext({ expression, tags });
  try {
    const matches: unknown = new Script("tags.map((tag) => expression.test(tag))").runInContext(context, {
      timeout: timeoutMs,
    });
    return tags.filter((_, at) => (matches as readonly boolean[])[at]);
  } catch (cause) {
    throw new OciError("invalid-ref", `Cannot filter tags by ${shown}: it takes longer than ${timeoutMs} ms`, {
      cause,
    });
  }
}

function expressionOf(pattern: string, shown: string): RegExp {
  if (pattern.length > maxPatternLength) {
    throw new OciError(
      "invalid-ref",
      `Cannot filter tags by ${shown}: it is longer than ${maxPatternLength} characters`,
    );
  }
  const [, flags = "", rest = ""] = /^(?:\(\?([ims]+)\))?([^]*)$/.exec(pattern) ?? [];
  // Written for a library that spells these differently.
  const source = rest
    .replaceAll("(?P<", "(?<")
    .replace(/\\([Az])/g, (_, letter) => (letter === "A" ? "^" : "$"))
    .replace(/\[\[:(\w+):\]\]/g, (whole, name: string) => classes[name] ?? whole);
  try {
    return new RegExp(source, [...new Set(flags)].join(""));
  } catch (cause) {
    throw new OciError("invalid-ref", `Cannot filter tags by ${shown}: it is no regular expression`, { cause });
  }
}

const classes: Readonly<Record<string, string>> = {
  alnum: "[0-9A-Za-z]",
  alpha: "[A-Za-z]",
  digit: "[0-9]",
  lower: "[a-z]",
  upper: "[A-Z]",
  word: "[0-9A-Za-z_]",
};
