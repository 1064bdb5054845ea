import type { Resource } from "#core/resource/resource.ts";
import { withoutPaths } from "./ignore-paths.ts";
import { isIndex, memberOf, pointerTokens, valueAt } from "./json-pointer.ts";

/**
 * The declared object with the live values at the ignored places that it declares, so that applying it leaves them as
 * they are; what the live object lacks there is left out.
 */
export function keepIgnored(desired: Resource, live: Resource, ignoredPaths: readonly string[]): Resource {
  const declared = ignoredPaths.filter((pointer) => valueAt(desired, pointer) !== undefined);
  const isLive = (pointer: string) => valueAt(live, pointer) !== undefined;
  const withLive = declared
    .filter(isLive)
    .reduce<unknown>(
      (object, pointer) => withValue(object, pointerTokens(pointer) ?? [], valueAt(live, pointer)),
      desired,
    );
  return withoutPaths(
    withLive as Resource,
    declared.filter((pointer) => !isLive(pointer)),
  );
}

function withValue(object: unknown, [token, ...rest]: readonly string[], value: unknown): unknown {
  if (token === undefined) return value;
  const member = withValue(memberOf(object, token), rest, value);
  if (Array.isArray(object) && isIndex(token)) return object.with(Number(token), member);
  return { ...(object as object), [token]: member };
}
