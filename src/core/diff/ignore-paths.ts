import { type FieldSet, EMPTY_SET, isEmptySet, LEAF } from "#core/resource/field-set.ts";
import { listElementsOf } from "#core/resource/field-set-list.ts";
import { isIndex, memberOf, pointerTokens } from "./json-pointer.ts";

/** A copy without the values that the JSON pointers name; pointers that name nothing, or are none, remove nothing. */
export function withoutPaths<T>(document: T, pointers: readonly string[]): T {
  // Later items first, so that removing one does not move the place of another.
  const paths = pointers.map(pointerTokens).filter((path) => path !== null && path.length > 0);
  paths.sort((a, b) => compareTokens(b as readonly string[], a as readonly string[]));
  return paths.reduce<T>((rest, path) => withoutPath(rest, path as readonly string[]) as T, document);
}

/** A set without what it holds at or below the JSON pointers, which are read against the object. */
export function setWithoutPaths(set: FieldSet, object: unknown, pointers: readonly string[]): FieldSet {
  return pointers.reduce((rest, pointer) => {
    const path = pointerTokens(pointer);
    return path === null || path.length === 0 ? rest : setWithoutPath(rest, object, path);
  }, set);
}

function withoutPath(value: unknown, [token, ...rest]: readonly string[]): unknown {
  if (token === undefined || memberOf(value, token) === undefined) return value;
  if (Array.isArray(value)) {
    const index = Number(token);
    return rest.length === 0 ? value.toSpliced(index, 1) : value.with(index, withoutPath(value[index], rest));
  }
  const { [token]: member, ...others } = value as Record<string, unknown>;
  return rest.length === 0 ? others : { ...(value as object), [token]: withoutPath(member, rest) };
}

function setWithoutPath(set: FieldSet, value: unknown, [token, ...rest]: readonly string[]): FieldSet {
  const element = token === undefined ? null : elementAt(set, value, token);
  const child = element === null ? undefined : set.children.get(element);
  if (token === undefined || element === null || !child) return set;
  const kept = rest.length === 0 ? EMPTY_SET : setWithoutPath(child, memberOf(value, token), rest);
  if (kept === child) return set;
  const children = new Map(set.children);
  if (isEmptySet(kept)) children.delete(element);
  else children.set(element, kept);
  if (children.size > 0) return { owned: set.owned, children };
  return set.owned ? LEAF : EMPTY_SET;
}

function elementAt(set: FieldSet, value: unknown, token: string): string | null {
  if (!Array.isArray(value)) return `f:${token}`;
  if (!isIndex(token)) return null;
  return listElementsOf(set).elementOf(value[Number(token)], Number(token));
}

function compareTokens(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < a.length && at < b.length; at++) {
    const [left = "", right = ""] = [a[at], b[at]];
    if (left === right) continue;
    if (isIndex(left) && isIndex(right)) return Number(left) - Number(right);
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}
