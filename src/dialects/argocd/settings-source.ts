import { booleanSetting, SettingError, shown, type SettingValues } from "./setting-values.ts";

/** What sources of applications are, where these do not say. */
export interface SourceSettings {
  /** Whether the files of submodules are among those of a commit. */
  readonly submodules: boolean;
  /** Schemes of addresses that values files may have. */
  readonly valuesFileSchemes: readonly string[];
  /** Whether charts are rendered as charts, and kustomizations as such: what is off is a directory of manifests. */
  readonly helm: boolean;
  readonly kustomize: boolean;
}

/** With submodules, values files from web servers, and every tool. */
export const usualSources: SourceSettings = {
  submodules: true,
  valuesFileSchemes: ["https", "http"],
  helm: true,
  kustomize: true,
};

/** Reads `reposerver.enable.git.submodule`, `helm.valuesFileSchemes`, `helm.enable` and `kustomize.enable`. */
export function parseSourceSettings(values: SettingValues, before: SourceSettings): SourceSettings {
  const tool = (name: "helm" | "kustomize") => {
    const key = { object: "argocd-cm", key: `${name}.enable` };
    return values.read(key, { usual: usualSources[name], before: before[name] }, booleanSetting);
  };
  return {
    helm: tool("helm"),
    kustomize: tool("kustomize"),
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
