import type { Params } from "#core/app/app-set.ts";

/** A JSON value as Go prints it, which is how it stands in a text that was filled in. */
export function goText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return goNumber(value);
  if (typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(goText).join(" ")}]`;
  if (typeof value !== "object" || value === null) return "<nil>";
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `map[${members.map(([name, member]) => `${name}:${goText(member)}`).join(" ")}]`;
}

/** Every number of JSON is a float to Go, and one of a million or more is written with an exponent. */
function goNumber(value: number): string {
  const [mantissa = "0", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** Nested values by the names that lead to them, joined by dots, as texts; what is empty has no name. */
export function flattened(value: Params, prefix = ""): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === "object" && member !== null)
      Object.assign(flat, flattened(member as Params, `${prefix}${name}.`));
    else flat[`${prefix}${name}`] = goText(member);
  }
  return flat;
}

/** `first` with what it lacks, or has empty, from `second`; maps are merged deeply. */
export function filledUp(first: Params, second: Params): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...first };
  for (const [name, value] of Object.entries(second)) {
    const own = Object.hasOwn(first, name) ? first[name] : undefined;
    if (isMap(own) && isMap(value)) merged[name] = filledUp(own, value);
    else if (isEmpty(own)) merged[name] = value;
  }
  return merged;
}

/** `base` with everything that `over` has and that is not empty; maps are merged deeply. */
export function overridden(base: Params, over: Params): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const own = Object.hasOwn(base, name) ? base[name] : undefined;
    if (isMap(own) && isMap(value)) merged[name] = overridden(own, value);
    else if (!isEmpty(value) || own === undefined) merged[name] = value;
  }
  return merged;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isMap(value) && Object.keys(value).length === 0;
}

function isMap(value: unknown): value is Params {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A text made fit for the name of an object. */
export function normalizedName(text: string): string {
  const name = text.toLowerCase().replace(/[^-a-z0-9.]/g, "-");
  return name.slice(0, 253).replace(/^[-.]+|[-.]+$/g, "");
}
