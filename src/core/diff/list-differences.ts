import { EMPTY_SET, type FieldSet } from "#core/resource/field-set.ts";
import { keyedElement, keysOfElement } from "#core/resource/field-set-list.ts";
import { type Findings, type Place, report } from "./difference.ts";
import { pointerInto } from "./json-pointer.ts";
import { KEY_DEFAULTS } from "./key-defaults.ts";
import { wholeEquality } from "./whole-equality.ts";

/** Compares one pair of values and everything below it. */
type ComparePlace = (place: Place, findings: Findings) => void;

/** Compares the items of a list that applying merges: by keys, by value, or (not merged at all) as a whole. */
export function listDifferences(place: Place, findings: Findings, comparePlace: ComparePlace): void {
  const desired = place.desired as readonly unknown[];
  const live = place.live as readonly unknown[];
  const keys = place.owned ? keysOfSet(place.owned) : guessedKeys(desired, live);
  if (keys === null) return compareUnkeyed(place, findings);
  const elements = { desired: elementsOf(desired, keys), live: elementsOf(live, keys) };
  if (elements.desired.size < desired.length) return report(place, findings, false);
  for (const item of itemPlaces(place, elements)) comparePlace({ ...item, keys }, findings);
  if (!keepsOrder(elements)) report(place, findings, true);
}

/** Which live item stands for which desired one, by their indexes: by the keys that tell all items apart, or by place. */
export function itemPairs(desired: readonly unknown[], live: readonly unknown[]): ReadonlyMap<number, number> {
  const keys = guessedKeys(desired, live);
  if (keys === null) return new Map(live.map((_item, index) => [index, index]));
  const there = elementsOf(live, keys);
  const pairs = [...elementsOf(desired, keys)].map(([element, index]) => [index, there.get(element)] as const);
  return new Map(pairs.filter((pair): pair is readonly [number, number] => pair[1] !== undefined));
}

interface Elements {
  readonly desired: ReadonlyMap<string, number>;
  readonly live: ReadonlyMap<string, number>;
}

function itemPlaces(place: Place, elements: Elements): Place[] {
  const places: Place[] = [];
  for (const [element, index] of elements.desired) {
    places.push(itemPlace(place, element, { desired: index, live: elements.live.get(element) }));
  }
  for (const element of place.owned?.children.keys() ?? []) {
    if (elements.desired.has(element) || !elements.live.has(element)) continue;
    places.push(itemPlace(place, element, { desired: undefined, live: elements.live.get(element) }));
  }
  return places;
}

function itemPlace(
  place: Place,
  element: string,
  at: { desired: number | undefined; live: number | undefined },
): Place {
  const desired = place.desired as readonly unknown[];
  const live = place.live as readonly unknown[];
  return {
    desired: at.desired === undefined ? undefined : desired[at.desired],
    live: at.live === undefined ? undefined : live[at.live],
    owned: place.owned && (place.owned.children.get(element) ?? EMPTY_SET),
    path: pointerInto(place.path, at.live ?? at.desired ?? "-"),
    desiredPath: pointerInto(place.desiredPath, at.desired ?? "-"),
    elements: [...place.elements, element],
  };
}

function keepsOrder({ desired, live }: Elements): boolean {
  let last = -1;
  for (const element of desired.keys()) {
    const at = live.get(element);
    if (at === undefined) continue;
    if (at < last) return false;
    last = at;
  }
  return true;
}

/** Key fields of the list that a set describes; none for a set of values, null for a list without identity. */
function keysOfSet(owned: FieldSet): readonly string[] | null {
  for (const element of owned.children.keys()) {
    if (element.startsWith("k:")) return Object.keys(keysOfElement(element)).sort();
    if (element.startsWith("v:")) return [];
    return null;
  }
  return null;
}

const LIKELY_KEYS: readonly (readonly string[])[] = [
  ["name"],
  ["mountPath"],
  ["containerPort", "protocol"],
  ["port", "protocol"],
  ["uid"],
  ["type"],
];

// Nobody's field set says how the list is merged: take the keys that tell all items apart.
function guessedKeys(desired: readonly unknown[], live: readonly unknown[]): readonly string[] | null {
  const fits = (keys: readonly string[]) =>
    elementsOf(desired, keys).size === desired.length && elementsOf(live, keys).size === live.length;
  return LIKELY_KEYS.find(fits) ?? null;
}

function elementsOf(items: readonly unknown[], keys: readonly string[]): Map<string, number> {
  const elements = new Map<string, number>();
  items.forEach((item, index) => {
    const element = keys.length === 0 ? `v:${JSON.stringify(item)}` : keyedElement(withDefaults(item, keys), keys);
    if (element !== null && !elements.has(element)) elements.set(element, index);
  });
  return elements;
}

function withDefaults(item: unknown, keys: readonly string[]): unknown {
  const defaults = Object.fromEntries(keys.filter((key) => key in KEY_DEFAULTS).map((key) => [key, KEY_DEFAULTS[key]]));
  return typeof item === "object" && item !== null ? { ...defaults, ...item } : item;
}

function compareUnkeyed(place: Place, findings: Findings): void {
  const equality = wholeEquality(place.desired, place.live, place.path);
  if (equality !== "same") report(place, findings, equality === "different");
}
