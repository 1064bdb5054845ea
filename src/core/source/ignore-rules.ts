/** One line of an ignore file. */
export interface IgnoreRule {
  /** The directory that the rule's file lies in; it says nothing about paths elsewhere. */
  readonly base: string;
  readonly negated: boolean;
  readonly directoriesOnly: boolean;
  /** Matches a path relative to `base`; a single segment matches at any depth when not `anchored`. */
  readonly segments: readonly Segment[];
  readonly anchored: boolean;
}

/** A path segment of a pattern; "**" spans any number of segments. */
export type Segment = "**" | readonly Token[];
type Token =
  { readonly kind: "char"; readonly char: string } | { readonly kind: "one" } | { readonly kind: "many" } | CharSet;
interface CharSet {
  readonly kind: "set";
  readonly negated: boolean;
  readonly ranges: readonly (readonly [from: string, to: string])[];
}

/** Parses ignore rules in gitignore grammar; `base` is the directory that they apply to. */
export function parseIgnoreRules(text: string, base: string): readonly IgnoreRule[] {
  return text.split(/\r?\n/).flatMap((line) => ruleOf(line, base) ?? []);
}

/** Whether a rule names this very path; what lies below a named directory is named with it, which the caller sees to. */
export function ruleMatches(rule: IgnoreRule, path: string, isDirectory: boolean): boolean {
  if (rule.directoriesOnly && !isDirectory) return false;
  const inside =
    rule.base === "" ? path : path.startsWith(`${rule.base}/`) ? path.slice(rule.base.length + 1) : undefined;
  if (inside === undefined) return false;
  const only = rule.segments[0];
  if (!rule.anchored && rule.segments.length === 1 && only !== undefined && only !== "**") {
    return tokensMatch(only, inside.slice(inside.lastIndexOf("/") + 1));
  }
  return segmentsMatch(rule.segments, inside.split("/"));
}

function ruleOf(line: string, base: string): IgnoreRule | undefined {
  let pattern = line.replace(/(?<!\\)[ \t]+$/, "");
  if (pattern === "" || pattern.startsWith("#")) return undefined;
  const negated = pattern.startsWith("!");
  if (negated) pattern = pattern.slice(1);
  const directoriesOnly = pattern.endsWith("/");
  if (directoriesOnly) pattern = pattern.slice(0, -1);
  const anchored = pattern.includes("/");
  const parts = pattern.replace(/^\//, "").split("/");
  if (parts.every((part) => part === "")) return undefined;
  const segments: Segment[] = parts.map((part) => (part === "**" ? part : tokensOf(part)));
  // At the end it stands for everything inside, of which there is at least one.
  if (segments.at(-1) === "**") segments.splice(-1, 0, [{ kind: "many" }]);
  return { base, negated, directoriesOnly, anchored, segments };
}

function tokensOf(segment: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < segment.length; at++) {
    const char = segment[at]!;
    if (char === "*") {
      if (tokens.at(-1)?.kind !== "many") tokens.push({ kind: "many" });
    } else if (char === "?") {
      tokens.push({ kind: "one" });
    } else if (char === "[") {
      const end = classEnd(segment, at);
      tokens.push(end < 0 ? { kind: "char", char } : charSetOf(segment.slice(at + 1, end)));
      if (end > 0) at = end;
    } else if (char === "\\" && at + 1 < segment.length) {
      tokens.push({ kind: "char", char: segment[++at]! });
    } else {
      tokens.push({ kind: "char", char });
    }
  }
  return tokens;
}

function classEnd(segment: string, open: number): number {
  const first = /[!^]/.test(segment[open + 1] ?? "") ? open + 2 : open + 1;
  // A bracket right after the opening stands for itself.
  return segment.indexOf("]", first + 1);
}

function charSetOf(body: string): CharSet {
  const negated = body.startsWith("!") || body.startsWith("^");
  const chars = (negated ? body.slice(1) : body).split("");
  const ranges: (readonly [string, string])[] = [];
  for (let at = 0; at < chars.length; at++) {
    const isRange = chars[at + 1] === "-" && at + 2 < chars.length;
    ranges.push([chars[at]!, isRange ? chars[at + 2]! : chars[at]!]);
    if (isRange) at += 2;
  }
  return { kind: "set", negated, ranges };
}

function segmentsMatch(pattern: readonly Segment[], path: readonly string[]): boolean {
  return wildcardMatch(
    { pattern: pattern.length, text: path.length },
    {
      isMany: (at) => pattern[at] === "**",
      matches: (at, other) => tokensMatch(pattern[at] as readonly Token[], path[other]!),
    },
  );
}

function tokensMatch(tokens: readonly Token[], text: string): boolean {
  return wildcardMatch(
    { pattern: tokens.length, text: text.length },
    {
      isMany: (at) => tokens[at]!.kind === "many",
      matches: (at, other) => tokenMatches(tokens[at]!, text[other]!),
    },
  );
}

function tokenMatches(token: Token, char: string): boolean {
  if (token.kind === "char") return token.char === char;
  if (token.kind !== "set") return true;
  return token.ranges.some(([from, to]) => from <= char && char <= to) !== token.negated;
}

/** Goes back to the last wildcard only, which suffices and costs at most length times length for hostile patterns. */
function wildcardMatch(
  lengths: { readonly pattern: number; readonly text: number },
  rules: { readonly isMany: (at: number) => boolean; readonly matches: (at: number, other: number) => boolean },
): boolean {
  let at = 0;
  let other = 0;
  let retry: { at: number; other: number } | undefined;
  while (other < lengths.text) {
    if (at < lengths.pattern && rules.isMany(at)) {
      retry = { at: ++at, other };
    } else if (at < lengths.pattern && rules.matches(at, other)) {
      at++;
      other++;
    } else if (retry !== undefined) {
      retry.other++;
      ({ at, other } = retry);
    } else {
      return false;
    }
  }
  while (at < lengths.pattern && rules.isMany(at)) at++;
  return at === lengths.pattern;
}
