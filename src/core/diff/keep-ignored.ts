import type { Resource } from "#core/resource/resource.ts";
import { counterpartOf } from "./counterpart.ts";
import { withoutPaths } from "./ignore-paths.ts";
import type { Ignored } from "./ignored-fields.ts";
import { isIndex, memberOf, pointerTokens, valueAt } from "./json-pointer.ts";

/**
 * The declared object with the live values at the ignored places that it declares, so that applying it leaves them as
 * they are; what the live object lacks there is left out.
 */
export function keepIgnored(desired: Resource, live: Resource, ignored: Ignored): Resource {
  const placesOf = (pointers: readonly string[], placeOf: (pointer: string) => string | null) =>
    pointers
      .filter((pointer) => valueAt(desired, pointer) !== undefined)
      .map((pointer) => ({ pointer, value: valueAt(live, placeOf(pointer) ?? NOWHERE) }));
  const declared =
    "live" in ignored
      ? placesOf(ignored.desired, (pointer) => counterpartOf(pointer, desired, live))
      : placesOf(ignored, (pointer) => pointer);
  const withLive = declared
    .filter(({ value }) => value !== undefined)
    .reduce<unknown>((object, { pointer, value }) => withValue(object, pointerTokens(pointer) ?? [], value), desired);
  return withoutPaths(
    withLive as Resource,
    declared.filter(({ value }) => value === undefined).map(({ pointer }) => pointer),
  );
}

/** A pointer that names nothing. */
const NOWHERE = "nowhere";

function withValue(object: unknown, [token, ...rest]: readonly string[], value: unknown): unknown {
  if (token === undefined) return value;
  const member = withValue(memberOf(object, token), rest, value);
  if (Array.isArray(object) && isIndex(token)) return object.with(Number(token), member);
  return { ...(object as object), [token]: member };
}
