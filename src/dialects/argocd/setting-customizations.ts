import { SettingError, type SettingValues } from "./setting-values.ts";
import { asMap, yamlMap } from "./setting-yaml.ts";

/** What is said for some kinds: the patterns of their group and kind, and the text. */
export interface Customization {
  readonly group: string;
  readonly kind: string;
  readonly text: string;
}

const OBJECT = "argocd-cm";
const ROOT = "resource.customizations";

/**
 * All that is customized of one sort (`ignoreDifferences`, say), each by a key of its own or together in one, by the name
 * that tells them apart; `older` is its name there, where that is another. What `parse` refuses counts as `before` has it.
 */
export function customizations<T>(
  values: SettingValues,
  {
    sort,
    older = sort,
    before,
  }: { readonly sort: string; readonly older?: string; readonly before: ReadonlyMap<string, T> },
  parse: (customization: Customization) => T,
): ReadonlyMap<string, T> {
  const found = new Map<string, T>(together(values, { older, before }, parse));
  const prefix = `${ROOT}.${sort}.`;
  for (const key of values.keys(OBJECT)) {
    if (!key.startsWith(prefix)) continue;
    const choices = { usual: null, before: before.get(key) ?? null };
    const value = values.read({ object: OBJECT, key }, choices, (text) =>
      parse({ ...namedKinds(key.slice(prefix.length)), text }),
    );
    if (value !== null) found.set(key, value);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The older form: one key with a map, `<group>/<kind>` to texts by their sort. */
function together<T>(
  values: SettingValues,
  { older, before }: { readonly older: string; readonly before: ReadonlyMap<string, T> },
  parse: (customization: Customization) => T,
): (readonly [string, T])[] {
  const held = [...before].filter(([key]) => key.startsWith(`${ROOT} `));
  return values.read<(readonly [string, T])[]>({ object: OBJECT, key: ROOT }, { usual: [], before: held }, (text) =>
    Object.entries(yamlMap(text)).flatMap(([name, value]) => {
      const written = asMap(value, name)[older];
      if (written === undefined || written === null) return [];
      const said = typeof written === "boolean" ? String(written) : written;
      if (typeof said !== "string") throw new SettingError(`${older} of ${name} is no text`);
      const split = name.lastIndexOf("/");
      const [group, kind] = split < 0 ? ["", name] : [name.slice(0, split), name.slice(split + 1)];
      return [[`${ROOT} ${name}`, parse({ group, kind, text: said })] as const];
    }),
  );
}

/** `<group>_<kind>`, `<kind>` of the core group, or `all`. */
function namedKinds(name: string): { group: string; kind: string } {
  if (name === "all") return { group: "*", kind: "*" };
  const parts = name.split("_");
  const [group = "", kind = ""] = parts.length === 1 ? ["", name] : parts;
  if (parts.length > 2 || kind === "") throw new SettingError("the end of the key is no <group>_<kind>");
  return { group, kind };
}
