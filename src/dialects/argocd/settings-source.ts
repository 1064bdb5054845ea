import { booleanSetting, SettingError, shown, type SettingValues } from "./setting-values.ts";

/** What sources of applications are, where these do not say. */
export interface SourceSettings {
  /** Whether the files of submodules are among those of a commit. */
  readonly submodules: boolean;
  /** Schemes of addresses that values files may have. */
  readonly valuesFileSchemes: readonly string[];
}

/** With submodules, and values files from web servers. */
export const usualSources: SourceSettings = { submodules: true, valuesFileSchemes: ["https", "http"] };

/** Reads `reposerver.enable.git.submodule` and `helm.valuesFileSchemes`. */
export function parseSourceSettings(values: SettingValues, before: SourceSettings): SourceSettings {
  return {
    submodules: values.read(
      { object: "argocd-cmd-params-cm", key: "reposerver.enable.git.submodule" },
      { usual: usualSources.submodules, before: before.submodules },
      booleanSetting,
    ),
    valuesFileSchemes: values.read(
      { object: "argocd-cm", key: "helm.valuesFileSchemes" },
      { usual: usualSources.valuesFileSchemes, before: before.valuesFileSchemes },
      schemesOf,
    ),
  };
}

function schemesOf(text: string): readonly string[] {
  const schemes = text.split(",").map((one) => one.trim().toLowerCase());
  const wrong = schemes.find((one) => !/^[a-z][a-z0-9+.-]*$/.test(one));
  if (wrong !== undefined) throw new SettingError(`${shown(wrong)} is no scheme of an address`);
  const unknown = schemes.find((one) => !usualSources.valuesFileSchemes.includes(one));
  if (unknown !== undefined) throw new SettingError(`values files at ${unknown}:// are not supported yet`);
  return schemes;
}
