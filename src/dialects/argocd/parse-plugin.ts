import type { PluginSpec } from "#core/app/render-spec.ts";
import type { Problem } from "#core/result.ts";
import { type BuildEnvironment, substituted } from "./build-environment.ts";
import type { PluginFields } from "./source-schema.ts";

/** The plugin that a block asks for, or, without a name or a block, the one that says that the files are for it. */
export function pluginSpec(fields: PluginFields | undefined, environment: BuildEnvironment | null): PluginSpec {
  const known = environment ?? {};
  const built = Object.entries(known).map(([name, value]) => ({ name, value }));
  const own = (fields?.env ?? []).map(({ name, value }) => ({
    name: `ARGOCD_ENV_${name}`,
    value: substituted(value, known),
  }));
  return { kind: "plugin", name: fields?.name || null, env: [...built, ...own, ...(fields ? parameters(fields) : [])] };
}

/** Why a block cannot be used. */
export function pluginProblems(
  fields: PluginFields | undefined,
  { place, plugins }: { readonly place: string; readonly plugins: boolean },
): Problem[] {
  if (!fields) return [];
  const path = `${place}.plugin`;
  if (!plugins) return [{ path, message: `${path}: there are no plugins here: the controller has no --plugin-dir` }];
  const name = fields.name ?? "";
  if (name === "" || /^[A-Za-z0-9][\w.-]{0,251}$/.test(name)) return [];
  return [
    { path: `${path}.name`, message: `${path}.name: ${JSON.stringify(name.slice(0, 80))} is no name of a plugin` },
  ];
}

function parameters({ parameters: all }: PluginFields): PluginSpec["env"] {
  const single = (all ?? []).flatMap(({ name = "", string, array, map }) => {
    const base = `PARAM_${escaped(name)}`;
    return [
      ...(string === undefined ? [] : [{ name: base, value: string }]),
      ...(array ?? []).map((value, index) => ({ name: `${base}_${index}`, value })),
      ...Object.entries(map ?? {}).map(([key, value]) => ({ name: `${base}_${escaped(key)}`, value })),
    ];
  });
  return [{ name: "ARGOCD_APP_PARAMETERS", value: JSON.stringify(all ?? null) }, ...single];
}

function escaped(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");
}
