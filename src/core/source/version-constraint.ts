import semver from "semver";

/** A parsed version range: any of the groups, and every comparison within one. */
export type VersionConstraint = readonly (readonly Comparison[])[];

interface Comparison {
  readonly operator: string;
  readonly version: semver.SemVer;
  /** How many of major, minor and patch were written out; the rest are wildcards. */
  readonly given: number;
}

const versionPattern = String.raw`v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?`;
const comparisonPattern = new RegExp(String.raw`^(=|!=|>|<|>=|=>|<=|=<|~>|~|\^)?\s*${versionPattern}(?:\s*,\s*|\s+|$)`);
const hyphenPattern = /(\S+)\s+-\s+(\S+)/g;
const synonyms: Readonly<Record<string, string>> = { "=>": ">=", "=<": "<=", "~>": "~" };

/**
 * Parses the range grammar of the Masterminds semver library, which users of both kinds write: `>=1.2, <2`, `~1.2`, `^1`,
 * `1.x`, `1.2 - 1.4`, `!=1.3.0`, `||`. Undefined when the text is not a range.
 */
export function parseConstraint(text: string): VersionConstraint | undefined {
  if (text.length > 512) return undefined;
  const groups: (readonly Comparison[])[] = [];
  for (const part of text.split("||")) {
    const group = comparisonsOf(part.replace(hyphenPattern, ">=$1 <=$2").trim());
    if (group === undefined) return undefined;
    groups.push(group);
  }
  return groups;
}

/** Whether a version lies in the range. Pre-releases do only where a comparison of the same group names one. */
export function satisfies(version: semver.SemVer, constraint: VersionConstraint): boolean {
  return constraint.some((group) => {
    const admitsPrerelease = group.some((comparison) => comparison.version.prerelease.length > 0);
    if (version.prerelease.length > 0 && !admitsPrerelease) return false;
    return group.every((comparison) => holds(version, comparison));
  });
}

/** Parses `1.2.3`, with an optional `v`; `1` and `1.2` too when `lenient`. */
export function parseVersion(text: string, lenient: boolean): semver.SemVer | undefined {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?((?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)$/.exec(text);
  if (match === null || (!lenient && match[3] === undefined)) return undefined;
  const [, major, minor = "0", patch = "0", tail = ""] = match;
  return semver.parse(`${major}.${minor}.${patch}${tail}`) ?? undefined;
}

function comparisonsOf(text: string): readonly Comparison[] | undefined {
  const found: Comparison[] = [];
  let rest = text;
  while (rest !== "") {
    const match = comparisonPattern.exec(rest);
    const comparison = match === null ? undefined : comparisonOf(match);
    if (match === null || comparison === undefined) return undefined;
    found.push(comparison);
    rest = rest.slice(match[0].length);
  }
  return found.length === 0 ? undefined : found;
}

function comparisonOf(match: RegExpExecArray): Comparison | undefined {
  const written = match.slice(2, 5);
  const wildcard = written.findIndex((part) => part === undefined || !/^\d+$/.test(part));
  const given = wildcard < 0 ? 3 : wildcard;
  const numbers = [0, 1, 2].map((at) => (at < given ? written[at] : "0"));
  const version = semver.parse(`${numbers.join(".")}${match[5] ?? ""}`);
  if (version === null) return undefined;
  const operator = match[1] ?? "";
  return { operator: synonyms[operator] ?? (operator === "" ? "=" : operator), version, given };
}

function holds(version: semver.SemVer, { operator, version: bound, given }: Comparison): boolean {
  const order = version.compare(bound);
  switch (operator) {
    case "!=":
      return given === 3 ? order !== 0 : !sameUpTo(version, bound, given);
    case ">":
      return order > 0 && (given === 3 || !sameUpTo(version, bound, given));
    case "<":
      return order < 0;
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0 || (given < 3 && sameUpTo(version, bound, given));
    case "~":
      return order >= 0 && sameUpTo(version, bound, Math.min(given, 2));
    case "^":
      return order >= 0 && sameUpTo(version, bound, caretPrecision(bound, given));
    default:
      return given === 3 ? order === 0 : order >= 0 && sameUpTo(version, bound, given);
  }
}

/** How many leading numbers `^` keeps: up to and including the first that is not zero, as far as written. */
function caretPrecision(bound: semver.SemVer, given: number): number {
  if (bound.major > 0) return Math.min(1, given);
  if (bound.minor > 0) return Math.min(2, given);
  return given;
}

function sameUpTo(a: semver.SemVer, b: semver.SemVer, count: number): boolean {
  if (count > 0 && a.major !== b.major) return false;
  if (count > 1 && a.minor !== b.minor) return false;
  return count < 3 || a.patch === b.patch;
}
