import type { SignRow } from "#core/health/signs.ts";
import type { KindRows } from "./rows.ts";
import {
  all,
  because,
  behind,
  condition,
  degraded,
  each,
  field,
  filled,
  healthy,
  is,
  less,
  no,
  not,
  phase,
  progressing,
  readyInTime,
  readyRows,
  stalledRows,
  state,
  suspended,
  unknown,
} from "./rows.ts";

const kindsWithoutConditions = [
  "Composition",
  "CompositionRevision",
  "DeploymentRuntimeConfig",
  "EnvironmentConfig",
  "ImageConfig",
  "ProviderConfig",
  "ProviderConfigUsage",
  "ControllerConfig",
  "StoreConfig",
  "ClusterProviderConfig",
  "ClusterProviderConfigUsage",
];

/** docs.crossplane.io, conditions of managed resources, claims and definitions. */
const crossplaneRows: readonly SignRow[] = [
  healthy(all(not(filled("status/conditions")), field("kind", ...kindsWithoutConditions))),
  degraded(no("LastAsyncOperation", "Synced")),
  healthy(all(because("Established", "InactiveManagedResource"), not(field("spec/state", "Active")))),
  healthy(is("Ready", "Healthy", "Offered", "Established", "ValidPipeline", "RevisionHealthy")),
];

const packageRows: readonly SignRow[] = [
  degraded(no("Installed")),
  degraded(no("Healthy")),
  healthy(all(is("Installed"), is("Healthy"))),
  degraded(is("Installed")),
];

/** cluster-api.sigs.k8s.io: a `Ready` that is false with severity Info is on its way. */
const clusterRows: readonly SignRow[] = [
  suspended(field("spec/paused", true), "it is paused"),
  degraded(condition(["Ready"], ["False"], { severities: ["", "Error", "Warning"] })),
  degraded(phase("Failed"), "/status/failureMessage"),
  healthy(phase("Provisioned")),
];

const machineRows: readonly SignRow[] = [
  suspended(field("spec/paused", true), "it is paused"),
  degraded(phase("Failed"), "/status/failureMessage"),
  healthy(phase("Running")),
];

/** Config Connector: the reasons of `Ready`. */
const connectorRows: readonly SignRow[] = [
  progressing(behind),
  healthy(field("status/healthy", true)),
  degraded(field("status/healthy", false), "/status/errors"),
  healthy(condition([], ["True"], { reasons: ["UpToDate"] })),
  degraded(condition([], [], { reasons: ["UpdateFailed", "DependencyNotFound", "DependencyInvalid"] })),
  suspended(condition([], [], { reasons: ["DependencyNotReady"] })),
];

const awsRows: readonly SignRow[] = [
  degraded(is("ACK.Terminal")),
  healthy(is("Ready")),
  progressing(no("Ready")),
  healthy(is("ACK.ResourceSynced")),
];

/** Azure Service Operator: `Ready` with a severity. */
const azureRows: readonly SignRow[] = [
  progressing(behind),
  healthy(is("Ready")),
  degraded(condition(["Ready"], ["False"], { severities: ["Error"] })),
  progressing(condition(["Ready"], [])),
];

