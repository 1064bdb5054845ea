import type { Resource } from "#core/resource/resource.ts";
import { fieldAt } from "./condition.ts";
import type { Answer } from "./expression-health.ts";
import { type Health, type HealthScript, type HealthStatus, type HealthTable, healthOf } from "./health.ts";

/** What a script returned: the name that its language has for the type, and the value as JSON. */
export interface ScriptValue {
  readonly type: string;
  readonly value: unknown;
}

/** What is known of a script's run on an object. */
type ScriptAnswer = Answer<ScriptValue>;

const STATUSES: ReadonlySet<unknown> = new Set<HealthStatus>([
  "Healthy",
  "Suspended",
  "Progressing",
  "Missing",
  "Degraded",
  "Unknown",
]);

/** The verdict on an object by the table's script for its kind, where there is one, and otherwise by its rules. */
export function judge(
  object: Resource,
  table: HealthTable,
  { now, ask }: { readonly now: number; readonly ask: (script: HealthScript) => ScriptAnswer },
): Health | null {
  const script = table.scriptOf?.(object);
  if (!script) return healthOf(object, table, now);
  for (const rule of table.first) {
    const verdict = rule(object, now);
    if (verdict) return verdict;
  }
  const answer = ask(script);
  switch (answer.kind) {
    case "pending":
      return { status: "Progressing", message: "is being judged", undecided: true };
    case "error":
      return { status: "Unknown", message: answer.message };
    case "value":
      // A script that returns nothing leaves built-in kinds to their rules.
      return answer.value.type === "nil"
        ? healthOf(object, { ...table, otherwise: () => null }, now)
        : returned(script, answer.value);
  }
}

function returned({ name }: HealthScript, { type, value }: ScriptValue): Health | null {
  if (type !== "table")
    return { status: "Unknown", message: `${name}: expect table output from Lua script, not ${type}` };
  if (Array.isArray(value) && value.length === 0) return null;
  const [status, message = ""] = [fieldAt(value, ["status"]), fieldAt(value, ["message"])];
  if (!STATUSES.has(status)) return { status: "Unknown", message: "Lua returned an invalid health status" };
  return { status: status as HealthStatus, message: typeof message === "string" ? message : JSON.stringify(message) };
}
