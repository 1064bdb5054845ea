import { type FieldSet, parseFieldSet } from "#core/resource/field-set.ts";
import { entriesOf, entryOf, isMainEntry, othersFieldSet } from "#core/resource/field-set-of.ts";
import type { Resource } from "#core/resource/resource.ts";
import { addedFields } from "./added-fields.ts";
import { baselineOf } from "./baseline.ts";
import type { Difference } from "./difference.ts";
import { differencesOf } from "./differences.ts";
import { isIgnored } from "./ignored-differences.ts";
import { type Ignored, ignoredFieldsOf, ignoresNothing } from "./ignored-fields.ts";

/**
 * Whether a live object still is as we declared it.
 * `drifted`: the differing fields as JSON pointers (into the live object, or into the desired one for what is missing) and who
 * owns them now; `undecided`: only the server can tell, by a dry run.
 */
export type Drift =
  | { readonly kind: "same" }
  | { readonly kind: "drifted"; readonly paths: readonly string[]; readonly by: readonly string[] }
  | { readonly kind: "undecided"; readonly reason: string };

/** What a drift verdict is made from. */
export interface DriftInput {
  readonly live: Resource;
  /** Our field manager. */
  readonly manager: string;
  /** The recorded digest of `baselineOf` after our last apply; "" or null when there is none. */
  readonly baseline: string | null;
  /** The object as we would send it (normalised). */
  readonly desired: Resource;
  /** Managers whose additions are removed: exact names or `prefix*`. */
  readonly takeOver: readonly string[];
  /** Differences at or below these do not count. */
  readonly ignoredPaths: Ignored;
}

/** Judges one live object without asking the server. */
export function driftOf(input: DriftInput): Drift {
  const { live, manager, desired, ignoredPaths } = input;
  const entry = entryOf(live, manager);
  if (!entry) return ownershipGone(input);
  const added = addedFields(live, manager, input.takeOver).filter((field) => !isIgnored(field, ignoredPaths));
  if (added.length > 0) return drifted([...added, ...certainDifferences(input)], live, manager);
  if (entry.apiVersion !== live.apiVersion) return otherVersion(entry.apiVersion, live);
  if (isAtBaseline(input)) return { kind: "same" };
  if (desired.apiVersion !== live.apiVersion) return otherVersion(desired.apiVersion, live);
  return comparedWith(input, parseFieldSet(entry.fieldsV1));
}

function otherVersion(version: string, live: Resource): Drift {
  return { kind: "undecided", reason: `Fields are declared at ${version}, the object is read at ${live.apiVersion}` };
}

function isAtBaseline({ live, manager, baseline, ignoredPaths }: DriftInput): boolean {
  if (baseline === null || baseline === "") return false;
  if (baselineOf(live, manager)?.digest === baseline) return true;
  const ignored = ignoredFieldsOf(ignoredPaths).live;
  return ignored.length > 0 && baselineOf(live, manager, ignored)?.digest === baseline;
}

function comparedWith(input: DriftInput, owned: FieldSet): Drift {
  const { live, manager } = input;
  const differences = countedDifferences(input, owned);
  const certain = differences.filter((difference) => difference.certain);
  // An ignored field may be all that moved the digest, so it proves drift only where nothing is ignored.
  const digestMoved = Boolean(input.baseline) && ignoresNothing(input.ignoredPaths);
  if (certain.length > 0) return drifted(certain, live, manager);
  if (differences.length > 0 && digestMoved) return drifted(differences, live, manager);
  if (differences.length > 0) {
    return { kind: "undecided", reason: `The server may store ${differences[0]?.path} in another form than declared` };
  }
  if (digestMoved) return { kind: "undecided", reason: "The stored fields changed, yet they equal the declared ones" };
  return { kind: "same" };
}

function ownershipGone(input: DriftInput): Drift {
  const differences = countedDifferences(input, null).filter((difference) => difference.certain);
  const paths = ["/metadata/managedFields", ...differences.map((difference) => difference.path)];
  return { kind: "drifted", paths: [...new Set(paths)], by: ownersOf(differences, input.live, input.manager) };
}

function certainDifferences(input: DriftInput): Difference[] {
  const entry = entryOf(input.live, input.manager);
  if (!entry || entry.apiVersion !== input.live.apiVersion) return [];
  return countedDifferences(input, parseFieldSet(entry.fieldsV1)).filter((difference) => difference.certain);
}

function countedDifferences(input: DriftInput, owned: FieldSet | null): Difference[] {
  const { desired, live, manager, ignoredPaths } = input;
  const others = othersFieldSet(live, manager);
  return differencesOf(desired, live, { owned, others }).filter((difference) => !isIgnored(difference, ignoredPaths));
}

function drifted(fields: readonly Located[], live: Resource, manager: string): Drift {
  const paths = [...new Set(fields.map((field) => field.path))];
  return { kind: "drifted", paths, by: ownersOf(fields, live, manager) };
}

interface Located {
  readonly path: string;
  readonly elements: readonly string[];
}

/** Managers other than ours that own one of the fields, something below it, or the atomic value around it. */
function ownersOf(fields: readonly Located[], live: Resource, manager: string): string[] {
  const owners = new Set<string>();
  for (const entry of entriesOf(live)) {
    if (entry.manager === manager && entry.operation === "Apply" && isMainEntry(entry)) continue;
    const set = parseFieldSet(entry.fieldsV1);
    if (fields.some((field) => owns(set, field.elements))) owners.add(entry.manager);
  }
  return [...owners];
}

function owns(set: FieldSet, elements: readonly string[]): boolean {
  let node = set;
  for (const element of elements) {
    const child = node.children.get(element);
    if (!child) return node.owned && node.children.size === 0;
    node = child;
  }
  return true;
}
