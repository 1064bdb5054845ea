import { EMPTY_SET, type FieldSet, LEAF } from "#core/resource/field-set.ts";
import { keysOfElement } from "#core/resource/field-set-list.ts";
import { memberOf } from "./json-pointer.ts";
import { KEY_DEFAULTS } from "./key-defaults.ts";

/** The annotation in which client-side apply keeps what it declared. */
export const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The fields of a set that a declaration holds too, and the annotation that held the declaration. */
export function declaredPart(set: FieldSet, declared: unknown): FieldSet {
  return partOf(set, withAnnotation(declared));
}

function partOf(set: FieldSet, declared: unknown): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [element, child] of set.children) {
    const member = memberAt(declared, element);
    if (member === undefined) continue;
    const part = child.children.size === 0 ? LEAF : partOf(child, member);
    if (part !== EMPTY_SET) children.set(element, part);
  }
  if (children.size > 0) return { owned: set.owned, children };
  return set.owned ? LEAF : EMPTY_SET;
}

function memberAt(declared: unknown, element: string): unknown {
  const body = element.slice(2);
  if (element.startsWith("f:")) return Array.isArray(declared) ? undefined : memberOf(declared, body);
  if (!Array.isArray(declared)) return undefined;
  if (element.startsWith("i:")) return declared[Number(body)];
  if (element.startsWith("v:")) return declared.find((item) => JSON.stringify(item) === body);
  const keys = Object.entries(keysOfElement(element));
  return declared.find((item) => keys.every(([key, value]) => (memberOf(item, key) ?? KEY_DEFAULTS[key]) === value));
}

function withAnnotation(declared: unknown): unknown {
  const metadata = memberOf(declared, "metadata");
  const annotations = memberOf(metadata, "annotations");
  return {
    ...(declared as object),
    metadata: { ...(metadata as object), annotations: { ...(annotations as object), [LAST_APPLIED]: "" } },
  };
}
