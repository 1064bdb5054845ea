import { splitApiVersion } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { PatchOperation } from "#core/diff/take-over.ts";
import type { KindInfo, Selection } from "#engine/ports.ts";

/** A kind of the core group or, by its last argument, another one. */
export function kindInfo(kind: string, namespaced = true, group = ""): KindInfo {
  const plural = `${kind.toLowerCase()}s`;
  return { group, version: "v1", kind, plural, namespaced, verbs: ["get", "list", "watch"] };
}

/** A ConfigMap in namespace `a`. */
export function configMap(
  name: string,
  data: Record<string, string> = {},
  metadata: Partial<Resource["metadata"]> = {},
) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "a", ...metadata }, data };
}

/** Whether a list or watch of the kind covers an object; selectors are `key=value`, those of labels also `key`. */
export function isSelected(object: Resource, info: KindInfo, selection: Selection): boolean {
  if (object.kind !== info.kind || splitApiVersion(object.apiVersion).group !== info.group) return false;
  if (selection.namespace !== undefined && selection.namespace !== object.metadata.namespace) return false;
  const fields = [`metadata.name=${object.metadata.name}`, `type=${String(object["type"])}`];
  if (selection.fieldSelector !== undefined && !fields.includes(selection.fieldSelector)) return false;
  return (selection.labelSelector ?? "").split(",").every((term) => {
    const [key = "", value] = term.split("=");
    const label = object.metadata.labels?.[key];
    return key === "" || (value === undefined ? label !== undefined : label === value);
  });
}

/** What a list or watch shows of an object. */
export function asSelected(object: Resource, { metadataOnly }: Selection): Resource {
  const { apiVersion, kind, metadata } = object;
  return metadataOnly ? { apiVersion, kind, metadata } : object;
}

/** The value after a merge patch: maps are merged, null removes, everything else replaces. */
export function mergedWith(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const members = new Map(Object.entries(isMap(target) ? target : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key);
    else members.set(key, mergedWith(members.get(key), value));
  }
  return Object.fromEntries(members);
}

/** The value after a JSON patch of `test` and `replace` operations; null when a test fails. */
export function patchedWith(target: unknown, patch: readonly PatchOperation[]): unknown {
  let value = target;
  for (const { op, path, value: wanted } of patch) {
    const tokens = path.split("/").slice(1);
    const found = tokens.reduce<unknown>((at, token) => (isMap(at) ? at[token] : undefined), value);
    if (op === "test" && JSON.stringify(found) !== JSON.stringify(wanted)) return null;
    if (op === "replace") value = withMember(value, tokens, wanted);
  }
  return value;
}

function withMember(target: unknown, [token, ...rest]: readonly string[], value: unknown): unknown {
  if (token === undefined) return value;
  const map = isMap(target) ? target : {};
  return { ...map, [token]: withMember(map[token], rest, value) };
}

/** The fields that an object declares, as managedFields lists them; lists count as one value. */
export function fieldsOf(object: Resource): Record<string, unknown> {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
  const { labels, annotations } = metadata;
  return fieldsOfMap({ ...rest, metadata: { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } });
}

function fieldsOfMap(map: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [`f:${key}`, isMap(value) ? fieldsOfMap(value) : {}]),
  );
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
