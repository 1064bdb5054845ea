import { sameQuantity } from "#core/resource/quantity.ts";

/** How a declared scalar relates to the stored one: `unsure` when the server may have written it in another form. */
export type Equality = "same" | "unsure" | "different";

// Members whose values, or whose members' values, the built-in kinds store as normalised quantities.
const QUANTITY_PARENTS = new Set([
  "limits",
  "requests",
  "hard",
  "capacity",
  "allocatable",
  "overhead",
  "podFixed",
  "default",
  "defaultRequest",
  "max",
  "min",
  "maxLimitRequestRatio",
  "used",
]);
const QUANTITY_MEMBERS = new Set(["sizeLimit", "divisor", "averageValue", "value", "storage", "cpu", "memory"]);

/** Compares a declared scalar with the stored one at `path` (a JSON pointer). */
export function scalarEquality(desired: unknown, live: unknown, path: string): Equality {
  if (desired === live) return "same";
  if (live === undefined || live === null) return isZero(desired) ? "same" : "different";
  if (sameQuantity(desired, live)) return isQuantityPath(path) ? "same" : "unsure";
  if (typeof desired !== typeof live) return looseText(desired) === looseText(live) ? "unsure" : "different";
  if (typeof desired === "string" && typeof live === "string") return textEquality(desired, live);
  return "different";
}

/** Whether the server leaves a value of this kind out when it stores the object. */
export function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function looseText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

// Durations and times may be stored in another form too; which members hold them only the server's schema knows.
function textEquality(desired: string, live: string): Equality {
  const bytes = desired.replace(/\s+/g, "");
  if (bytes !== desired && bytes === live) return "unsure";
  if (secondsOf(desired) !== null && secondsOf(desired) === secondsOf(live)) return "unsure";
  if (isTime(desired) && isTime(live) && Date.parse(desired) === Date.parse(live)) return "unsure";
  return "different";
}

function isQuantityPath(path: string): boolean {
  const members = path.split("/");
  return QUANTITY_PARENTS.has(members.at(-2) ?? "") || QUANTITY_MEMBERS.has(members.at(-1) ?? "");
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };

function secondsOf(text: string): number | null {
  if (!/^(?:\d+(?:\.\d+)?(?:h|ms|m|s|us|µs|ns))+$/.test(text)) return null;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
    seconds += Number(amount) * (UNIT_SECONDS[unit ?? ""] ?? 0);
  }
  return seconds;
}

function isTime(text: string): boolean {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(text);
}
