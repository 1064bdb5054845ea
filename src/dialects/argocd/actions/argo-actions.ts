import type { ActionChange, DialectActions, ObjectAction } from "#core/app/object-actions.ts";
import type { HealthScript } from "#core/health/health.ts";
import type { ScriptValue } from "#core/health/script-health.ts";
import { idOf, keyOf, kindKey } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { ok, refused, type Result } from "#core/result.ts";
import { fieldAt, listAt, textAt } from "../fields.ts";
import { kindName } from "../health/health-scripts.ts";
import type { ActionScripts, ScriptSettings } from "../settings-scripts.ts";
import { builtInActions } from "./built-in-actions.ts";
import { withListsAsBefore } from "./lua-tables.ts";

/** What an installation with these scripts lets its users do to objects. */
export function argoActions({ actions }: ScriptSettings): DialectActions {
  const byKind = new Map([...actions.values()].map(({ pattern, value }) => [pattern, value]));
  const scriptsOf = (object: Resource): ActionScripts | undefined => byKind.get(kindName(object));
  return {
    discoveryOf: (object) => {
      const scripts = scriptsOf(object);
      return scripts && scripts.discovery !== "" ? script(object, "discovery.lua", scripts.discovery) : null;
    },
    list: (object, found) => {
      const scripts = scriptsOf(object);
      const listed = found === null ? ok([]) : listedBy(found);
      if (!listed.ok || (scripts && !scripts.mergeBuiltin)) return listed;
      const names = new Set(listed.value.map(({ name }) => name));
      return ok([...listed.value, ...builtIn(object).filter(({ name }) => !names.has(name))]);
    },
    wayOf: (object, name) => {
      const own = scriptsOf(object)?.definitions.find((definition) => definition.name === name);
      if (own) return { kind: "script", script: script(object, `action.lua ${name}`, own.script) };
      const known = builtInActions[kindKey(idOf(object))]?.find((action) => action.name === name);
      return known ? { kind: "built-in", run: (choice) => known.run(object, choice) } : null;
    },
    changes: changesOf,
  };
}

function script(object: Resource, part: string, text: string): HealthScript {
  return { name: `${part} of ${kindName(object)}`, text, openLibs: false };
}

function builtIn(object: Resource): readonly ObjectAction[] {
  return (builtInActions[kindKey(idOf(object))] ?? [])
    .filter((action) => action.isListed(object))
    .map(({ name, displayName, params, isDisabled }) => ({ name, displayName, params, disabled: isDisabled(object) }));
}

/** What a discovery script lists: a table of actions by name. */
function listedBy({ type, value }: ScriptValue): Result<readonly ObjectAction[], string> {
  if (type !== "table") return refused(`expect table output from Lua script, not ${type}`);
  if (Array.isArray(value)) return value.length === 0 ? ok([]) : refused("the script lists actions without names");
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  return ok(
    entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, said]) => ({
        name,
        displayName: textAt(said, "displayName") || null,
        disabled: fieldAt(said, "disabled") === true,
        params: listAt(said, "params").map((one) => ({
          name: textAt(one, "name"),
          default: textAt(one, "default") || null,
        })),
      })),
  );
}

/** What an action's script asks for: the object as it shall be, or a list of operations. */
function changesOf(object: Resource, { type, value }: ScriptValue): Result<readonly ActionChange[], string> {
  if (type !== "table") return refused(`expect table output from Lua script, not ${type}`);
  if (!Array.isArray(value)) return changeOf(object, { operation: "patch", resource: value });
  const changes: ActionChange[] = [];
  for (const entry of value) {
    const made = changeOf(object, entry);
    if (!made.ok) return made;
    changes.push(...made.value);
  }
  return ok(changes);
}

function changeOf(object: Resource, entry: unknown): Result<readonly ActionChange[], string> {
  const operation = textAt(entry, "operation");
  const resource = fieldAt(entry, "resource");
  if (operation !== "patch" && operation !== "create") {
    return refused(`unsupported operation ${JSON.stringify(operation)}: only patch and create are`);
  }
  for (const path of [["apiVersion"], ["kind"], ["metadata", "name"]]) {
    if (textAt(resource, ...path) === "") return refused(`the script returned an object without ${path.join(".")}`);
  }
  const wanted = resource as Resource;
  if (operation === "patch" && keyOf(wanted) !== keyOf(object)) return refused("the script patches another object");
  return ok([{ operation, object: operation === "patch" ? withListsAsBefore(wanted, object) : wanted }]);
}
