import type { FieldSet } from "./field-set.ts";

/** Finds the element of a field set that stands for an item of a list. */
export interface ListElements {
  /** The element for an item, or null when the set holds none for it. */
  readonly elementOf: (item: unknown, index: number) => string | null;
  /** Key fields of an associative list, none when the list is a set or indexed. */
  readonly keys: readonly string[];
}

/** How the items of the list at this node are told apart. */
export function listElementsOf(node: FieldSet): ListElements {
  const first = firstElement(node);
  const kind = first[0];
  if (kind === "k") return keyedElements(node, first);
  if (kind === "v") return { keys: [], elementOf: (item) => present(node, `v:${JSON.stringify(item)}`) };
  return { keys: [], elementOf: (_item, index) => present(node, `i:${index}`) };
}

/** The key fields and values of a `k:{...}` element, empty for other elements. */
export function keysOfElement(element: string): Readonly<Record<string, unknown>> {
  if (!element.startsWith("k:")) return {};
  try {
    const keys: unknown = JSON.parse(element.slice(2));
    return typeof keys === "object" && keys !== null ? (keys as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The `k:{...}` element of an item, or null when the item lacks one of the keys. */
export function keyedElement(item: unknown, keys: readonly string[]): string | null {
  if (typeof item !== "object" || item === null) return null;
  const fields = item as Readonly<Record<string, unknown>>;
  let text = "";
  for (const key of keys) {
    const value = fields[key];
    if (value === undefined || value === null || typeof value === "object") return null;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${JSON.stringify(value)}`;
  }
  return `k:{${text}}`;
}

function keyedElements(node: FieldSet, first: string): ListElements {
  const keys = Object.keys(keysOfElement(first)).sort();
  return {
    keys,
    elementOf: (item) => {
      const element = keyedElement(item, keys);
      return element === null ? null : present(node, element);
    },
  };
}

function present(node: FieldSet, element: string): string | null {
  return node.children.has(element) ? element : null;
}

function firstElement(node: FieldSet): string {
  for (const element of node.children.keys()) return element;
  return "";
}
