import type { Difference } from "./difference.ts";
import { withoutPaths } from "./ignore-paths.ts";
import { isAtOrBelow } from "./json-pointer.ts";
import { wholeEquality } from "./whole-equality.ts";

/** A place that may be ignored; without values only its path decides. */
export type Ignorable = Pick<Difference, "path" | "desiredPath"> & Partial<Difference>;

/** Whether a difference lies at or below an ignored path, or consists of nothing but ignored parts. */
export function isIgnored(difference: Ignorable, ignoredPaths: readonly string[]): boolean {
  const { path, desiredPath } = difference;
  if (ignoredPaths.some((ignored) => isAtOrBelow(path, ignored) || isAtOrBelow(desiredPath, ignored))) return true;
  const liveParts = partsBelow(path, ignoredPaths);
  const desiredParts = partsBelow(desiredPath, ignoredPaths);
  if (liveParts.length + desiredParts.length === 0 || difference.desired === undefined) return false;
  const desired = withoutPaths(difference.desired, desiredParts);
  return wholeEquality(desired, withoutPaths(difference.live, liveParts), path) === "same";
}

function partsBelow(path: string, ignoredPaths: readonly string[]): string[] {
  return ignoredPaths.filter((ignored) => ignored.startsWith(`${path}/`)).map((ignored) => ignored.slice(path.length));
}
