import { editDistance } from "#core/edit-distance.ts";
import semver from "semver";
import { parseConstraint, parseVersion, satisfies } from "./version-constraint.ts";

/**
 * What a source follows. `name` is a full reference name; `auto` is one word that may be HEAD, a version range over tags,
 * a branch, a tag or a commit.
 */
export interface GitRef {
  readonly kind: "branch" | "tag" | "semver" | "commit" | "name" | "auto";
  readonly value: string;
  /** Only tags that begin with it count for a range of `auto`, without it; absent: all do. */
  readonly tagPrefix?: string;
}

/** What a server advertises: full reference name to commit, annotated tags already peeled, and HEAD. */
export type AdvertisedRefs = ReadonlyMap<string, string>;

/** The commit a reference stands for; `refName` is null for a commit that was named by its hash. */
export interface SelectedRef {
  readonly commit: string;
  readonly refName: string | null;
}

/** Why a reference stands for no commit. `short-commit` may still be found in the repository's history. */
export interface RefProblem {
  readonly code: "ref-not-found" | "invalid-ref" | "short-commit";
  readonly message: string;
}

/** A selected reference or the reason for having none. */
export type RefSelection = { ok: true; value: SelectedRef } | { ok: false; error: RefProblem };

/** Parses `git ls-remote` output: `<commit> TAB <name>` lines, with a `^{}` line after each annotated tag. */
export function parseAdvertisedRefs(listing: string): AdvertisedRefs {
  const refs = new Map<string, string>();
  for (const line of listing.split("\n")) {
    const match = /^([0-9a-f]{40}|[0-9a-f]{64})\t(.+?)(\^\{\})?$/.exec(line);
    if (match !== null) refs.set(match[2]!, match[1]!);
  }
  return refs;
}

/** Finds the commit that a reference stands for among those that the server advertises. */
export function selectRef(ref: GitRef, advertised: AdvertisedRefs): RefSelection {
  const refused = refNameProblem(ref);
  if (refused !== undefined) return { ok: false, error: refused };
  switch (ref.kind) {
    case "branch":
      return (
        named(`refs/heads/${ref.value}`, advertised) ?? missing(`branch ${quoted(ref.value)}`, ref.value, advertised)
      );
    case "tag":
      return named(`refs/tags/${ref.value}`, advertised) ?? missing(`tag ${quoted(ref.value)}`, ref.value, advertised);
    case "name":
      return named(ref.value, advertised) ?? missing(`reference ${quoted(ref.value)}`, ref.value, advertised);
    case "commit":
      return commitSelection(ref.value, advertised);
    case "semver":
      return rangeSelection(ref.value, advertised, { lenient: false });
    case "auto":
      return autoSelection(ref, advertised);
  }
}

/** Names a revision for people and machines: `main@sha1:<hash>`, or `sha1:<hash>` for a commit named by itself. */
export function revisionText(
  ref: GitRef,
  selected: { readonly commit: string; readonly refName?: string | null },
): string {
  const digest = `${selected.commit.length === 64 ? "sha256" : "sha1"}:${selected.commit}`;
  if (typeof selected.refName !== "string" || ref.kind === "commit") return digest;
  if (ref.kind === "name") return `${selected.refName}@${digest}`;
  return `${selected.refName.replace(/^refs\/(heads|tags)\//, "")}@${digest}`;
}

function autoSelection({ value, tagPrefix = "" }: GitRef, advertised: AdvertisedRefs): RefSelection {
  const word = value === "" ? "HEAD" : value;
  if (/^[0-9a-f]{40}$/.test(word)) return { ok: true, value: { commit: word, refName: null } };
  if (parseVersion(word, true) === undefined && parseConstraint(word) !== undefined) {
    const selection = rangeSelection(word, advertised, { lenient: true, tagPrefix });
    if (selection.ok) return selection;
  }
  for (const name of [word, `refs/${word}`, `refs/heads/${word}`, `refs/tags/${word}`]) {
    const selection = named(name, advertised);
    if (selection !== undefined) return selection;
  }
  if (/^[0-9a-f]{7,39}$/.test(word)) return commitSelection(word, advertised);
  return missing(`branch, tag or commit ${quoted(word)}`, word, advertised);
}

