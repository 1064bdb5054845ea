import type { RestoredState } from "#core/app/app-report.ts";
import { fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import { parseInventoryId } from "./inventory-id.ts";

/** Reads back what a Kustomization's status records. */
export function restore(object: Resource): RestoredState {
  return {
    applied: withOrigin(object, recorded(object, "lastAppliedRevision")),
    attempted: recorded(object, "lastAttemptedRevision"),
    handledToken: textAt(object, ["status", "lastHandledReconcileAt"]) || null,
    inventory: inventoryOf(object),
    sync: null,
    isCurrent: numberAt(object, ["status", "observedGeneration"], -1) === object.metadata.generation,
    release: null,
  };
}

/** What the maker of an ExternalArtifact calls it may be any text. */
function recorded(object: Resource, field: "lastAppliedRevision" | "lastAttemptedRevision"): Revision | null {
  const text = textAt(object, ["status", field]);
  const isFree = text !== "" && textAt(object, ["spec", "sourceRef", "kind"]) === "ExternalArtifact";
  return parseRevision(text) ?? (isFree ? { text, commit: text, refName: null } : null);
}

function withOrigin(object: Resource, revision: Revision | null): Revision | null {
  const origin = textAt(object, ["status", "lastAppliedOriginRevision"]);
  return revision && origin !== "" ? { ...revision, origin } : revision;
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
