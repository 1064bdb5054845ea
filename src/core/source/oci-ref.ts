import { editDistance } from "#core/edit-distance.ts";
import semver from "semver";
import { parseConstraint, parseVersion, satisfies } from "./version-constraint.ts";

/** What an OCI source follows; `semver` is a range over tags, of which `filter` (a regular expression) leaves some out. */
export interface OciRef {
  readonly kind: "tag" | "semver" | "digest";
  readonly value: string;
  readonly filter?: string;
  /** Tags are versions of a chart, in which `_` stands for the `+` that no tag may hold. */
  readonly ofChart?: true;
}

/** The tag with the highest version in a range, or why there is none. */
export type TagSelection =
  | { readonly ok: true; readonly value: string }
  | {
      readonly ok: false;
      readonly error: { readonly code: "ref-not-found" | "invalid-ref"; readonly message: string };
    };

const maxCompared = 2_000;
const maxTagLength = 128;

/** Why a reference cannot stand for any artifact; undefined when it can. */
export function ociRefProblem({ kind, value }: OciRef): string | undefined {
  if (kind === "tag" && !/^\w[\w.-]{0,127}$/.test(value)) {
    return `Cannot use ${quoted(value)} as a tag: it takes letters, digits, ".", "_" and "-", 128 at most`;
  }
  if (kind === "digest" && !/^sha256:[0-9a-f]{64}$/.test(value)) {
    return `Cannot use ${quoted(value)} as a digest: it takes "sha256:" and 64 hexadecimal digits`;
  }
  if (kind === "semver" && parseConstraint(value) === undefined) {
    return `Cannot use ${quoted(value)} as a version range: it does not parse`;
  }
  return undefined;
}

/** Finds the tag with the highest version in a range; tags that are no full versions do not count. */
export function highestTag(range: string, tags: readonly string[], ofChart = false): TagSelection {
  const constraint = parseConstraint(range);
  if (constraint === undefined) {
    return {
      ok: false,
      error: { code: "invalid-ref", message: ociRefProblem({ kind: "semver", value: range }) ?? "" },
    };
  }
  let best: { readonly tag: string; readonly version: semver.SemVer } | undefined;
  for (const tag of tags) {
    const version = parseVersion(ofChart ? chartVersionOf(tag) : tag, false);
    if (version === undefined || !satisfies(version, constraint)) continue;
    const order = best === undefined ? 1 : semver.compareBuild(version, best.version);
    // Whatever order the registry lists them in, the same tag wins.
    if (best === undefined || order > 0 || (order === 0 && tag > best.tag)) best = { tag, version };
  }
  if (best !== undefined) return { ok: true, value: best.tag };
  const of = tags.length === 0 ? "there are no tags to choose from" : `none of ${tags.length} tags fits`;
  return {
    ok: false,
    error: { code: "ref-not-found", message: `Cannot find a tag in the range ${quoted(range)}: ${of}` },
  };
}

/** The version of a chart that a tag stands for. */
export function chartVersionOf(tag: string): string {
  return tag.replaceAll("_", "+");
}

/** The tags that read most like a word, quoted for a message. */
export function nearestTags(word: string, tags: readonly string[]): readonly string[] {
  return tags
    .filter((tag) => tag.length <= maxTagLength)
    .slice(-maxCompared)
    .map((tag) => ({ tag, distance: editDistance(word.slice(0, maxTagLength), tag) }))
    .toSorted((a, b) => a.distance - b.distance || (a.tag < b.tag ? -1 : 1))
    .slice(0, 3)
    .map(({ tag }) => quoted(tag));
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
