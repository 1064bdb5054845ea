import type { SignRow } from "#core/health/signs.ts";
import type { KindRows } from "./rows.ts";
import {
  all,
  because,
  behind,
  condition,
  degraded,
  differs,
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
  readyRows,
  stalledRows,
  state,
  suspended,
  undecided,
  unknown,
} from "./rows.ts";

const runRows: readonly SignRow[] = [
  healthy(is("Succeeded")),
  degraded(no("Succeeded")),
  progressing(undecided("Succeeded")),
];

const phaseRows: readonly SignRow[] = [
  progressing(phase("Pending", "Running"), "/status/message"),
  healthy(phase("Successful", "Succeeded"), "/status/message"),
  degraded(phase("Failed", "Error"), "/status/message"),
  unknown(phase("Inconclusive"), "/status/message"),
];

/** argo-rollouts.readthedocs.io: `status.phase` says all since 1.0; before, conditions and counts did. */
const rolloutRows: readonly SignRow[] = [
  progressing(not(filled("status")), "waiting for its controller"),
  progressing(all(filled("status/observedGeneration"), behind)),
  progressing(
    all(
      filled("spec/workloadRef"),
      filled("metadata/annotations/rollout.argoproj.io~1workload-generation"),
      differs("metadata/annotations/rollout.argoproj.io~1workload-generation", "status/workloadObservedGeneration"),
    ),
  ),
  suspended(phase("Paused"), "/status/message"),
  healthy(phase("Healthy"), "/status/message"),
  progressing(phase("Progressing"), "/status/message"),
  degraded(phase("Degraded"), "/status/message"),
  degraded(condition(["InvalidSpec"], [])),
  degraded(because("Progressing", "RolloutAborted", "ProgressDeadlineExceeded")),
  suspended(filled("status/pauseConditions"), "it is paused"),
  suspended(field("spec/paused", true), "it is paused"),
  progressing(field("status/currentPodHash", null)),
  progressing(less("status/updatedReplicas", "spec/replicas")),
  progressing(less("status/availableReplicas", "status/updatedReplicas", 0)),
  progressing(
    all(filled("spec/strategy/blueGreen"), differs("status/blueGreen/activeSelector", "status/currentPodHash")),
  ),
  progressing(all(filled("status/stableRS"), differs("status/stableRS", "status/currentPodHash"))),
  progressing(
    all(
      not(filled("spec/strategy/blueGreen")),
      differs("status/stableRS", "status/currentPodHash"),
      differs("status/canary/stableRS", "status/currentPodHash"),
    ),
  ),
  progressing(all(not(filled("spec/strategy/blueGreen")), less("status/updatedReplicas", "status/replicas", 0))),
  healthy(filled("status")),
];

/** Flux's Ready with what else must hold. */
function fluxRows(...done: readonly string[]): readonly SignRow[] {
  return [
    suspended(field("spec/suspend", true), "it is suspended"),
    progressing(all(undecided("Ready"), is("Reconciling"))),
    ...(done.length === 0 ? [healthy(is("Ready"))] : [healthy(all(is("Ready"), is(...done)))]),
    degraded(filled("status/conditions"), "/status/conditions/message"),
  ];
}

const unapplied = degraded(
  not(
    all(
      not(field("status/aggregatedStatus/applied", false)),
      not(field("status/aggregatedStatus/health", "Unhealthy")),
    ),
  ),
);

const eventRows = (...parts: readonly string[]): readonly SignRow[] => [
  degraded(no(...parts)),
  healthy(is("Deployed")),
];

