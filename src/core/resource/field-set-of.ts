import { type FieldSet, EMPTY_SET, parseFieldSet, unionOf } from "./field-set.ts";
import type { ManagedFieldsEntry, Resource } from "./resource.ts";

/** The managedFields entry through which a manager writes the object itself (not a subresource), or null. */
export function entryOf(
  resource: Resource,
  manager: string,
  operation: "Apply" | "Update" = "Apply",
): ManagedFieldsEntry | null {
  for (const entry of entriesOf(resource)) {
    if (entry.manager === manager && entry.operation === operation && isMainEntry(entry)) return entry;
  }
  return null;
}

/** The fields that a manager owns through the object itself, or null when it has no such entry. */
export function fieldSetOf(
  resource: Resource,
  manager: string,
  operation: "Apply" | "Update" = "Apply",
): FieldSet | null {
  const entry = entryOf(resource, manager, operation);
  return entry && parseFieldSet(entry.fieldsV1);
}

/** Everything that writers other than this applier own, subresources included. */
export function othersFieldSet(resource: Resource, applier: string): FieldSet {
  let set = EMPTY_SET;
  for (const entry of entriesOf(resource)) {
    if (entry.manager === applier && entry.operation === "Apply" && isMainEntry(entry)) continue;
    set = unionOf(set, parseFieldSet(entry.fieldsV1));
  }
  return set;
}

/** Whether an entry records writes to the object itself, not to a subresource such as status or scale. */
export function isMainEntry(entry: ManagedFieldsEntry): boolean {
  return entry.subresource === undefined || entry.subresource === "";
}

/** The object's managedFields entries, none when they were wiped. */
export function entriesOf(resource: Resource): readonly ManagedFieldsEntry[] {
  return resource.metadata.managedFields ?? [];
}
