import { JSON_SCHEMA, load, YAMLException } from "js-yaml";
import { booleanSetting, SettingError } from "./setting-values.ts";

/** The value of a setting that is written in YAML. @throws SettingError */
export function yamlValue(text: string): unknown {
  try {
    return load(text, { schema: JSON_SCHEMA });
  } catch (error) {
    const mark = error instanceof YAMLException ? error.mark : undefined;
    throw new SettingError(`it is no YAML${mark === undefined ? "" : ` in its line ${mark.line + 1}`}`);
  }
}

/** The same where it must be a map; nothing at all is an empty one. @throws SettingError */
export function yamlMap(text: string): Readonly<Record<string, unknown>> {
  return asMap(yamlValue(text), "it");
}

/** A member that is a list of texts; absent: none. @throws SettingError */
export function strings(map: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = Object.hasOwn(map, name) ? map[name] : null;
  if (value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
    throw new SettingError(`${name} is no list of texts`);
  }
  return value;
}

/** A member that is true or false, written as such or as a text; absent: false. @throws SettingError */
export function flag(map: Readonly<Record<string, unknown>>, name: string): boolean {
  const value = Object.hasOwn(map, name) ? map[name] : null;
  if (value === null || typeof value === "boolean") return value ?? false;
  if (typeof value !== "string") throw new SettingError(`${name} is neither true nor false`);
  return booleanSetting(value);
}

/** A value that must be a map, called `what` where it is none. @throws SettingError */
export function asMap(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new SettingError(`${what} is no map`);
  return value as Readonly<Record<string, unknown>>;
}
