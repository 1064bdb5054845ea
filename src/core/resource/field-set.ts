import { digestText } from "./digest.ts";

/**
 * The fields that one writer owns, as a tree over path elements in the API server's notation:
 * `f:name` (member), `k:{...}` (list item by keys), `v:...` (list item by value), `i:0` (list item by index).
 * No node is empty: each is owned itself or has children; only the root may be neither.
 */
export interface FieldSet {
  readonly owned: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

const NO_CHILDREN: ReadonlyMap<string, FieldSet> = new Map();

/** The set that owns nothing. */
export const EMPTY_SET: FieldSet = { owned: false, children: NO_CHILDREN };

/** A node that is owned itself and has nothing below; shared, because most nodes are leaves. */
export const LEAF: FieldSet = { owned: true, children: NO_CHILDREN };

/** Reads the `fieldsV1` of a managedFields entry; what is not of its form is left out. */
export function parseFieldSet(fieldsV1: unknown): FieldSet {
  if (!isRecord(fieldsV1)) return EMPTY_SET;
  const children = parseChildren(fieldsV1);
  return children.size === 0 ? EMPTY_SET : { owned: false, children };
}

/** Writes a set as `fieldsV1`, keys sorted as the API server writes them. */
export function fieldsV1Of(set: FieldSet): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (set.owned && set.children.size > 0) fields["."] = {};
  for (const [element, child] of sortedChildren(set)) fields[element] = fieldsV1Of(child);
  return fields;
}

/** Every field that is in either set. */
export function unionOf(a: FieldSet, b: FieldSet): FieldSet {
  if (a.children.size === 0 && (b.owned || !a.owned)) return b;
  if (b.children.size === 0 && (a.owned || !b.owned)) return a;
  const children = new Map(a.children);
  for (const [element, theirs] of b.children) {
    const ours = children.get(element);
    children.set(element, ours ? unionOf(ours, theirs) : theirs);
  }
  return { owned: a.owned || b.owned, children };
}

/** The fields of `a` that are not in `b`. */
export function differenceOf(a: FieldSet, b: FieldSet): FieldSet {
  const owned = a.owned && !b.owned;
  const children = new Map<string, FieldSet>();
  for (const [element, ours] of a.children) {
    const theirs = b.children.get(element);
    const rest = theirs ? differenceOf(ours, theirs) : ours;
    if (!isEmptySet(rest)) children.set(element, rest);
  }
  return children.size === 0 ? (owned ? LEAF : EMPTY_SET) : { owned, children };
}

/** Whether two sets hold the same fields. */
export function sameFieldSet(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  if (a.owned !== b.owned || a.children.size !== b.children.size) return false;
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (!other || !sameFieldSet(child, other)) return false;
  }
  return true;
}

/** Whether a set owns nothing. */
export function isEmptySet(set: FieldSet): boolean {
  return !set.owned && set.children.size === 0;
}

/** A text that is equal for equal sets and for no others. */
export function fieldSetText(set: FieldSet): string {
  if (set.children.size === 0) return set.owned ? "." : "";
  let text = set.owned ? ".{" : "{";
  for (const [element, child] of sortedChildren(set)) text += JSON.stringify(element) + fieldSetText(child);
  return `${text}}`;
}

/** The digest of a set. */
export function fieldSetDigest(set: FieldSet): string {
  return digestText(fieldSetText(set));
}

function parseChildren(fields: Readonly<Record<string, unknown>>): Map<string, FieldSet> {
  const children = new Map<string, FieldSet>();
  for (const element in fields) {
    if (element === "." || !isElement(element)) continue;
    const node = parseNode(fields[element]);
    if (node) children.set(element, node);
  }
  return children;
}

function parseNode(fields: unknown): FieldSet | null {
  if (!isRecord(fields)) return null;
  for (const _ in fields) {
    const children = parseChildren(fields);
    const owned = "." in fields;
    if (children.size > 0) return { owned, children };
    return owned ? LEAF : null;
  }
  return LEAF;
}

function isElement(element: string): boolean {
  if (element.charCodeAt(1) !== 58) return false;
  const kind = element[0];
  return kind === "f" || kind === "k" || kind === "v" || kind === "i";
}

function sortedChildren(set: FieldSet): Iterable<[string, FieldSet]> {
  let previous = "";
  for (const element of set.children.keys()) {
    if (element < previous) return [...set.children].sort(([a], [b]) => (a < b ? -1 : 1));
    previous = element;
  }
  return set.children;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
