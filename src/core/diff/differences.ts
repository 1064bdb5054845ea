import { EMPTY_SET, type FieldSet } from "#core/resource/field-set.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Comparison, type Difference, type Findings, type Place, report } from "./difference.ts";
import { memberOf, pointerInto } from "./json-pointer.ts";
import { listDifferences } from "./list-differences.ts";
import { subsetAt, withoutOwned } from "./projection.ts";
import { isZero, scalarEquality } from "./scalar-equality.ts";
import { wholeEquality } from "./whole-equality.ts";

/** Compares a declared object with the live one under our field set; only fields that applying touches count. */
export function differencesOf(desired: Resource, live: Resource, comparison: Comparison): Difference[] {
  const found: Difference[] = [];
  for (const key of membersOf(desired, comparison.owned)) {
    if (key === "apiVersion" || key === "kind" || key === "metadata" || key === "status") continue;
    compareMember({ desired, live, owned: comparison.owned, path: "", desiredPath: "", elements: [] }, key, {
      ...comparison,
      found,
    });
  }
  compareMetadata(desired, live, { ...comparison, found });
  return found;
}

/** Compares one pair of values and everything below it. */
function comparePlace(place: Place, findings: Findings): void {
  const { desired, live, owned } = place;
  if (desired === undefined || desired === null) return compareUndeclared(place, findings);
  if (owned === EMPTY_SET) return compareUnowned(place, findings);
  if (typeof desired !== "object") return compareScalar(place, findings);
  if (live === undefined || live === null) return isZero(desired) ? undefined : report(place, findings, true);
  if (typeof live !== "object" || Array.isArray(desired) !== Array.isArray(live)) return report(place, findings, true);
  if (owned?.children.size === 0) return compareWhole(place, findings);
  if (Array.isArray(desired)) return listDifferences(place, findings, comparePlace);
  for (const key of membersOf(desired, owned)) {
    if (!place.keys?.includes(key)) compareMember(place, key, findings);
  }
}

const METADATA_ALWAYS = ["labels", "annotations"];
const METADATA_WHEN_DECLARED = ["finalizers", "ownerReferences"];

function compareMetadata(desired: Resource, live: Resource, findings: Findings): void {
  const declared = METADATA_WHEN_DECLARED.filter((key) => !isZero(desired.metadata[key as "finalizers"]));
  const place: Place = {
    desired: desired.metadata,
    live: live.metadata,
    owned: findings.owned && (findings.owned.children.get("f:metadata") ?? EMPTY_SET),
    path: "/metadata",
    desiredPath: "/metadata",
    elements: ["f:metadata"],
  };
  for (const key of [...METADATA_ALWAYS, ...declared]) compareMember(place, key, findings);
}

function compareMember(place: Place, key: string, findings: Findings): void {
  const element = `f:${key}`;
  const live = memberOf(place.live, key);
  const desired = memberOf(place.desired, key);
  const owned = place.owned && (place.owned.children.get(element) ?? EMPTY_SET);
  if (owned === EMPTY_SET && (desired === undefined || desired === null)) return;
  comparePlace(
    {
      desired,
      live,
      owned,
      path: pointerInto(place.path, key),
      desiredPath: pointerInto(place.desiredPath, key),
      elements: [...place.elements, element],
    },
    findings,
  );
}

// Declaring an empty list of mergeable items owns nothing, unlike every other value.
function compareUnowned(place: Place, findings: Findings): void {
  const isEmptyList = Array.isArray(place.desired) && place.desired.length === 0;
  if (!isEmptyList) report(place, findings, true);
  else if (!isZero(place.live)) report(place, findings, false);
}

// Ours on the cluster, no longer declared: applying removes it.
function compareUndeclared(place: Place, findings: Findings): void {
  if (place.owned === null || place.owned === EMPTY_SET || place.live === undefined) return;
  report(place, findings, true);
}

function compareScalar(place: Place, findings: Findings): void {
  const equality = scalarEquality(place.desired, place.live, place.path);
  if (equality !== "same") report(place, findings, equality === "different");
}

// A leaf: an atomic map or list, or a map that was declared empty and that others may fill.
function compareWhole(place: Place, findings: Findings): void {
  const live = withoutOwned(place.live, subsetAt(findings.others, place.elements));
  const equality = wholeEquality(place.desired, live, place.path);
  if (equality !== "same") report({ ...place, live }, findings, equality === "different");
}

function membersOf(desired: object, owned: FieldSet | null): Iterable<string> {
  const keys = new Set(Object.keys(desired));
  for (const element of owned?.children.keys() ?? []) if (element.startsWith("f:")) keys.add(element.slice(2));
  return keys;
}
