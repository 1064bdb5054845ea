import type { Difference } from "./difference.ts";
import { type Ignored, ignoredFieldsOf } from "./ignored-fields.ts";
import { withoutPaths } from "./ignore-paths.ts";
import { isAtOrBelow } from "./json-pointer.ts";
import { wholeEquality } from "./whole-equality.ts";

/** A place that may be ignored; without values only its path decides. */
export type Ignorable = Pick<Difference, "path" | "desiredPath"> & Partial<Difference>;

/** Whether a difference lies at or below an ignored path, or consists of nothing but ignored parts. */
export function isIgnored(difference: Ignorable, ignored: Ignored): boolean {
  const { path, desiredPath } = difference;
  const { live, desired: declared } = ignoredFieldsOf(ignored);
  if (live.some((pointer) => isAtOrBelow(path, pointer))) return true;
  if (declared.some((pointer) => isAtOrBelow(desiredPath, pointer))) return true;
  const liveParts = partsBelow(path, live);
  const desiredParts = partsBelow(desiredPath, declared);
  if (liveParts.length + desiredParts.length === 0 || difference.desired === undefined) return false;
  const desired = withoutPaths(difference.desired, desiredParts);
  return wholeEquality(desired, withoutPaths(difference.live, liveParts), path) === "same";
}

function partsBelow(path: string, ignoredPaths: readonly string[]): string[] {
  return ignoredPaths.filter((ignored) => ignored.startsWith(`${path}/`)).map((ignored) => ignored.slice(path.length));
}
