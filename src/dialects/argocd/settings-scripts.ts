import { type Customization, customizations } from "./setting-customizations.ts";
import { booleanSetting, SettingError, type SettingValues } from "./setting-values.ts";
import { asMap, yamlMap } from "./setting-yaml.ts";

/** Something that is said for the kinds of a pattern: `<group>/<kind>`, or the kind alone in the core group. */
interface ForKinds<T> {
  readonly pattern: string;
  readonly value: T;
}

/** Actions of a kind: the script that lists them, and those that do them. */
export interface ActionScripts {
  readonly discovery: string;
  readonly definitions: readonly { readonly name: string; readonly script: string }[];
  /** Whether the usual actions of the kind are there too. */
  readonly mergeBuiltin: boolean;
}

/** What scripts judge and change objects, by the keys that say so. */
export interface ScriptSettings {
  readonly health: ReadonlyMap<string, ForKinds<string>>;
  readonly openLibs: ReadonlyMap<string, ForKinds<boolean>>;
  readonly actions: ReadonlyMap<string, ForKinds<ActionScripts>>;
}

/** No scripts. */
export const usualScripts: ScriptSettings = { health: new Map(), openLibs: new Map(), actions: new Map() };

/** Reads `resource.customizations.health`, `.useOpenLibs` and `.actions`, by kind or all in one key. */
export function parseScripts(values: SettingValues, before: ScriptSettings): ScriptSettings {
  return {
    health: customizations(values, { sort: "health", older: "health.lua", before: before.health }, (one) =>
      forKinds(one, one.text),
    ),
    openLibs: customizations(
      values,
      { sort: "useOpenLibs", older: "health.lua.useOpenLibs", before: before.openLibs },
      (one) => forKinds(one, booleanSetting(one.text)),
    ),
    actions: customizations(values, { sort: "actions", before: before.actions }, (one) =>
      forKinds(one, actionsOf(one.text)),
    ),
  };
}

function forKinds<T>({ group, kind }: Customization, value: T): ForKinds<T> {
  return { pattern: group === "" ? kind : `${group}/${kind}`, value };
}

function actionsOf(text: string): ActionScripts {
  const written = yamlMap(text);
  const definitions = written["definitions"] ?? [];
  if (!Array.isArray(definitions)) throw new SettingError("definitions is no list");
  return {
    discovery: textOf(written, "discovery.lua"),
    definitions: definitions.map((entry: unknown) => {
      const definition = asMap(entry, "an entry of definitions");
      const name = textOf(definition, "name");
      if (name === "") throw new SettingError("an entry of definitions has no name");
      return { name, script: textOf(definition, "action.lua") };
    }),
    mergeBuiltin: written["mergeBuiltinActions"] === true,
  };
}

function textOf(map: Readonly<Record<string, unknown>>, name: string): string {
  const value = map[name] ?? "";
  if (typeof value !== "string") throw new SettingError(`${name} is no text`);
  return value;
}
