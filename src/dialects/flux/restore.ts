import type { RestoredState } from "#core/app/app-report.ts";
import { fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import { parseInventoryId } from "./inventory-id.ts";

/** Reads back what a Kustomization's status records. */
export function restore(object: Resource): RestoredState {
  return {
    applied: parseRevision(textAt(object, ["status", "lastAppliedRevision"])),
    attempted: parseRevision(textAt(object, ["status", "lastAttemptedRevision"])),
    handledToken: textAt(object, ["status", "lastHandledReconcileAt"]) || null,
    inventory: inventoryOf(object),
    sync: null,
    isCurrent: numberAt(object, ["status", "observedGeneration"], -1) === object.metadata.generation,
    release: null,
  };
}

/** The revision that a status text such as `main@sha1:<hash>` stands for, or null. */
export function parseRevision(text: string): Revision | null {
  const match = /^(?:(.*)@)?sha(?:1|256):([0-9a-f]+)$/.exec(text);
  if (match === null) return null;
  const [, name, commit = ""] = match;
  return { text, commit, refName: name?.startsWith("refs/") ? name : null };
}

function inventoryOf(object: Resource): RestoredState["inventory"] {
  const entries = fieldAt(object, ["status", "inventory", "entries"]);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) => {
    const id = parseInventoryId(textAt(entry, ["id"]));
    return id === undefined ? [] : [{ id, version: textAt(entry, ["v"]) }];
  });
}
