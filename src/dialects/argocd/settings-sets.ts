import { booleanSetting, SettingError, shown, type SettingValues } from "./setting-values.ts";

/** How sets of applications are served. */
export interface SetSettings {
  /** Patterns of the namespaces besides the installation's own that sets may be in. */
  readonly namespaces: readonly string[];
  /** What counts whatever a set says; null: what the set says. */
  readonly policy: string | null;
  /** Patterns of files take stars as a shell does. */
  readonly plainStars: boolean;
  readonly keptAnnotations: readonly string[];
  readonly keptLabels: readonly string[];
  /** Services that keep code are asked. */
  readonly asksServices: boolean;
  /** Addresses of services besides their own; empty: any. */
  readonly services: readonly string[];
}

/** Sets in the installation's namespace alone, which decide for themselves. */
export const usualSets: SetSettings = {
  namespaces: [],
  policy: null,
  plainStars: false,
  keptAnnotations: [],
  keptLabels: [],
  asksServices: true,
  services: [],
};

const OBJECT = "argocd-cmd-params-cm";
const PREFIX = "applicationsetcontroller.";
const POLICIES = ["sync", "create-only", "create-update", "create-delete"];

/** Reads the settings of sets. */
export function parseSets(values: SettingValues, before: SetSettings): SetSettings {
  const read = <T>(key: string, choices: { usual: T; before: T }, parse: (text: string) => T): T =>
    values.read({ object: OBJECT, key: `${PREFIX}${key}` }, choices, parse);
  const flag = (key: string, usual: boolean, known: boolean) => read(key, { usual, before: known }, booleanSetting);
  const list = (key: string, known: readonly string[]) =>
    read<readonly string[]>(key, { usual: [], before: known }, words);
  const policy = read<string | null>("policy", { usual: null, before: before.policy }, policyOf);
  // Where somebody chose a policy, sets have theirs only if that was chosen as well.
  const isOverridden = flag("enable.policy.override", policy === null, policy === null);
  return {
    namespaces: list("namespaces", before.namespaces),
    policy: isOverridden ? null : (policy ?? "sync"),
    plainStars: flag("enable.new.git.file.globbing", false, before.plainStars),
    keptAnnotations: list("global.preserved.annotations", before.keptAnnotations),
    keptLabels: list("global.preserved.labels", before.keptLabels),
    asksServices: flag("enable.scm.providers", true, before.asksServices),
    services: list("allowed.scm.providers", before.services),
  };
}

function policyOf(text: string): string {
  if (POLICIES.includes(text)) return text;
  throw new SettingError(`${shown(text)} is none of ${POLICIES.join(", ")}`);
}

function words(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}
