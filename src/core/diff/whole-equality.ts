import { memberOf, pointerInto } from "./json-pointer.ts";
import { type Equality, isZero, scalarEquality } from "./scalar-equality.ts";

/** Compares values that are owned as one; `unsure` when the live one only has more, as defaults would add. */
export function wholeEquality(desired: unknown, live: unknown, path: string): Equality {
  if (typeof desired !== "object" || desired === null) return scalarEquality(desired, live, path);
  if (live === undefined || live === null) return isZero(desired) ? "same" : "different";
  if (typeof live !== "object" || Array.isArray(desired) !== Array.isArray(live)) return "different";
  if (Array.isArray(desired) && desired.length !== (live as readonly unknown[]).length) return "different";
  let worst: Equality = "same";
  for (const key of new Set([...Object.keys(desired), ...Object.keys(live)])) {
    const declared = memberOf(desired, key);
    const stored = memberOf(live, key);
    const equality =
      declared === undefined
        ? isZero(stored)
          ? "same"
          : "unsure"
        : wholeEquality(declared, stored, pointerInto(path, key));
    if (equality === "different") return "different";
    if (equality === "unsure") worst = "unsure";
  }
  return worst;
}
