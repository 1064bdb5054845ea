import { EMPTY_SET } from "#core/resource/field-set.ts";
import { fieldSetOf, othersFieldSet } from "#core/resource/field-set-of.ts";
import type { Resource } from "#core/resource/resource.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { addedFields } from "./added-fields.ts";
import { differencesOf } from "./differences.ts";
import { isIgnored } from "./ignored-differences.ts";
import type { Ignored } from "./ignored-fields.ts";
import { valueAt } from "./json-pointer.ts";
import { maskSecretPair, maskSecrets } from "./mask-secrets.ts";

/** One change that applying would make, for people; Secrets' values are masked. */
export interface FieldChange {
  /** JSON pointer; "" is the whole object. */
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  readonly before: unknown;
  readonly after: unknown;
}

/** What is compared for people; a null `live` is created, a null `desired` deleted. */
export interface HumanDiffInput {
  readonly live: Resource | null;
  readonly desired: Resource | null;
  readonly manager: string;
  readonly takeOver: readonly string[];
  readonly ignoredPaths: Ignored;
}

/** What applying `desired` would change, ordered by path; ownership alone is no change. */
export function humanDiff(input: HumanDiffInput): FieldChange[] {
  const { live, desired } = input;
  if (live && desired) return changesBetween(input, ...maskSecretPair(live, desired));
  if (desired) return [{ path: "", kind: "added", before: undefined, after: maskSecrets(desired) }];
  if (live) return [{ path: "", kind: "removed", before: maskSecrets(live), after: undefined }];
  return [];
}

function changesBetween(input: HumanDiffInput, live: Resource, desired: Resource): FieldChange[] {
  const { manager, takeOver, ignoredPaths } = input;
  const owned = fieldSetOf(live, manager);
  const others = owned ? othersFieldSet(live, manager) : EMPTY_SET;
  const changes = new Map<string, FieldChange>();
  for (const difference of differencesOf(desired, live, { owned, others })) {
    if (!difference.certain || isIgnored(difference, ignoredPaths)) continue;
    addChange(changes, { path: difference.path, before: difference.live, after: difference.desired });
  }
  for (const field of owned ? addedFields(live, manager, takeOver) : []) {
    if (isIgnored(field, ignoredPaths)) continue;
    addChange(changes, { path: field.path, before: valueAt(live, field.path), after: undefined });
  }
  return [...changes.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function addChange(changes: Map<string, FieldChange>, change: Omit<FieldChange, "kind">): void {
  const { path, before, after } = change;
  if (stableText(before) === stableText(after)) return;
  const kind = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  // One index may name an item that goes and, in the declaration, another that comes.
  changes.set(`${kind}${path}`, { path, kind, before, after });
}
