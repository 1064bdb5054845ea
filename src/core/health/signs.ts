import { numberAt, textAt } from "./condition.ts";
import type { Health, HealthStatus } from "./health.ts";
import type { Resource } from "#core/resource/resource.ts";

/** A place in an object: member names with `/` between them, `~1` for one within, `*` for every member; lists stand for their entries. */
export type Place = string;

/** Something that an object may show. */
export type Sign =
  /** A condition of one of these types has one of these statuses, and one of the reasons, where any are given. */
  | {
      readonly kind: "condition";
      readonly types: readonly string[];
      readonly statuses: readonly string[];
      readonly reasons: readonly string[];
      /** Where any are given, the severity is one of these; "" stands for none. */
      readonly severities: readonly string[];
      readonly at: Place;
      /** Whether those count that are about the latest generation, or about an older one. */
      readonly age: "any" | "fresh" | "stale";
    }
  /** A field has one of these values; null stands for no value. */
  | { readonly kind: "field"; readonly at: Place; readonly values: readonly (string | number | boolean | null)[] }
  /** A field has a value, an entry or a member. */
  | { readonly kind: "filled"; readonly at: Place }
  /** A number, 0 where it is absent, is less than another; of several, any than the one in its place. */
  | { readonly kind: "less"; readonly at: Place; readonly than: Place; readonly otherwise: number }
  /** Text such as `1/3`: none, some or all of that many. */
  | { readonly kind: "share"; readonly at: Place; readonly of: "none" | "some" | "all" }
  /** Two fields have different values. */
  | { readonly kind: "differs"; readonly at: Place; readonly from: Place }
  /** The status is about an older generation; `strict`: or does not say. */
  | { readonly kind: "behind"; readonly strict: boolean }
  | { readonly kind: "all"; readonly signs: readonly Sign[] }
  | { readonly kind: "not"; readonly sign: Sign };

/** The verdict on objects that show a sign. `says`: a place when it begins with `/`, otherwise the message itself. */
export interface SignRow {
  readonly status: HealthStatus;
  readonly sign: Sign;
  readonly says: string | null;
}

const CONDITION_FIELDS = ["type", "status", "reason", "message", "severity"] as const;

/** The first row that holds decides; while none does, the object is on its way. */
export function healthBySigns(object: Resource, rows: readonly SignRow[]): Health {
  for (const { status, sign, says } of rows) {
    const found = lookFor(object, sign);
    if (found !== null) return { status, message: messageOf(object, says) || found };
  }
  return { status: "Progressing", message: `waiting for ${object.kind} to report its state` };
}

/** What an object shows of a sign, in its own words as far as it has any; null: it does not show it. */
function lookFor(object: Resource, sign: Sign): string | null {
  switch (sign.kind) {
    case "condition":
      return conditionText(object, sign);
    case "field": {
      const found = scalarsAt(object, sign.at);
      const known = found.length === 0 ? [null] : found;
      const value = known.find((one) => sign.values.includes(one));
      return value === undefined ? null : value === null ? "" : String(value);
    }
    case "filled":
      return valuesAt(object, sign.at).some(isFilled) ? "" : null;
    case "less":
      return lessText(object, sign);
    case "share":
      return shareOf(scalarsAt(object, sign.at)[0]) === sign.of ? "" : null;
    case "differs":
      return scalarsAt(object, sign.at)[0] === scalarsAt(object, sign.from)[0] ? null : "";
    case "behind":
      return isBehind(object, sign.strict) ? "waiting for the latest generation to be observed" : null;
    case "all": {
      const texts = sign.signs.map((one) => lookFor(object, one));
      return texts.includes(null) ? null : (texts.find((text) => text) ?? "");
    }
    case "not":
      return lookFor(object, sign.sign) === null ? "" : null;
  }
}

function conditionText(object: Resource, sign: Extract<Sign, { kind: "condition" }>): string | null {
  const generation = numberAt(object, ["metadata", "generation"], 0);
  for (const condition of valuesAt(object, sign.at)) {
    const age = numberAt(condition, ["observedGeneration"], generation) < generation ? "stale" : "fresh";
    if (sign.age !== "any" && sign.age !== age) continue;
    const [type, status, reason, message, severity] = CONDITION_FIELDS.map((name) => textAt(condition, [name]));
    const fits =
      allows(sign.types, type) &&
      allows(sign.statuses, status) &&
      allows(sign.reasons, reason) &&
      allows(sign.severities, severity);
    if (fits) return message || reason || "";
  }
  return null;
}

function allows(those: readonly string[], one: string | undefined): boolean {
  return those.length === 0 || (one !== undefined && those.includes(one));
}

function lessText(object: Resource, { at, than, otherwise }: Extract<Sign, { kind: "less" }>): string | null {
  const has = valuesAt(object, at).map(numberOf);
  const wants = valuesAt(object, than).map(numberOf);
  for (let place = 0; place < Math.max(has.length, wants.length, 1); place++) {
    const [found, wanted] = [has[place] ?? 0, wants[place] ?? otherwise];
    if (found < wanted) return `${found} of ${wanted} are ready`;
  }
  return null;
}

function shareOf(text: unknown): "none" | "some" | "all" | null {
  const [, ready, total] = /^(\d+)\/(\d+)$/.exec(String(text)) ?? [];
  if (ready === undefined) return null;
  if (Number(ready) === 0) return "none";
  return ready === total ? "all" : "some";
}

/** Some write the generation as text. */
function isBehind(object: Resource, strict: boolean): boolean {
  const observed = numberOf(valuesAt(object, "status/observedGeneration")[0]);
  const generation = numberAt(object, ["metadata", "generation"], 0);
  return observed === null || observed === 0 ? strict : observed < generation;
}

function messageOf(object: Resource, says: string | null): string {
  if (!says?.startsWith("/")) return says ?? "";
  const [found] = scalarsAt(object, says.slice(1));
  return found === undefined ? "" : String(found);
}

function scalarsAt(value: unknown, at: Place): readonly (string | number | boolean)[] {
  return valuesAt(value, at).filter(isScalar);
}

/** Every value at a place. */
function valuesAt(value: unknown, at: Place): readonly unknown[] {
  let found: readonly unknown[] = [value];
  for (const name of at.split("/")) {
    const member = name.replaceAll("~1", "/");
    found = found.flatMap((one) => membersOf(one, member));
  }
  return found;
}

function membersOf(value: unknown, name: string): readonly unknown[] {
  if (typeof value !== "object" || value === null) return [];
  if (name === "*") return Object.values(value);
  if (!Object.hasOwn(value, name)) return [];
  const found = (value as Readonly<Record<string, unknown>>)[name];
  if (found === null || found === undefined) return [];
  return Array.isArray(found) ? found : [found];
}

function isFilled(value: unknown): boolean {
  return typeof value !== "object" ? value !== "" : value !== null && Object.keys(value).length > 0;
}

function numberOf(value: unknown): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\d+$/.test(value) ? Number(value) : null;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
