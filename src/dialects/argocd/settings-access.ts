import { booleanSetting, type SettingValues } from "./setting-values.ts";

/** Who applications act as, and where they may be. */
export interface AccessSettings {
  /** Whether applications act as the service accounts that their projects name. */
  readonly impersonation: boolean;
  /** Patterns of the namespaces besides the installation's own that applications may be in. */
  readonly namespaces: readonly string[];
  /** Whether the cluster that the controller is in is a destination. */
  readonly inCluster: boolean;
}

/** As the controller, and in the installation's namespace alone. */
export const usualAccess: AccessSettings = { impersonation: false, namespaces: [], inCluster: true };

/** Reads `application.sync.impersonation.enabled`, `cluster.inClusterEnabled` and `application.namespaces`. */
export function parseAccess(values: SettingValues, before: AccessSettings): AccessSettings {
  const enabled = { object: "argocd-cm", key: "application.sync.impersonation.enabled" };
  const choices = { usual: usualAccess.impersonation, before: before.impersonation };
  const patterns = values.text("argocd-cmd-params-cm", "application.namespaces") ?? "";
  return {
    impersonation: values.read(enabled, choices, booleanSetting),
    namespaces: patterns
      .split(",")
      .map((pattern) => pattern.trim())
      .filter(Boolean),
    inCluster: values.read(
      { object: "argocd-cm", key: "cluster.inClusterEnabled" },
      { usual: usualAccess.inCluster, before: before.inCluster },
      booleanSetting,
    ),
  };
}
