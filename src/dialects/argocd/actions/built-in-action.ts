import type { ActionChange, ActionChoice, ObjectAction } from "#core/app/object-actions.ts";
import { withMergePatch } from "#core/diff/with-merge-patch.ts";
import type { Resource } from "#core/resource/resource.ts";
import { ok, refused, type Result } from "#core/result.ts";
import { fieldAt } from "../fields.ts";

/** An action of a kind as data: when it is there, when it means something, and what it makes of the object. */
export interface BuiltInAction extends Pick<ObjectAction, "name" | "displayName" | "params"> {
  readonly isListed: (object: Resource) => boolean;
  readonly isDisabled: (object: Resource) => boolean;
  readonly run: (object: Resource, choice: ActionChoice) => Result<readonly ActionChange[], string>;
}

type Test = (object: Resource) => boolean;
type Fields = Readonly<Record<string, unknown>>;

interface Extras {
  readonly displayName?: string;
  readonly params?: ObjectAction["params"];
  readonly listed?: Test;
  readonly disabled?: Test;
}

/** An action that changes fields of the object: what it gives is merged into it, and null takes a field away. */
export function change(
  name: string,
  patchOf: Fields | ((object: Resource, choice: ActionChoice) => Fields | string),
  extras: Extras = {},
): BuiltInAction {
  return action(name, extras, (object, choice) => {
    const patch = typeof patchOf === "function" ? patchOf(object, choice) : patchOf;
    if (typeof patch === "string") return refused(patch);
    return ok([{ operation: "patch", object: withMergePatch(object, patch) as Resource }]);
  });
}

/** An action that makes another object. */
export function create(
  name: string,
  objectOf: (object: Resource, choice: ActionChoice) => Resource,
  extras: Extras = {},
): BuiltInAction {
  return action(name, extras, (object, choice) => ok([{ operation: "create", object: objectOf(object, choice) }]));
}

function action(name: string, extras: Extras, run: BuiltInAction["run"]): BuiltInAction {
  const { displayName = null, params = [], listed = () => true, disabled = () => false } = extras;
  return { name, displayName, params, isListed: listed, isDisabled: disabled, run };
}

/** Fields that put one annotation on an object, or take it away. */
export const annotation = (name: string, value: string | null): Fields => ({
  metadata: { annotations: { [name]: value } },
});

/** Whether a field has a value. */
export const has = (path: readonly string[], value: unknown): Test => {
  return (object) => fieldAt(object, ...path) === value;
};

/** The opposite. */
export const lacks = (path: readonly string[], value: unknown): Test => {
  const test = has(path, value);
  return (object) => !test(object);
};

/** A time as statuses and annotations have it. */
export function timeText(now: number): string {
  return new Date(now).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A whole number that a person gave, or why it is none. */
export function numberParam({ params }: ActionChoice, name: string): number | string {
  const text = params[name] ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : `${name} must be a whole number, not ${JSON.stringify(text)}`;
}
