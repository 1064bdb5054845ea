import { type FieldSet, parseFieldSet } from "#core/resource/field-set.ts";
import { listElementsOf } from "#core/resource/field-set-list.ts";
import type { Resource } from "#core/resource/resource.ts";
import { pointerInto } from "./json-pointer.ts";

/** Fields whose differences do not count, as JSON pointers: the same field may have another place in each object. */
export interface IgnoredFields {
  readonly live: readonly string[];
  readonly desired: readonly string[];
}

/** Fields whose differences do not count: JSON pointers that hold for both objects, or those of each. */
export type Ignored = readonly string[] | IgnoredFields;

/** The ignored fields of each object. */
export function ignoredFieldsOf(ignored: Ignored): IgnoredFields {
  return "live" in ignored ? ignored : { live: ignored, desired: ignored };
}

/** Whether nothing is ignored. */
export function ignoresNothing(ignored: Ignored): boolean {
  const { live, desired } = ignoredFieldsOf(ignored);
  return live.length + desired.length === 0;
}

/** The fields that some writers own, in the live object and at the same place of the desired one. */
export function fieldsOfManagers(live: Resource, desired: unknown, managers: readonly string[]): IgnoredFields {
  const entries = (live.metadata.managedFields ?? []).filter(({ manager }) => managers.includes(manager));
  const sets = entries.map(({ fieldsV1 }) => parseFieldSet(fieldsV1));
  return {
    live: sets.flatMap((set) => pointersOf(set, live)),
    desired: sets.flatMap((set) => pointersOf(set, desired)),
  };
}

/** What of an object a set owns, as JSON pointers. */
function pointersOf(set: FieldSet, value: unknown, pointer = ""): string[] {
  if (set.children.size === 0) return pointer === "" ? [] : [pointer];
  if (typeof value !== "object" || value === null) return [];
  if (!Array.isArray(value)) {
    const fields = value as Readonly<Record<string, unknown>>;
    return [...set.children].flatMap(([element, child]) => {
      const name = element.slice(2);
      return Object.hasOwn(fields, name) ? pointersOf(child, fields[name], pointerInto(pointer, name)) : [];
    });
  }
  const { elementOf } = listElementsOf(set);
  return value.flatMap((item: unknown, index) => {
    const element = elementOf(item, index);
    const child = element === null ? undefined : set.children.get(element);
    return child ? pointersOf(child, item, pointerInto(pointer, index)) : [];
  });
}
