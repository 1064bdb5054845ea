import type { SignRow } from "#core/health/signs.ts";
import type { KindRows } from "./rows.ts";
import {
  all,
  because,
  condition,
  degraded,
  each,
  field,
  filled,
  healthy,
  is,
  no,
  phase,
  progressing,
  share,
  state,
  suspended,
} from "./rows.ts";

/** prometheus-operator.dev: `Available`, and the reason that tells pods on their way from failure. */
const availableRows: readonly SignRow[] = [
  progressing(condition(["Available"], ["False", "Unknown"], { reasons: ["SomePodsNotReady"] })),
  degraded(condition(["Available"], ["False", "Unknown"])),
  healthy(is("Available")),
];

const policyStatus = "status/conditionStatus/conditions";
/** kyverno.io, policies of the newer API. */
const kyvernoRows: readonly SignRow[] = [
  progressing(condition([], [], { at: policyStatus, age: "stale" })),
  healthy(field("status/conditionStatus/ready", true), "it is ready"),
  degraded(condition([], ["False"], { at: policyStatus })),
  degraded(filled("status/conditionStatus"), "/status/conditionStatus/message"),
];

const backupRows: readonly SignRow[] = [
  healthy(phase("Completed")),
  degraded(
    phase(
      "FailedValidation",
      "Failed",
      "PartiallyFailed",
      "WaitingForPluginOperationsPartiallyFailed",
      "FinalizingPartiallyFailed",
    ),
    "/status/failureReason",
  ),
  progressing(filled("status/phase"), "/status/phase"),
];

const cephRows: readonly SignRow[] = [
  healthy(phase("Ready", "Connected")),
  degraded(phase("Failure", "Error", "ReconcileFailed"), "/status/phase"),
  progressing(filled("status/phase"), "/status/phase"),
];

