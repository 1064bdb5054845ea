import type { SettingsData, SettingsProblem } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import { type AccessSettings, parseAccess, usualAccess } from "./settings-access.ts";
import { type KustomizeSettings, parseKustomizeSettings, usualKustomize } from "./settings-kustomize.ts";
import { type PollingSettings, parsePolling, usualPolling } from "./settings-polling.ts";
import { parseSync, type SyncSettings, usualSync } from "./settings-sync.ts";
import { type CompareSettings, parseCompare, usualCompare } from "./settings-compare.ts";
import { type ExclusionSettings, parseExclusions, usualExclusions } from "./settings-exclusions.ts";
import { missedLimits } from "./setting-limits.ts";
import { settingValues } from "./setting-values.ts";
import { type GlobalProject, parseGlobalProjects } from "./settings-projects.ts";
import { parseScripts, type ScriptSettings, usualScripts } from "./settings-scripts.ts";
import { parseSets, type SetSettings, usualSets } from "./settings-sets.ts";
import { parseSourceSettings, type SourceSettings, usualSources } from "./settings-source.ts";
import { parseTracking, type TrackingSettings, usualTracking } from "./settings-tracking.ts";

/** ConfigMaps that say how an installation behaves. */
export const SETTINGS_OBJECTS = ["argocd-cm", "argocd-cmd-params-cm"] as const;

/** How an installation behaves, from its ConfigMaps. */
export interface ArgoSettings {
  readonly access: AccessSettings;
  readonly projects: readonly GlobalProject[];
  readonly tracking: TrackingSettings;
  readonly polling: PollingSettings;
  readonly sync: SyncSettings;
  readonly kustomize: KustomizeSettings;
  readonly compare: CompareSettings;
  readonly scripts: ScriptSettings;
  readonly exclusions: ExclusionSettings;
  readonly sources: SourceSettings;
  readonly sets: SetSettings;
  /** What nobody could read yet, though nothing may be written without it; null: nothing was read at all. */
  readonly unreadable: readonly SettingsProblem[] | null;
}

/** What this dialect's functions know of the installation: what the engine was started with, and what its ConfigMaps say. */
export interface Installation extends Settings {
  readonly argo: ArgoSettings;
}

/** The settings of an installation whose ConfigMaps say nothing. */
export const usualArgoSettings: ArgoSettings = {
  access: usualAccess,
  projects: [],
  tracking: usualTracking,
  polling: usualPolling,
  sync: usualSync,
  kustomize: usualKustomize,
  compare: usualCompare,
  scripts: usualScripts,
  exclusions: usualExclusions,
  sources: usualSources,
  sets: usualSets,
  unreadable: null,
};

/** What the ConfigMaps say; a value that cannot be used counts as in `before`. Keys that nobody knows say nothing. */
export function parseSettings(
  data: SettingsData,
  before: ArgoSettings,
): { readonly settings: ArgoSettings; readonly problems: readonly SettingsProblem[] } {
  const values = settingValues(data);
  const settings = {
    access: parseAccess(values, before.access),
    projects: parseGlobalProjects(values, before.projects),
    tracking: parseTracking(values, before.tracking),
    polling: parsePolling(values, before.polling),
    sync: parseSync(values, before.sync),
    kustomize: parseKustomizeSettings(values, before.kustomize),
    compare: parseCompare(values, before.compare),
    scripts: parseScripts(values, before.scripts),
    exclusions: parseExclusions(values, before.exclusions),
    sources: parseSourceSettings(values, before.sources),
    sets: parseSets(values, before.sets),
  };
  const unreadable = missedLimits(values.problems, before.unreadable);
  return { settings: { ...settings, unreadable }, problems: values.problems };
}
