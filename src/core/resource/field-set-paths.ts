import type { FieldSet } from "./field-set.ts";
import { keysOfElement } from "./field-set-list.ts";

/** The fields of a set as people write them, such as `.spec.containers[name="web"].image`, in the set's order. */
export function fieldPaths(set: FieldSet): string[] {
  const paths: string[] = [];
  collect(set, "", paths);
  return paths;
}

/** One field as people write it. */
export function fieldPathText(elements: readonly string[]): string {
  return elements.map(elementText).join("");
}

function collect(set: FieldSet, path: string, paths: string[]): void {
  if (set.owned) paths.push(path);
  for (const [element, child] of set.children) collect(child, path + elementText(element), paths);
}

function elementText(element: string): string {
  const body = element.slice(2);
  if (element.startsWith("f:")) return /^[\w-]+$/.test(body) ? `.${body}` : `[${JSON.stringify(body)}]`;
  if (!element.startsWith("k:")) return `[${body}]`;
  const keys = Object.entries(keysOfElement(element)).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `[${keys.join(",")}]`;
}