/** Monitoring, policy, storage and backups. */
export const platformKinds: KindRows = {
  ...each("monitoring.coreos.com", ["Prometheus", "PrometheusAgent", "Alertmanager", "ThanosRuler"], availableRows),
  "opentelemetry.io/OpenTelemetryCollector": [
    healthy(field("spec/mode", "sidecar"), "its pods are those of others"),
    healthy(all(field("spec/mode", "daemonset"), field("status/scale/statusReplicas", "0/0")), "no node is eligible"),
    healthy(share("status/scale/statusReplicas", "all"), "/status/scale/statusReplicas"),
    degraded(share("status/scale/statusReplicas", "none"), "/status/scale/statusReplicas"),
    progressing(share("status/scale/statusReplicas", "some"), "/status/scale/statusReplicas"),
  ],
  "grafana.integreatly.org/Grafana": [
    degraded(field("status/stageStatus", "failed"), "/status/stage"),
    healthy(all(field("status/stage", "complete"), field("status/stageStatus", "success"))),
    progressing(filled("status/stage"), "/status/stage"),
  ],
  ...each(
    "grafana.integreatly.org",
    ["GrafanaDashboard", "GrafanaDatasource", "GrafanaFolder", "GrafanaAlertRuleGroup", "GrafanaContactPoint"],
    [
      degraded(is("FolderUIDMismatch", "NoMatchingInstance", "InvalidSpec")),
      degraded(no("FolderSynchronized", "DashboardSynchronized", "DatasourceSynchronized")),
      degraded(no("AlertGroupSynchronized", "ContactPointSynchronized")),
      degraded(field("status/NoMatchingInstances", true), "no instance of Grafana matches"),
      degraded(filled("status/lastMessage"), "/status/lastMessage"),
      healthy(condition([], ["True"])),
      healthy(filled("status/uid")),
    ],
  ),
  "jaegertracing.io/Jaeger": [healthy(phase("Running")), degraded(phase("Failed"))],
  ...each(
    "loki.grafana.com",
    ["LokiStack"],
    [degraded(is("Failed", "Degraded")), progressing(is("Pending")), healthy(is("Ready"))],
  ),
  ...each(
    "tempo.grafana.com",
    ["TempoStack", "TempoMonolithic"],
    [degraded(is("Failed", "ConfigurationError")), progressing(is("Pending")), healthy(is("Ready"))],
  ),
  "datadoghq.com/DatadogMetric": [degraded(is("Error")), healthy(is("Valid")), degraded(no("Valid"))],
  "datadoghq.com/DatadogAgent": [
    degraded(is("ReconcileError", "DatadogAgentReconcileError")),
    healthy(is("Active", "DatadogAgentReconcileSuccess")),
  ],
  ...each("kiali.io", ["Kiali"], [degraded(is("Failure")), healthy(is("Successful")), progressing(is("Running"))]),
  // Policy
  ...each(
    "kyverno.io",
    ["ClusterPolicy", "Policy"],
    [healthy(is("Ready")), degraded(condition(["Ready"], ["False", "Unknown"]))],
  ),
  ...each(
    "policies.kyverno.io",
    [
      "DeletingPolicy",
      "GeneratingPolicy",
      "ImageValidatingPolicy",
      "MutatingPolicy",
      "ValidatingPolicy",
      "NamespacedDeletingPolicy",
      "NamespacedGeneratingPolicy",
      "NamespacedImageValidatingPolicy",
      "NamespacedMutatingPolicy",
      "NamespacedValidatingPolicy",
    ],
    kyvernoRows,
  ),
  "templates.gatekeeper.sh/ConstraintTemplate": [
    degraded(filled("status/byPod/errors"), "/status/byPod/errors/message"),
    progressing(field("status/created", false)),
    healthy(field("status/created", true)),
  ],
  ...each(
    "policy.open-cluster-management.io",
    ["Policy", "ConfigurationPolicy", "CertificatePolicy", "OperatorPolicy"],
    [
      degraded(field("status/compliant", "NonCompliant")),
      healthy(field("status/compliant", "Compliant")),
      progressing(field("status/compliant", "Pending")),
    ],
  ),
  "policy/PodDisruptionBudget": [
    degraded(condition([], ["False"], { reasons: ["SyncFailed"] }), "/status/conditions/reason"),
    healthy(filled("status/conditions"), "/status/conditions/reason"),
  ],
  // Storage and backups
  ...each("velero.io", ["Backup", "Restore"], backupRows),
  "velero.io/Schedule": [
    suspended(field("spec/paused", true), "it is paused"),
    healthy(phase("Enabled")),
    degraded(phase("FailedValidation"), "/status/validationErrors"),
    progressing(filled("status/phase"), "/status/phase"),
  ],
  "velero.io/BackupStorageLocation": [healthy(phase("Available")), degraded(phase("Unavailable"), "/status/message")],
  "velero.io/BackupRepository": [healthy(phase("Ready")), degraded(phase("NotReady"), "/status/message")],
  "ceph.rook.io/CephCluster": [
    degraded(state("Error"), "/status/message"),
    degraded(field("status/ceph/health", "HEALTH_ERR", "HEALTH_WARN"), "/status/ceph/health"),
    healthy(all(field("status/ceph/health", "HEALTH_OK"), state("Created", "Connected")), "/status/message"),
    progressing(filled("status/state"), "/status/message"),
  ],
  ...each(
    "ceph.rook.io",
    ["CephObjectStore", "CephBlockPool", "CephFilesystem", "CephObjectStoreUser", "CephClient", "CephNFS"],
    cephRows,
  ),
  "objectbucket.io/ObjectBucketClaim": [
    healthy(phase("Bound")),
    degraded(phase("Failed")),
    progressing(filled("status/phase")),
  ],
  ...each(
    "snapshot.storage.k8s.io",
    ["VolumeSnapshot", "VolumeSnapshotContent"],
    [healthy(field("status/readyToUse", true)), degraded(filled("status/error"), "/status/error/message")],
  ),
  "longhorn.io/Volume": [
    healthy(field("status/robustness", "healthy")),
    degraded(field("status/robustness", "degraded", "faulted"), "/status/robustness"),
    healthy(all(state("detached"), field("status/robustness", "unknown"))),
    progressing(state("creating", "attaching", "detaching"), "/status/state"),
  ],
  "longhorn.io/Backup": [
    healthy(state("Completed")),
    degraded(state("Error"), "/status/error"),
    progressing(filled("status/state"), "/status/state"),
  ],
  "longhorn.io/BackingImage": [
    degraded(field("status/diskFileStatusMap/state", "failed")),
    healthy(filled("status/uuid")),
  ],
  "longhorn.io/Node": [degraded(no("Ready")), healthy(is("Ready"))],
  "ocs.openshift.io/StorageCluster": [
    degraded(is("Degraded")),
    degraded(no("ReconcileComplete")),
    degraded(phase("Error")),
    progressing(is("Progressing")),
    healthy(is("Available")),
    healthy(phase("Ready")),
  ],
  "volsync.backube/ReplicationSource": [
    suspended(field("spec/paused", true), "it is paused"),
    degraded(field("status/latestMoverStatus/result", "Failed"), "/status/latestMoverStatus/logs"),
    degraded(because("Synchronizing", "Error")),
    healthy(condition(["Synchronizing"], ["False"])),
    healthy(field("status/latestMoverStatus/result", "Successful")),
    progressing(is("Synchronizing")),
  ],
};
