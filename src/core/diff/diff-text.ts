import type { Resource } from "#core/resource/resource.ts";
import { type FieldChange, humanDiff, type HumanDiffInput } from "./human-diff.ts";
import { memberOf, pointerTokens } from "./json-pointer.ts";
import { unifiedDiff } from "./line-diff.ts";
import { maskSecrets, maskSecretPair } from "./mask-secrets.ts";
import { yamlText } from "./yaml-text.ts";

/** What applying would change as a unified diff of YAML, without colours; "" when nothing would. */
export function diffText(input: HumanDiffInput): string {
  const changes = humanDiff(input);
  if (changes.length === 0) return "";
  const { live, desired } = input;
  if (!live || !desired) return unifiedDiff(textOf(live && maskSecrets(live)), textOf(desired && maskSecrets(desired)));
  const [before] = maskSecretPair(live, desired);
  return unifiedDiff(textOf(before), textOf(inOrder(changes).reduce<unknown>(changed, before) as Resource));
}

function textOf(resource: Resource | null): string {
  if (!resource) return "";
  const { status: _status, metadata, ...rest } = resource;
  const { managedFields: _fields, uid: _uid, resourceVersion: _version, generation: _generation, ...kept } = metadata;
  const { creationTimestamp: _created, ...shown } = kept;
  return yamlText({ ...rest, metadata: shown });
}

// Removals from lists come last and from the end, so that no index moves under another change.
function inOrder(changes: readonly FieldChange[]): FieldChange[] {
  const removed = changes.filter((change) => change.kind === "removed");
  const written = changes.filter((change) => change.kind !== "removed");
  const byIndex = (a: FieldChange, b: FieldChange) => b.path.localeCompare(a.path, "en", { numeric: true });
  return [...written, ...removed.sort(byIndex)];
}

function changed(value: unknown, change: FieldChange): unknown {
  return written(value, pointerTokens(change.path) ?? [], change);
}

function written(value: unknown, [token, ...rest]: readonly string[], change: FieldChange): unknown {
  if (token === undefined) return change.after;
  const member = written(memberOf(value, token), rest, change);
  if (Array.isArray(value))
    return itemWritten(value, { index: Number(token), item: member, isItem: rest.length === 0 }, change);
  const { [token]: _before, ...others } = (value ?? {}) as Record<string, unknown>;
  return member === undefined ? others : { ...others, [token]: member };
}

function itemWritten(
  items: readonly unknown[],
  { index, item, isItem }: { index: number; item: unknown; isItem: boolean },
  change: FieldChange,
): unknown[] {
  if (isItem && change.kind === "removed") return items.toSpliced(index, 1);
  return isItem && change.kind === "added" ? [...items, item] : items.with(index, item);
}
