import type { ResourceId } from "#core/resource/resource-id.ts";

const rbacGroup = "rbac.authorization.k8s.io";

/** `<namespace>_<name>_<group>_<kind>`; colons, which only RBAC names hold, become `__`. */
export function inventoryId({ namespace, name, group, kind }: ResourceId): string {
  return [namespace, name.replaceAll(":", "__"), group, kind].join("_");
}

/** The identity that an inventory entry names; undefined for text that is none. */
export function parseInventoryId(text: string): ResourceId | undefined {
  const first = text.indexOf("_");
  const last = text.lastIndexOf("_");
  const middle = text.lastIndexOf("_", last - 1);
  if (first < 0 || middle <= first) return undefined;
  const group = text.slice(middle + 1, last);
  const kind = text.slice(last + 1);
  const written = text.slice(first + 1, middle);
  if (kind === "" || written === "") return undefined;
  const name = group === rbacGroup ? written.replaceAll("__", ":") : written;
  return { group, kind, namespace: text.slice(0, first), name };
}
