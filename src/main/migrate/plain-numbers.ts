import { isExactInteger } from "#adapters/kube/exact-json.ts";

/** The same value with integers that YAML writes digit for digit. */
export function plainNumbers(value: unknown): unknown {
  if (isExactInteger(value)) return BigInt(JSON.stringify(value));
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plainNumbers(member)]));
}