/** What brings software to clusters: Argo's own kinds, Flux's, Tekton's, Flagger's and the operators of operators. */
export const deliveryKinds: KindRows = {
  "argoproj.io/Rollout": rolloutRows,
  "argoproj.io/AnalysisRun": phaseRows,
  "argoproj.io/Experiment": phaseRows,
  // gitops-engine health_argo.go
  "argoproj.io/Workflow": [
    progressing(phase("", "Pending", "Running"), "/status/message"),
    healthy(phase("Succeeded"), "/status/message"),
    degraded(phase("Failed", "Error"), "/status/message"),
    progressing(field("status/phase", null)),
    unknown(filled("status/phase"), "/status/message"),
  ],
  "argoproj.io/CronWorkflow": [
    degraded(is("SpecError", "SubmissionError")),
    healthy(is("Completed")),
    healthy(not(is("SpecError", "SubmissionError")), "it is scheduled"),
  ],
  "argoproj.io/ApplicationSet": [
    degraded(is("ErrorOccurred")),
    degraded(no("ResourcesUpToDate")),
    progressing(is("RolloutProgressing")),
    healthy(is("ResourcesUpToDate")),
  ],
  "argoproj.io/EventBus": eventRows("Configured", "Deployed"),
  "argoproj.io/EventSource": eventRows("SourcesProvided", "Deployed"),
  "argoproj.io/Sensor": eventRows("DependenciesProvided", "TriggersProvided", "Deployed"),
  "helm.toolkit.fluxcd.io/HelmRelease": fluxRows("Released", "TestSuccess"),
  "kustomize.toolkit.fluxcd.io/Kustomization": fluxRows("Healthy", "Ready"),
  "source.toolkit.fluxcd.io/HelmRepository": [
    suspended(field("spec/suspend", true), "it is suspended"),
    healthy(field("spec/type", "oci"), "repositories of this type keep no status"),
    ...fluxRows("ArtifactInStorage"),
  ],
  ...each(
    "source.toolkit.fluxcd.io",
    ["GitRepository", "OCIRepository", "Bucket", "HelmChart"],
    fluxRows("ArtifactInStorage"),
  ),
  ...each("source.toolkit.fluxcd.io", ["ExternalArtifact"], [degraded(no("Ready")), healthy(is("Ready"))]),
  ...each("source.extensions.fluxcd.io", ["ArtifactGenerator"], stalledRows),
  "image.toolkit.fluxcd.io/ImagePolicy": [
    progressing(
      all(
        no("Ready"),
        condition(["Reconciling"], ["True"], { reasons: ["NewGeneration", "AccessingRepository", "ApplyingPolicy"] }),
      ),
    ),
    healthy(is("Ready")),
    degraded(filled("status/conditions"), "/status/conditions/message"),
  ],
  "image.toolkit.fluxcd.io/ImageRepository": [
    suspended(field("spec/suspend", true), "it is suspended"),
    progressing(all(undecided("Ready"), is("Reconciling"))),
    healthy(is("Ready")),
    degraded(filled("status/conditions"), "/status/conditions/message"),
  ],
  "image.toolkit.fluxcd.io/ImageUpdateAutomation": fluxRows(),
  "notification.toolkit.fluxcd.io/Receiver": [
    suspended(field("spec/suspend", true), "it is suspended"),
    healthy(is("Ready")),
    degraded(filled("status/conditions"), "/status/conditions/message"),
  ],
  ...each("fluxcd.controlplane.io", ["FluxInstance", "ResourceSet", "ResourceSetInputProvider"], stalledRows),
  // flagger.app, "Canary status"
  "flagger.app/Canary": [
    degraded(phase("Failed"), "/status/conditions/message"),
    progressing(
      phase("Initializing", "Waiting", "Progressing", "WaitingPromotion", "Promoting", "Finalising", "Terminating"),
      "/status/conditions/message",
    ),
    healthy(phase("Initialized", "Succeeded"), "/status/conditions/message"),
    unknown(field("status/phase", null), "it has no status"),
  ],
  ...each("tekton.dev", ["PipelineRun", "TaskRun", "CustomRun", "Run"], runRows),
  ...each(
    "operator.tekton.dev",
    ["TektonConfig", "TektonPipeline", "TektonTrigger", "TektonDashboard"],
    [healthy(is("Ready")), progressing(no("Ready"))],
  ),
  "kargo.akuity.io/Stage": [
    progressing(behind),
    progressing(is("Promoting", "Reconciling", "Verifying")),
    degraded(no("Healthy")),
    healthy(is("Ready")),
    progressing(no("Ready")),
  ],
  "kargo.akuity.io/Warehouse": [progressing(is("Reconciling")), degraded(no("Healthy")), healthy(is("Ready"))],
  "kargo.akuity.io/Promotion": phaseRows,
  ...each(
    "promoter.argoproj.io",
    [
      "ArgoCDCommitStatus",
      "ChangeTransferPolicy",
      "ClusterScmProvider",
      "CommitStatus",
      "GitCommitStatus",
      "GitRepository",
      "PromotionStrategy",
      "PullRequest",
      "ScmProvider",
      "TimedCommitStatus",
      "WebRequestCommitStatus",
    ],
    [
      progressing(condition(["Ready", "Reconciled"], [], { age: "stale" })),
      degraded(no("Ready", "Reconciled")),
      degraded(field("status/environments/phase", "failure")),
      progressing(field("status/environments/phase", "pending")),
      healthy(is("Ready", "Reconciled")),
    ],
  ),
  // olm.operatorframework.io
  "operators.coreos.com/Subscription": [
    degraded(is("CatalogSourcesUnhealthy", "InstallPlanFailed", "ResolutionFailed")),
    degraded(state("UpgradeFailed")),
    healthy(
      all(
        field("spec/installPlanApproval", "Manual"),
        filled("status/installedCSV"),
        condition(["InstallPlanPending"], ["True"], { reasons: ["RequiresApproval"] }),
      ),
    ),
    progressing(is("InstallPlanPending")),
    progressing(state("UpgradeAvailable", "UpgradePending", "")),
    healthy(state("AtLatestKnown")),
  ],
  "operators.coreos.com/ClusterServiceVersion": [
    healthy(phase("Succeeded"), "/status/message"),
    degraded(phase("Failed"), "/status/message"),
    progressing(phase("Pending", "InstallReady", "Installing", "Replacing", "Deleting"), "/status/message"),
    unknown(phase("Unknown"), "/status/message"),
  ],
  "operators.coreos.com/InstallPlan": [
    healthy(phase("Complete")),
    degraded(phase("Failed"), "/status/conditions/message"),
    suspended(phase("RequiresApproval")),
    progressing(phase("Planning", "Installing")),
  ],
  "operators.coreos.com/CatalogSource": [
    healthy(field("status/connectionState/lastObservedState", "READY")),
    degraded(field("status/connectionState/lastObservedState", "TRANSIENT_FAILURE", "SHUTDOWN")),
    progressing(filled("status/connectionState")),
  ],
  "olm.operatorframework.io/ClusterExtension": [
    progressing(behind),
    degraded(condition(["Progressing"], ["False"], { reasons: ["Blocked"] })),
    healthy(is("Installed")),
    progressing(no("Installed")),
  ],
  "core.oam.dev/Application": [
    healthy(field("status/status", "running")),
    suspended(field("status/status", "workflowSuspending", "workflowTerminated")),
    degraded(field("status/status", "unhealthy", "workflowFailed")),
    progressing(filled("status/status"), "/status/status"),
  ],
  "work.karmada.io/ResourceBinding": [
    unapplied,
    progressing(no("Scheduled")),
    healthy(is("FullyApplied")),
    progressing(no("FullyApplied")),
  ],
  "work.karmada.io/ClusterResourceBinding": [
    unapplied,
    progressing(no("Scheduled")),
    healthy(is("FullyApplied")),
    progressing(no("FullyApplied")),
  ],
  "tower.ansible.com/AnsibleJob": [
    degraded(field("status/ansibleJobResult/status", "failed", "error", "canceled")),
    healthy(field("status/ansibleJobResult/status", "successful")),
    progressing(filled("status/ansibleJobResult/status"), "/status/ansibleJobResult/status"),
  ],
  "apps.kruise.io/BroadcastJob": [suspended(phase("paused")), degraded(is("Failed")), healthy(is("Complete"))],
  ...each(
    "capsule.clastix.io",
    ["Tenant", "TenantResource", "GlobalTenantResource"],
    [suspended(is("Cordoned")), suspended(field("spec/cordoned", true), "it is cordoned"), ...readyRows],
  ),
};
