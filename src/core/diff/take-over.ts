import { type FieldSet, fieldsV1Of, parseFieldSet, unionOf } from "#core/resource/field-set.ts";
import { entriesOf, entryOf, isMainEntry } from "#core/resource/field-set-of.ts";
import { annotationsOf, type ManagedFieldsEntry, type Resource } from "#core/resource/resource.ts";
import { declaredPart, LAST_APPLIED } from "./declared-part.ts";
import { matchesManager } from "./manager-pattern.ts";

/** One operation of a JSON patch (RFC 6902). */
export interface PatchOperation {
  readonly op: "test" | "replace";
  readonly path: string;
  readonly value: unknown;
}

/** Whose fields are taken over, and by whom. */
export interface TakeOver {
  readonly live: Resource;
  /** Our field manager. */
  readonly manager: string;
  /** Exact names or `prefix*`, with any operation: everything they own is folded into our entry. */
  readonly takeOver: readonly string[];
  /** Exact writers; of an Update beside a last-applied annotation only what that declares is folded. */
  readonly migrate: readonly { readonly manager: string; readonly operation: "Apply" | "Update" }[];
}

/**
 * The patch of managedFields that makes fields of other writers ours, so that the next apply removes those that are not
 * declared; valid for the live resourceVersion only. Null when no such writer is recorded.
 */
export function takeOverPatch(input: TakeOver): readonly PatchOperation[] | null {
  const folded = entriesOf(input.live).filter((entry) => isFolded(entry, input));
  if (folded.length === 0) return null;
  const ours = entryOf(input.live, input.manager);
  const kept = entriesOf(input.live).filter((entry) => entry !== ours && !folded.includes(entry));
  const set = folded.map((entry) => foldedSet(entry, input)).reduce(unionOf, parseFieldSet(ours?.fieldsV1));
  return [
    { op: "test", path: "/metadata/resourceVersion", value: input.live.metadata.resourceVersion ?? "" },
    { op: "replace", path: "/metadata/managedFields", value: [ourEntry(input, ours ?? folded[0], set), ...kept] },
  ];
}

function isFolded(entry: ManagedFieldsEntry, { manager, takeOver, migrate }: TakeOver): boolean {
  if (!isMainEntry(entry) || (entry.manager === manager && entry.operation === "Apply")) return false;
  return matchesManager(entry.manager, takeOver) || isMigrated(entry, migrate);
}

function isMigrated(entry: ManagedFieldsEntry, migrate: TakeOver["migrate"]): boolean {
  return migrate.some((writer) => writer.manager === entry.manager && writer.operation === entry.operation);
}

// What admission injected into a client-side apply is recorded as the client's: only the annotation tells what was declared.
function foldedSet(entry: ManagedFieldsEntry, { live, takeOver }: TakeOver): FieldSet {
  const set = parseFieldSet(entry.fieldsV1);
  if (entry.operation === "Apply" || matchesManager(entry.manager, takeOver)) return set;
  const declared = lastApplied(live);
  return declared === null ? set : declaredPart(set, declared);
}

function lastApplied(live: Resource): unknown {
  try {
    return JSON.parse(annotationsOf(live)[LAST_APPLIED] ?? "null");
  } catch {
    return null;
  }
}

function ourEntry(input: TakeOver, like: ManagedFieldsEntry | undefined, set: FieldSet): Record<string, unknown> {
  return {
    manager: input.manager,
    operation: "Apply",
    apiVersion: like?.apiVersion ?? input.live.apiVersion,
    ...(like?.time === undefined ? {} : { time: like.time }),
    fieldsType: "FieldsV1",
    fieldsV1: fieldsV1Of(set),
  };
}
