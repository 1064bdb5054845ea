import type { HealthScript } from "#core/health/health.ts";
import { globMatches } from "#core/policy/glob.ts";
import { idOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ScriptSettings } from "../settings-scripts.ts";

/** Finds the installation's own script for an object's kind: the one for just this kind, or the first whose pattern fits. */
export function healthScripts({ health, openLibs }: ScriptSettings): (object: Resource) => HealthScript | null {
  const libraries = new Map([...openLibs.values()].map(({ pattern, value }) => [pattern, value]));
  const scripts = new Map<string, HealthScript>();
  for (const { pattern, value } of health.values()) {
    const script = { name: `health.lua of ${pattern}`, text: value, openLibs: libraries.get(pattern) ?? false };
    scripts.set(pattern, script);
  }
  const patterns = [...scripts].filter(([pattern]) => /[*?[{]/.test(pattern));
  const known = new Map<string, HealthScript | null>();
  return (object) => {
    if (scripts.size === 0) return null;
    const key = kindName(object);
    const found = known.get(key);
    if (found !== undefined) return found;
    const script = scripts.get(key) ?? patterns.find(([pattern]) => globMatches(pattern, key))?.[1] ?? null;
    known.set(key, script);
    return script;
  };
}

/** `<group>/<kind>`, or the kind alone in the core group. */
export function kindName(object: Resource): string {
  const { group, kind } = idOf(object);
  return group === "" ? kind : `${group}/${kind}`;
}
