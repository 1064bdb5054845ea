import type { Problem } from "#core/result.ts";
import { fieldAt } from "./fields.ts";

/** Fields of `spec` that this version refuses rather than ignores. */
const SPEC_FIELDS = ["sourceHydrator"];

/** Names every field of a spec that is used but not supported yet. */
export function unsupportedFields(spec: unknown): Problem[] {
  return [...refusals(spec, SPEC_FIELDS, "spec")];
}

function refusals(value: unknown, fields: readonly string[], root: string): Problem[] {
  return fields
    .filter((field) => isUsed(fieldAt(value, ...field.split("."))))
    .map((field) => ({ path: `${root}.${field}`, message: `${root}.${field} is not supported yet` }));
}

/** Empty values ask for nothing. */
function isUsed(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === "") return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== "object" || Object.keys(value).length > 0;
}