function commitSelection(value: string, advertised: AdvertisedRefs): RefSelection {
  const hash = value.toLowerCase();
  if (/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash)) return { ok: true, value: { commit: hash, refName: null } };
  if (!/^[0-9a-f]{7,39}$/.test(hash)) {
    return problem("invalid-ref", `Cannot use ${quoted(value)} as a commit: it takes 7 to 40 hexadecimal digits`);
  }
  const commits = [...new Set(advertised.values())].filter((commit) => commit.startsWith(hash));
  if (commits.length === 1) return { ok: true, value: { commit: commits[0]!, refName: null } };
  if (commits.length > 1) return problem("invalid-ref", `Cannot use commit ${quoted(value)}: it is ambiguous`);
  return problem("short-commit", `Cannot find commit ${quoted(value)}`);
}

function rangeSelection(
  range: string,
  advertised: AdvertisedRefs,
  { lenient, tagPrefix = "" }: { lenient: boolean; tagPrefix?: string },
): RefSelection {
  const constraint = parseConstraint(range);
  if (constraint === undefined) {
    return problem("invalid-ref", `Cannot use ${quoted(range)} as a version range: it does not parse`);
  }
  let best: { name: string; version: semver.SemVer } | undefined;
  for (const name of advertised.keys()) {
    if (!name.startsWith(`refs/tags/${tagPrefix}`)) continue;
    const version = parseVersion(name.slice("refs/tags/".length + tagPrefix.length), lenient);
    if (version === undefined || !satisfies(version, constraint)) continue;
    if (best === undefined || semver.compareBuild(version, best.version) > 0) best = { name, version };
  }
  if (best !== undefined) return named(best.name, advertised)!;
  return problem("ref-not-found", `Cannot find a tag in the range ${quoted(range)}`);
}

function named(name: string, advertised: AdvertisedRefs): RefSelection | undefined {
  const commit = advertised.get(name);
  return commit === undefined ? undefined : { ok: true, value: { commit, refName: name } };
}

function missing(what: string, word: string, advertised: AdvertisedRefs): RefSelection {
  const names = nearestNames(word, advertised);
  const hint = names.length === 0 ? "it advertises no branch or tag" : `the closest names are ${names.join(", ")}`;
  return problem("ref-not-found", `Cannot find ${what} in the repository: ${hint}`);
}

function problem(code: RefProblem["code"], message: string): RefSelection {
  return { ok: false, error: { code, message } };
}

function refNameProblem(ref: GitRef): RefProblem | undefined {
  if (ref.kind === "semver" || ref.kind === "commit") return undefined;
  const bad =
    ref.value.length > 512 ||
    ref.value.startsWith("-") ||
    // Git forbids these in names; `auto` may also be a range, where some of them are operators.
    // oxlint-disable-next-line no-control-regex
    (ref.kind === "auto" ? /[\x00-\x1f\x7f]/ : /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|^$/).test(ref.value);
  const unqualified = ref.kind === "name" && ref.value !== "HEAD" && !ref.value.startsWith("refs/");
  if (!bad && !unqualified) return undefined;
  const why = unqualified && !bad ? "it does not begin with refs/" : "git does not allow that name";
  return { code: "invalid-ref", message: `Cannot use ${quoted(ref.value)} as a ${ref.kind} reference: ${why}` };
}

function nearestNames(word: string, advertised: AdvertisedRefs): readonly string[] {
  const short = word.replace(/^refs\/(heads|tags)\//, "");
  const names = new Set<string>();
  for (const name of advertised.keys()) {
    const match = /^refs\/(?:heads|tags)\/(.+)$/.exec(name);
    if (match !== null && match[1]!.length <= 128) names.add(match[1]!);
  }
  return [...names]
    .slice(0, 2_000)
    .map((name) => ({ name, distance: editDistance(short.slice(0, 128), name) }))
    .toSorted((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => quoted(name));
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
