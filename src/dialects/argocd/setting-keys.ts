/** What a key of the settings ConfigMaps does here. `*` stands for any rest of its name. */
export interface SettingRow {
  readonly object: "argocd-cm" | "argocd-cmd-params-cm";
  readonly keys: readonly string[];
  readonly state: "served" | "no effect" | "later";
  /** Why it has no effect, or what to know. */
  readonly why: string;
}

const CM = "argocd-cm";
const PARAMS = "argocd-cmd-params-cm";

/** Every key that people set. */
export const settingRows: readonly SettingRow[] = [
  {
    object: CM,
    keys: ["application.resourceTrackingMethod", "application.instanceLabelKey", "installationID"],
    state: "served",
    why: "",
  },
  { object: CM, keys: ["timeout.reconciliation", "timeout.reconciliation.jitter"], state: "served", why: "" },
  {
    object: PARAMS,
    keys: [
      "controller.sync.timeout.seconds",
      "controller.self.heal.timeout.seconds",
      "controller.self.heal.backoff.timeout.seconds",
      "controller.self.heal.backoff.factor",
      "controller.self.heal.backoff.cap.seconds",
    ],
    state: "served",
    why: "healing is immediate where none of them is set",
  },
  { object: CM, keys: ["resource.exclusions", "resource.inclusions"], state: "served", why: "" },
  {
    object: CM,
    keys: ["resource.compareoptions"],
    state: "served",
    why: "`ignoreAggregatedRoles`; statuses are never compared, and events cost no request that could be spared",
  },
  {
    object: CM,
    keys: ["resource.customizations", "resource.customizations.ignoreDifferences.*"],
    state: "served",
    why: "",
  },
  {
    object: CM,
    keys: [
      "resource.customizations.health.*",
      "resource.customizations.actions.*",
      "resource.customizations.useOpenLibs.*",
    ],
    state: "served",
    why: "",
  },
  { object: CM, keys: ["kustomize.buildOptions", "kustomize.buildOptions.*"], state: "served", why: "" },
  {
    object: CM,
    keys: ["resource.customizations.ignoreResourceUpdates.*", "resource.ignoreResourceUpdatesEnabled"],
    state: "no effect",
    why: "a change of an object costs a comparison in memory: none is worth holding back",
  },
  {
    object: CM,
    keys: ["resource.customizations.knownTypeFields.*"],
    state: "no effect",
    why: "objects of custom kinds are stored as they are sent, and quantities are equal in every form",
  },
  {
    object: CM,
    keys: ["webhook.*"],
    state: "no effect",
    why: "a webhook costs one question to its repository, and may have 4 MiB",
  },
  { object: PARAMS, keys: ["application.namespaces"], state: "served", why: "" },
  { object: CM, keys: ["application.sync.impersonation.enabled"], state: "served", why: "" },
  { object: CM, keys: ["resource.respectRBAC"], state: "no effect", why: "only kinds in use are read" },
  {
    object: CM,
    keys: ["timeout.hard.reconciliation"],
    state: "no effect",
    why: "no render outlives what it was made from",
  },
  {
    object: CM,
    keys: ["kustomize.path.*", "kustomize.version.*"],
    state: "no effect",
    why: "kustomize is built in, in one version",
  },
  {
    object: CM,
    keys: ["helm.valuesFileSchemes"],
    state: "served",
    why: "`https` and `http`",
  },
  { object: PARAMS, keys: ["reposerver.enable.git.submodule"], state: "served", why: "" },
  { object: CM, keys: ["globalProjects", "cluster.inClusterEnabled"], state: "served", why: "" },
  { object: CM, keys: ["helm.enable", "kustomize.enable"], state: "served", why: "" },
  {
    object: CM,
    keys: ["jsonnet.enable"],
    state: "no effect",
    why: "as in Argo CD, which reads directories all the same",
  },
  {
    object: CM,
    keys: [
      "url",
      "additionalUrls",
      "dex.config",
      "oidc.*",
      "admin.enabled",
      "accounts.*",
      "users.*",
      "passwordPattern",
      "statusbadge.*",
      "ui.*",
      "help.*",
      "ga.*",
      "exec.*",
      "resource.links",
      "project.links",
      "application.links",
      "application.allowedNodeLabels",
      "application.sync.requireOverridePrivilegeForRevisionSync",
      "resource.sensitive.mask.annotations",
      "resource.customLabels",
      "server.*",
      "extension.config*",
    ],
    state: "later",
    why: "of the API server and the web interface",
  },
  {
    object: PARAMS,
    keys: [
      "repo.server*",
      "redis.*",
      "commit.server",
      "controller.sharding.algorithm",
      "controller.cluster.cache.*",
      "controller.*.processors",
      "controller.kubectl.*",
      "controller.k8sclient.*",
      "controller.repo.error.grace.period.seconds",
      "controller.app.state.cache.expiration",
      "controller.default.cache.expiration",
      "reposerver.*",
      "hydrator.*",
      "commitserver.*",
    ],
    state: "no effect",
    why: "one process with limits of its own; a source that fails goes on with its last content",
  },
  {
    object: PARAMS,
    keys: ["controller.log.*", "controller.metrics.*", "controller.profile.enabled", "log.*", "otlp.*"],
    state: "no effect",
    why: "options of the program say it",
  },
  {
    object: PARAMS,
    keys: ["controller.diff.server.side"],
    state: "no effect",
    why: "what is compared is what server-side apply would change",
  },
  {
    object: PARAMS,
    keys: ["controller.ignore.normalizer.jq.timeout"],
    state: "no effect",
    why: "one second, after which the application stops",
  },
  {
    object: PARAMS,
    keys: ["controller.resource.health.persist"],
    state: "no effect",
    why: "health of objects is not written into the status",
  },
  {
    object: PARAMS,
    keys: [
      "applicationsetcontroller.namespaces",
      "applicationsetcontroller.policy",
      "applicationsetcontroller.enable.policy.override",
      "applicationsetcontroller.enable.new.git.file.globbing",
      "applicationsetcontroller.global.preserved.annotations",
      "applicationsetcontroller.global.preserved.labels",
      "applicationsetcontroller.enable.scm.providers",
      "applicationsetcontroller.allowed.scm.providers",
    ],
    state: "served",
    why: "",
  },
  {
    object: PARAMS,
    keys: [
      "applicationsetcontroller.enable.progressive.syncs",
      "applicationsetcontroller.concurrent.reconciliations.max",
      "applicationsetcontroller.enable.leader.election",
      "applicationsetcontroller.requeue.after",
      "applicationsetcontroller.log.*",
      "applicationsetcontroller.status.max.resources.count",
    ],
    state: "no effect",
    why: "rolling syncs are always there, and the options of the program say the rest",
  },
  {
    object: PARAMS,
    keys: ["server.*", "dexserver.*", "notificationscontroller.*"],
    state: "later",
    why: "of the API server, single sign-on and notifications",
  },
];
