import type { KustomizeBuildOptions } from "#core/app/render-spec.ts";
import { SettingError, shown, type SettingValues } from "./setting-values.ts";

/** What kustomizations may do: all of them, and those that name a version with options of its own. */
export interface KustomizeSettings {
  readonly options: KustomizeBuildOptions;
  readonly byVersion: Readonly<Record<string, KustomizeBuildOptions>>;
}

/** kustomize without options. */
export const usualKustomize: KustomizeSettings = { options: {}, byVersion: {} };

const OBJECT = "argocd-cm";
const KEY = "kustomize.buildOptions";

type Change = (options: KustomizeBuildOptions, value: string) => KustomizeBuildOptions;

/** Options of `kustomize build` that say whether they are on. */
const SWITCHES: Readonly<Record<string, (isOn: boolean) => KustomizeBuildOptions>> = {
  "--enable-helm": (enableHelm) => ({ enableHelm }),
  "--enable-managedby-label": (managedByLabel) => ({ managedByLabel }),
  // Says more when something fails, which conditions do not show.
  "--helm-debug": () => ({}),
};

/** Options that take a value. */
const VALUES: Readonly<Record<string, Change>> = {
  "--load-restrictor": (options, value) => ({ ...options, rootOnly: restrictorOf(value) }),
  "--reorder": (options, value) => ({ ...options, reorder: orderOf(value) }),
  "--helm-kube-version": (options, kubeVersion) => ({ ...options, kubeVersion }),
  "--helm-api-versions": (options, value) => ({
    ...options,
    apiVersions: [...(options.apiVersions ?? []), ...value.split(",").filter(Boolean)],
  }),
};

/** Options that start programs or open what is outside; a build that needs one fails. */
const REFUSED: Readonly<Record<string, "switch" | "value">> = {
  "--enable-alpha-plugins": "switch",
  "--enable-exec": "switch",
  "--enable-star": "switch",
  "--as-current-user": "switch",
  "--network": "switch",
  "--network-name": "value",
  "--mount": "value",
  "--env": "value",
  "-e": "value",
  "--helm-command": "value",
  "--output": "value",
  "-o": "value",
};

/** Reads `kustomize.buildOptions` and `kustomize.buildOptions.VERSION`. */
export function parseKustomizeSettings(values: SettingValues, before: KustomizeSettings): KustomizeSettings {
  const read = (key: string, known: KustomizeBuildOptions | undefined) => {
    const choices = { usual: usualKustomize.options, before: known ?? usualKustomize.options };
    values.read({ object: OBJECT, key }, { usual: null, before: null }, tellRefused);
    return values.read({ object: OBJECT, key }, choices, buildOptionsOf);
  };
  const versions = values.keys(OBJECT).filter((key) => key.startsWith(`${KEY}.`));
  const named = versions.map((key) => {
    const version = key.slice(KEY.length + 1);
    return [version, read(key, before.byVersion[version])] as const;
  });
  return { options: read(KEY, before.options), byVersion: Object.fromEntries(named) };
}

function buildOptionsOf(text: string): KustomizeBuildOptions {
  let options: KustomizeBuildOptions = {};
  for (const { name, value } of flagsOf(text)) {
    const [change, turn] = [VALUES[name], SWITCHES[name]];
    if (change) options = change(options, value ?? "");
    else if (turn) options = { ...options, ...turn(switchOf(name, value)) };
    else if (!Object.hasOwn(REFUSED, name)) throw new SettingError(`${shown(name)} is no option of kustomize build`);
  }
  return options;
}

function tellRefused(text: string): null {
  const refused = flagsOf(text).filter(({ name }) => Object.hasOwn(REFUSED, name));
  if (refused.length === 0) return null;
  const names = refused.map(({ name }) => name).join(", ");
  throw new SettingError(`${names}: not supported, builds go on without`);
}

/** `--name value`, `--name=value` and `--name`. */
function flagsOf(text: string): readonly { readonly name: string; readonly value: string | null }[] {
  const flags: { name: string; value: string | null }[] = [];
  const words = text.split(/\s+/).filter(Boolean);
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const takesNext = equals < 0 && (Object.hasOwn(VALUES, name) || REFUSED[name] === "value");
    flags.push({ name, value: equals >= 0 ? word.slice(equals + 1) : takesNext ? (words[++at] ?? "") : null });
  }
  return flags;
}

function switchOf(name: string, value: string | null): boolean {
  if (value === null || value === "true") return true;
  if (value === "false") return false;
  throw new SettingError(`${name}: ${shown(value)} is neither true nor false`);
}

function restrictorOf(value: string): boolean {
  if (value === "LoadRestrictionsNone") return false;
  if (value === "LoadRestrictionsRootOnly") return true;
  throw new SettingError(
    `--load-restrictor: ${shown(value)} is neither LoadRestrictionsRootOnly nor LoadRestrictionsNone`,
  );
}

function orderOf(value: string): "legacy" | "none" {
  if (value === "legacy" || value === "none") return value;
  throw new SettingError(`--reorder: ${shown(value)} is neither legacy nor none`);
}
