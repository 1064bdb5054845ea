import { EMPTY_SET, type FieldSet, isEmptySet } from "#core/resource/field-set.ts";
import { listElementsOf } from "#core/resource/field-set-list.ts";
import { memberOf } from "./json-pointer.ts";

/**
 * The part of an object that a field set owns: list items by their keys (which are included), sets by value, whole values at
 * leaves. Of a leaf's value, what `others` own below it is not ours: a map declared empty may be filled by somebody else.
 * Order of list items is kept, because applying restores it.
 */
export function project(object: unknown, set: FieldSet, others: () => FieldSet = () => EMPTY_SET): unknown {
  if (isEmptySet(set)) return {};
  return projected(object, set, { others, path: [] });
}

/** What remains of a leaf's value without the parts that the other writers own below it. */
export function withoutOwned(value: unknown, others: FieldSet): unknown {
  if (others.children.size === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return itemsWithoutOwned(value, others);
  const kept: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const theirs = others.children.get(`f:${key}`);
    if (!theirs) kept[key] = member;
  }
  return kept;
}

/** The node of a set at a path of elements, or the empty set. */
export function subsetAt(set: FieldSet, path: readonly string[]): FieldSet {
  let node = set;
  for (const element of path) {
    const child = node.children.get(element);
    if (!child) return EMPTY_SET;
    node = child;
  }
  return node;
}

interface Scope {
  readonly others: () => FieldSet;
  readonly path: string[];
}

function projected(value: unknown, set: FieldSet, scope: Scope): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (set.children.size === 0) return leafValue(value, scope);
  return Array.isArray(value) ? projectedList(value, set, scope) : projectedObject(value, set, scope);
}

function leafValue(value: object, scope: Scope): unknown {
  for (const _ in value) return withoutOwned(value, subsetAt(scope.others(), scope.path));
  return value;
}

function projectedObject(value: object, set: FieldSet, scope: Scope): Record<string, unknown> {
  const object = value as Readonly<Record<string, unknown>>;
  const result: Record<string, unknown> = {};
  for (const [element, child] of set.children) {
    const key = element.slice(2);
    if (!Object.hasOwn(object, key) || object[key] === undefined) continue;
    scope.path.push(element);
    result[key] = projected(object[key], child, scope);
    scope.path.pop();
  }
  return result;
}

function projectedList(items: readonly unknown[], set: FieldSet, scope: Scope): unknown[] {
  const { elementOf, keys } = listElementsOf(set);
  const result: unknown[] = [];
  items.forEach((item, index) => {
    const element = elementOf(item, index);
    const child = element === null ? undefined : set.children.get(element);
    if (element === null || !child) return;
    scope.path.push(element);
    result.push(withKeys(projected(item, child, scope), { item, keys }));
    scope.path.pop();
  });
  return result;
}

function withKeys(part: unknown, { item, keys }: { item: unknown; keys: readonly string[] }): unknown {
  if (keys.every((key) => memberOf(part, key) !== undefined)) return part;
  return { ...(part as object), ...Object.fromEntries(keys.map((key) => [key, memberOf(item, key)])) };
}

function itemsWithoutOwned(items: readonly unknown[], others: FieldSet): unknown[] {
  const { elementOf } = listElementsOf(others);
  return items.filter((item, index) => elementOf(item, index) === null);
}