/** Clusters, machines and what clouds provide. */
export const cloudKinds: KindRows = {
  ...each("pkg.crossplane.io", ["Provider", "Configuration", "Function"], packageRows),
  "cluster.x-k8s.io/Cluster": clusterRows,
  "cluster.x-k8s.io/Machine": machineRows,
  "cluster.x-k8s.io/MachineDeployment": machineRows,
  "cluster.x-k8s.io/MachineSet": readyInTime,
  "cluster.x-k8s.io/MachinePool": [
    healthy(phase("Running", "Scaling")),
    degraded(phase("Failed", "Unknown"), "/status/failureMessage"),
  ],
  "cluster.x-k8s.io/MachineHealthCheck": [
    degraded(less("status/currentHealthy", "status/expectedMachines", 0)),
    degraded(no("RemediationAllowed")),
    healthy(is("RemediationAllowed")),
    progressing(field("status/expectedMachines", null)),
  ],
  "addons.cluster.x-k8s.io/ClusterResourceSet": [degraded(no("ResourcesApplied")), healthy(is("ResourcesApplied"))],
  ...each(
    "controlplane.cluster.x-k8s.io",
    ["KubeadmControlPlane", "AWSManagedControlPlane"],
    [
      degraded(filled("status/failureMessage"), "/status/failureMessage"),
      progressing(condition(["Ready"], [], { age: "stale" })),
      progressing(field("status/ready", false)),
      progressing(is("EKSControlPlaneUpdating", "EKSControlPlaneCreating")),
      degraded(condition(["Ready"], ["False"], { severities: ["", "Error", "Warning"] })),
      healthy(is("Ready")),
      progressing(no("Ready")),
    ],
  ),
  "karpenter.sh/NodeClaim": [
    progressing(behind),
    suspended(is("Disrupting")),
    healthy(is("Ready")),
    degraded(no("Ready")),
    progressing(is("Initialized", "Registered", "Launched")),
  ],
  ...each("karpenter.sh", ["NodePool"], [degraded(no("Ready")), healthy(is("Ready"))]),
  ...each("karpenter.k8s.aws", ["EC2NodeClass"], [degraded(no("Ready")), healthy(is("Ready"))]),
  ...each("karpenter.azure.com", ["AKSNodeClass"], [degraded(no("Ready")), healthy(is("Ready"))]),
  "pulumi.com/Stack": [
    progressing(behind),
    degraded(is("Stalled")),
    progressing(is("Reconciling")),
    healthy(is("Ready")),
  ],
  "infra.contrib.fluxcd.io/Terraform": stalledRows,
  "app.terraform.io/Workspace": [
    progressing(behind),
    degraded(field("status/runStatus", "errored", "policy_soft_failed"), "/status/runStatus"),
    healthy(filled("status/workspaceID")),
  ],
  "core.gardener.cloud/Shoot": [
    healthy(field("metadata/labels/shoot.gardener.cloud~1status", "healthy")),
    degraded(field("metadata/labels/shoot.gardener.cloud~1status", "unhealthy")),
    unknown(field("metadata/labels/shoot.gardener.cloud~1status", "unknown")),
  ],
  "kro.run/ResourceGraphDefinition": [
    healthy(condition(["Ready"], ["True"], { age: "fresh" })),
    degraded(
      condition(["GraphRevisionsResolved", "GraphAccepted", "KindReady", "ControllerReady", "Ready"], ["False"], {
        age: "fresh",
      }),
    ),
  ],
  "iammanager.keikoproj.io/Iamrole": [
    healthy(state("Ready")),
    degraded(
      state("Error", "PolicyNotAllowed", "RoleNameNotAvailable", "RolesMaxLimitReached"),
      "/status/errorDescription",
    ),
  ],
  ...each(
    "services.cloud.sap.com",
    ["ServiceInstance", "ServiceBinding"],
    [
      progressing(condition([], [], { age: "stale" })),
      degraded(is("Failed")),
      healthy(is("Ready")),
      progressing(no("Ready")),
    ],
  ),
};

/** Groups in which every kind reports alike, in the order in which they are asked; one that begins with a dot stands for all that end so. */
export const cloudGroups: readonly (readonly [group: string, rows: readonly SignRow[]])[] = [
  [".cnrm.cloud.google.com", connectorRows],
  [".aws.crossplane.io", [suspended(because("Synced", "ReconcilePaused")), ...crossplaneRows]],
  [".crossplane.io", crossplaneRows],
  [".upbound.io", crossplaneRows],
  [".services.k8s.aws", awsRows],
  [".azure.com", azureRows],
  [
    "kro.run",
    [
      healthy(condition(["Ready"], ["True"], { age: "fresh" })),
      degraded(all(state("FAILED", "ERROR"), condition([], ["False"], { age: "fresh" }))),
    ],
  ],
  [
    "operator.victoriametrics.com",
    [
      progressing(behind),
      healthy(field("status/updateStatus", "operational", "ignored")),
      progressing(field("status/updateStatus", "expanding"), "/status/reason"),
      suspended(field("status/updateStatus", "paused"), "/status/reason"),
      degraded(field("status/updateStatus", "failed"), "/status/reason"),
    ],
  ],
  ["grafana-org-operator.kubitus-project.gitlab.io", [degraded(no("Ready")), healthy(is("Ready"))]],
  ["infrastructure.cluster.x-k8s.io", readyRows],
  ["bootstrap.cluster.x-k8s.io", readyInTime],
];
