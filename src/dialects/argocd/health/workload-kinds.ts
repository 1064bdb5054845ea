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
  state,
  suspended,
  undecided,
  unknown,
  unobserved,
} from "./rows.ts";

const jobRows: readonly SignRow[] = [
  suspended(is("Suspended")),
  degraded(is("Failed")),
  healthy(is("Succeeded", "Complete")),
  progressing(is("Running", "Created", "Restarting")),
];

const knativeRows: readonly SignRow[] = [
  progressing(behind),
  degraded(no("Ready")),
  healthy(is("Ready")),
  progressing(undecided("Ready")),
];

/** What runs on clusters beside the built-in kinds: serverless, scaled, batch and machine-learning workloads, virtual machines. */
export const workloadKinds: KindRows = {
  "serving.knative.dev/Service": [
    degraded(condition([], ["False"])),
    progressing(condition([], ["Unknown"])),
    healthy(all(is("ConfigurationsReady"), is("RoutesReady"), is("Ready"))),
  ],
  ...each("serving.knative.dev", ["Configuration", "Route", "Revision", "DomainMapping"], knativeRows),
  ...each("eventing.knative.dev", ["Broker", "Trigger"], knativeRows),
  ...each("messaging.knative.dev", ["Channel", "InMemoryChannel", "Subscription"], knativeRows),
  ...each(
    "sources.knative.dev",
    ["ApiServerSource", "PingSource", "SinkBinding", "ContainerSource", "KafkaSource"],
    knativeRows,
  ),
  ...each(
    "operator.knative.dev",
    ["KnativeServing", "KnativeEventing"],
    [
      progressing(no("Ready", "DeploymentsAvailable")),
      progressing(condition([], ["Unknown"])),
      healthy(is("Ready")),
      degraded(filled("status/conditions")),
    ],
  ),
  "keda.sh/ScaledObject": [
    degraded(no("Ready")),
    degraded(is("Fallback")),
    suspended(all(is("Ready"), is("Paused"))),
    healthy(is("Ready")),
  ],
  "keda.sh/ScaledJob": [
    degraded(condition(["Ready"], ["False", "Unknown"])),
    suspended(all(is("Ready"), is("Paused"))),
    healthy(is("Ready")),
  ],
  "sparkoperator.k8s.io/SparkApplication": [
    healthy(field("status/applicationState/state", "COMPLETED")),
    degraded(
      field("status/applicationState/state", "FAILED", "SUBMISSION_FAILED", "FAILING"),
      "/status/applicationState/errorMessage",
    ),
    healthy(all(field("status/applicationState/state", "RUNNING"), filled("status/executorState"))),
    progressing(filled("status/applicationState/state"), "/status/applicationState/state"),
  ],
  "sparkoperator.k8s.io/ScheduledSparkApplication": [
    suspended(field("spec/suspend", true), "it is suspended"),
    healthy(field("status/scheduleState", "Scheduled")),
    degraded(field("status/scheduleState", "FailedValidation"), "/status/reason"),
  ],
  "flink.apache.org/FlinkDeployment": [
    degraded(field("status/jobManagerDeploymentStatus", "ERROR"), "/status/error"),
    progressing(field("status/jobManagerDeploymentStatus", "DEPLOYED_NOT_READY", "DEPLOYING")),
    healthy(field("status/reconciliationStatus/state", "DEPLOYED")),
    healthy(field("status/reconciliationStatus/success", true)),
    degraded(filled("status/error"), "/status/error"),
    healthy(
      all(field("spec/job/state", "suspended"), not(filled("status/reconciliationStatus/lastReconciledSpec"))),
      "its job is suspended",
    ),
  ],
  "flink.apache.org/FlinkSessionJob": [
    healthy(field("status/jobStatus/state", "RUNNING", "FINISHED")),
    suspended(field("status/jobStatus/state", "SUSPENDED", "CANCELED")),
    degraded(field("status/jobStatus/state", "FAILED"), "/status/error"),
    progressing(field("status/jobStatus/state", "RECONCILING", "CREATED")),
    degraded(filled("status/error"), "/status/error"),
  ],
  "serving.kserve.io/InferenceService": [
    suspended(is("Stopped")),
    degraded(
      field("status/modelStatus/transitionStatus", "BlockedByFailedLoad", "InvalidSpec"),
      "/status/modelStatus/lastFailureInfo/message",
    ),
    progressing(field("status/modelStatus/transitionStatus", "InProgress")),
    healthy(is("Ready")),
    progressing(condition(["Ready"], ["False", "Unknown"])),
  ],
  "ray.io/RayCluster": [
    suspended(state("suspended")),
    degraded(state("failed"), "/status/reason"),
    healthy(state("ready")),
  ],
  "ray.io/RayJob": [
    suspended(field("status/jobDeploymentStatus", "Suspended")),
    degraded(field("status/jobDeploymentStatus", "Failed"), "/status/message"),
    degraded(field("status/jobStatus", "FAILED", "STOPPED"), "/status/message"),
    healthy(field("status/jobStatus", "SUCCEEDED")),
    progressing(filled("status/jobDeploymentStatus"), "/status/jobDeploymentStatus"),
  ],
  "ray.io/RayService": [
    healthy(is("Ready")),
    healthy(field("status/serviceStatus", "Running")),
    progressing(no("Ready")),
  ],
  ...each("kubeflow.org", ["PyTorchJob", "TFJob", "MPIJob", "XGBoostJob", "JAXJob"], jobRows),
  "trainer.kubeflow.org/TrainJob": jobRows,
  "batch.volcano.sh/Job": [
    healthy(field("status/state/phase", "Completed")),
    healthy(field("status/state/phase", "Running")),
    degraded(field("status/state/phase", "Failed", "Aborted", "Terminated"), "/status/state/message"),
    progressing(filled("status/state/phase"), "/status/state/phase"),
  ],
  "kueue.x-k8s.io/ClusterQueue": [degraded(no("Active")), healthy(is("Active"))],
  "kueue.x-k8s.io/LocalQueue": [degraded(no("Active")), healthy(is("Active"))],
  "jobset.x-k8s.io/JobSet": [
    suspended(is("Suspended")),
    degraded(is("Failed")),
    healthy(is("Completed")),
    progressing(filled("status")),
  ],
  ...each(
    "apps.kruise.io",
    ["StatefulSet", "DaemonSet"],
    [
      progressing(unobserved),
      suspended(field("spec/updateStrategy/rollingUpdate/paused", true), "it is paused"),
      degraded(less("status/updatedAvailableReplicas", "status/replicas", 0)),
      degraded(less("status/numberReady", "status/desiredNumberScheduled", 0)),
      progressing(less("status/updatedNumberScheduled", "status/desiredNumberScheduled", 0)),
      healthy(filled("status")),
    ],
  ),
  "apps.kruise.io/CloneSet": [
    progressing(unobserved),
    suspended(field("spec/updateStrategy/paused", true), "it is paused"),
    degraded(less("status/updatedAvailableReplicas", "status/replicas", 0)),
    healthy(filled("status")),
  ],
  "apps.openshift.io/DeploymentConfig": [
    healthy(field("status/replicas", 0)),
    healthy(
      all(is("Available"), condition(["Progressing"], ["True"], { reasons: ["NewReplicationControllerAvailable"] })),
    ),
    progressing(is("Available")),
    progressing(condition(["Progressing"], ["True"], { reasons: ["NewReplicationControllerAvailable"] })),
    degraded(all(filled("status/conditions"), filled("status/replicas"))),
  ],
  "kubevirt.io/VirtualMachine": [
    suspended(is("Paused")),
    healthy(is("Ready")),
    healthy(all(field("spec/running", false), not(field("status/created", true))), "it is stopped as declared"),
    healthy(all(field("spec/runStrategy", "Halted"), not(field("status/created", true))), "it is stopped as declared"),
    progressing(all(no("Ready"), field("status/created", true)), "/status/printableStatus"),
    suspended(no("Ready"), "/status/printableStatus"),
  ],
  "kubevirt.io/VirtualMachineInstance": [
    degraded(phase("Failed")),
    progressing(phase("Pending", "Scheduling", "Scheduled")),
    suspended(phase("Succeeded")),
    unknown(phase("Unknown")),
    suspended(is("Paused")),
    degraded(no("Ready")),
    healthy(is("Ready")),
  ],
  "cdi.kubevirt.io/DataVolume": [
    healthy(phase("Succeeded")),
    degraded(phase("Failed", "Unknown")),
    suspended(phase("Paused")),
    degraded(condition(["Running"], ["False"], { reasons: ["Error"] })),
    progressing(filled("status/phase"), "/status/phase"),
  ],
  "k8s.keycloak.org/Keycloak": [healthy(is("Ready")), degraded(is("HasErrors"))],
  "k8s.keycloak.org/KeycloakRealmImport": [degraded(is("HasErrors")), healthy(is("Done")), progressing(is("Started"))],
  "camel.apache.org/Integration": [
    degraded(phase("Error"), "/status/conditions/message"),
    healthy(all(phase("Running"), is("Ready"))),
    degraded(no("Ready")),
    progressing(filled("status/phase"), "/status/phase"),
  ],
  "core.spinkube.dev/SpinApp": [
    degraded(because("Progressing", "ProgressDeadlineExceeded")),
    progressing(no("Available")),
    progressing(less("status/readyReplicas", "spec/replicas")),
    healthy(is("Available")),
  ],
  "openfaas.com/Function": [
    degraded(is("Stalled")),
    suspended(no("Healthy"), "it has no replicas"),
    healthy(is("Ready")),
    progressing(no("Ready")),
  ],
  ...each(
    "lifecycle.keptn.sh",
    ["KeptnAppVersion", "KeptnWorkloadVersion", "KeptnTask", "KeptnEvaluation"],
    [
      healthy(field("status/status", "Succeeded")),
      degraded(field("status/status", "Failed", "Warning")),
      degraded(field("status/overallStatus", "Failed")),
      healthy(field("status/overallStatus", "Succeeded")),
    ],
  ),
};
