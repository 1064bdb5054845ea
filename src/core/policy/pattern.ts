import { RE2JS } from "re2js";

const maximumLength = 1_024;

/** A regular expression of people we may not trust: matching takes time in proportion to the text, whatever it says. */
export interface Pattern {
  /** Whether it matches somewhere in a text. */
  finds(text: string): boolean;
  /** Whether it matches a text from end to end. */
  covers(text: string): boolean;
}

/** Parses a regular expression in the grammar of Go's library; null: it is none, or longer than 1,024 characters. */
export function parsePattern(text: string): Pattern | null {
  if (text.length > maximumLength) return null;
  try {
    const compiled = RE2JS.compile(text);
    return { finds: (value) => compiled.test(value), covers: (value) => compiled.matches(value) };
  } catch {
    return null;
  }
}
