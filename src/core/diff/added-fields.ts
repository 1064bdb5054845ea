import { type FieldSet, EMPTY_SET, parseFieldSet } from "#core/resource/field-set.ts";
import { entriesOf, fieldSetOf, isMainEntry } from "#core/resource/field-set-of.ts";
import { listElementsOf } from "#core/resource/field-set-list.ts";
import type { Resource } from "#core/resource/resource.ts";
import { pointerInto } from "./json-pointer.ts";
import { matchesManager } from "./manager-pattern.ts";

/** A field that another writer added beside ours. */
export interface AddedField {
  readonly path: string;
  readonly desiredPath: string;
  readonly elements: readonly string[];
}

/**
 * Fields outside our field set that managers matching one of the patterns own through the object itself.
 * Status does not count, and of metadata only labels and annotations.
 */
export function addedFields(live: Resource, manager: string, takeOver: readonly string[]): AddedField[] {
  if (takeOver.length === 0) return [];
  const found: AddedField[] = [];
  let ours: FieldSet | null = null;
  for (const entry of entriesOf(live)) {
    if (!isMainEntry(entry) || !matchesManager(entry.manager, takeOver) || entry.manager === manager) continue;
    ours ??= fieldSetOf(live, manager) ?? EMPTY_SET;
    collect({ theirs: parseFieldSet(entry.fieldsV1), ours, live, path: "", elements: [] }, found);
  }
  return found;
}

interface Place {
  readonly theirs: FieldSet;
  readonly ours: FieldSet | undefined;
  readonly live: unknown;
  readonly path: string;
  readonly elements: readonly string[];
}

function collect(place: Place, found: AddedField[]): void {
  // Owning a map or item that holds fields of ours adds nothing to it.
  if (place.theirs.owned && !place.ours) {
    found.push({ path: place.path, desiredPath: place.path, elements: place.elements });
    return;
  }
  for (const [element, theirs] of place.theirs.children) {
    if (!counts(place.elements, element)) continue;
    const member = memberOfElement(place, element);
    collect(
      {
        theirs,
        ours: place.ours?.children.get(element),
        live: member.value,
        path: pointerInto(place.path, member.token),
        elements: [...place.elements, element],
      },
      found,
    );
  }
}

function counts(parents: readonly string[], element: string): boolean {
  if (parents.length === 0) return element !== "f:status";
  if (parents.length > 1 || parents[0] !== "f:metadata") return true;
  return element === "f:labels" || element === "f:annotations";
}

function memberOfElement(place: Place, element: string): { token: string | number; value: unknown } {
  if (Array.isArray(place.live)) {
    const { elementOf } = listElementsOf(place.theirs);
    const index = place.live.findIndex((item, at) => elementOf(item, at) === element);
    return index < 0 ? { token: element, value: undefined } : { token: index, value: place.live[index] };
  }
  const token = element.slice(2);
  const object = typeof place.live === "object" && place.live !== null ? place.live : {};
  return { token, value: (object as Readonly<Record<string, unknown>>)[token] };
}
