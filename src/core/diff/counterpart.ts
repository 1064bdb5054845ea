import { pointerInto, isIndex, memberOf, pointerTokens } from "./json-pointer.ts";
import { itemPairs } from "./list-differences.ts";

/** The place in the live object that a place in the desired one stands for: items of lists are found by their keys; null when there is none. */
export function counterpartOf(pointer: string, desired: unknown, live: unknown): string | null {
  let place = "";
  let declared = desired;
  let stored = live;
  for (const token of pointerTokens(pointer) ?? []) {
    const at = tokenIn({ token, declared, stored });
    if (at === null) return null;
    place = pointerInto(place, at);
    declared = memberOf(declared, token);
    stored = memberOf(stored, at);
  }
  return place;
}

function tokenIn({ token, declared, stored }: { token: string; declared: unknown; stored: unknown }): string | null {
  if (!Array.isArray(declared) || !Array.isArray(stored) || !isIndex(token)) return token;
  const index = itemPairs(declared, stored).get(Number(token));
  return index === undefined ? null : String(index);
}
