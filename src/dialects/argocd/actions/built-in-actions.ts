import type { Resource } from "#core/resource/resource.ts";
import { fieldAt, listAt, textAt } from "../fields.ts";
import { conditionsOf } from "../health-conditions.ts";
import {
  annotation,
  type BuiltInAction,
  change,
  create,
  has,
  lacks,
  numberParam,
  timeText,
} from "./built-in-action.ts";
import { jobOf, workflowOf } from "./made-objects.ts";
import { rolloutActions } from "./rollout-actions.ts";

type Actions = readonly BuiltInAction[];

const SUSPEND = ["spec", "suspend"];
const isSuspended = has(SUSPEND, true);
const REPLICAS = [{ name: "replicas", default: null }];

const restart = change("restart", (_object, { now }) => ({
  spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": timeText(now) } } } },
}));

const scale = change(
  "scale",
  (_object, choice) => {
    const replicas = numberParam(choice, "replicas");
    return typeof replicas === "string" ? replicas : { spec: { replicas } };
  },
  { params: REPLICAS },
);

/** Suspend and resume, of which only the one that means something is listed. */
const turns: Actions = [
  change("suspend", { spec: { suspend: true } }, { listed: lacks(SUSPEND, true) }),
  change("resume", { spec: { suspend: false } }, { listed: isSuspended }),
];

const fluxTurns: Actions = [
  change("suspend", { spec: { suspend: true } }, { disabled: isSuspended }),
  change("resume", { spec: { suspend: false } }, { disabled: lacks(SUSPEND, true) }),
];
const fluxActions: Actions = [
  change("reconcile", (_object, { now }) => annotation("reconcile.fluxcd.io/requestedAt", timeText(now)), {
    disabled: isSuspended,
  }),
  ...fluxTurns,
];

const ENDED = new Set(["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"]);
const isEnded = (job: Resource) => conditionsOf(job).some(({ type, status }) => ENDED.has(type) && status === "True");

const jobActions: Actions = [
  change("suspend", { spec: { suspend: true } }, { listed: (job) => !isEnded(job) && !isSuspended(job) }),
  change("resume", { spec: { suspend: false } }, { listed: (job) => !isEnded(job) && isSuspended(job) }),
  change(
    "terminate",
    (job, { now }) =>
      withCondition(job, { type: "FailureTarget", reason: "ManuallyTerminated", message: "Job was terminated", now }),
    { listed: (job) => !isEnded(job) && fieldAt(job, "status") !== undefined },
  ),
];

const PHASES_ENDED = new Set(["Succeeded", "Failed", "Error"]);
const isOver = (workflow: Resource) => PHASES_ENDED.has(textAt(workflow, "status", "phase"));
const workflowActions: Actions = [
  change("suspend", { spec: { suspend: true } }, { disabled: (one) => isOver(one) || isSuspended(one) }),
  change("resume", { spec: { suspend: null } }, { disabled: (one) => isOver(one) || !isSuspended(one) }),
  change("stop", { spec: { shutdown: "Stop" } }, { disabled: isOver }),
  change("terminate", { spec: { shutdown: "Terminate" } }, { disabled: isOver }),
];

const ZERO_INTERVAL = /^0(ns|us|µs|ms|s|m|h)?$/;
const neverSyncs = (object: Resource) =>
  ZERO_INTERVAL.test(textAt(object, "spec", "refreshInterval")) &&
  textAt(object, "spec", "refreshPolicy") !== "OnChange";
const forceSync = (name: string) =>
  change(name, (_object, { now }) => annotation("force-sync", timeText(now)), { disabled: neverSyncs });

const RUNS_ENDED = new Set(["Successful", "Failed", "Error", "Inconclusive"]);

const PAUSED = ["metadata", "annotations", "autoscaling.keda.sh/paused"];
const PAUSED_REPLICAS = "autoscaling.keda.sh/paused-replicas";
const isScalerPaused = (object: Resource) =>
  has(PAUSED, "true")(object) || fieldAt(object, "metadata", "annotations", PAUSED_REPLICAS) !== undefined;
const scalerActions: Actions = [
  change("pause", annotation("autoscaling.keda.sh/paused", "true"), { disabled: isScalerPaused }),
  change(
    "resume",
    { metadata: { annotations: { "autoscaling.keda.sh/paused": null, [PAUSED_REPLICAS]: null } } },
    { disabled: (object) => !isScalerPaused(object) },
  ),
];

const isAutomated = (app: Resource) =>
  fieldAt(app, "spec", "syncPolicy", "automated") !== undefined &&
  fieldAt(app, "spec", "syncPolicy", "automated", "enabled") !== false;

const LOOP = "cnpg.io/reconciliationLoop";
const HIBERNATION = "cnpg.io/hibernation";
const isLoopOff = has(["metadata", "annotations", LOOP], "disabled");
const isHibernated = has(["metadata", "annotations", HIBERNATION], "on");
const stamped = (name: string, key: string) => change(name, (_object, { now }) => annotation(key, timeText(now)));
const postgresActions: Actions = [
  stamped("restart", "kubectl.kubernetes.io/restartedAt"),
  stamped("reload", "cnpg.io/reloadedAt"),
  change("promote", promotion, {
    params: [{ name: "instance", default: "any" }],
    disabled: (cluster) => listAt(cluster, "status", "instancesStatus", "healthy").length < 2,
  }),
  change("suspend", annotation(LOOP, "disabled"), { listed: (one) => !isLoopOff(one) }),
  change("resume", annotation(LOOP, null), { listed: isLoopOff }),
  change("hibernate", annotation(HIBERNATION, "on"), { listed: (one) => !isHibernated(one) }),
  change("rehydrate", annotation(HIBERNATION, "off"), { listed: isHibernated }),
];

/** Bounds of an autoscaler, of which either may be left as it is. */
const boundsAction = change(
  "scale",
  (_object, choice) => {
    const spec: Record<string, number> = {};
    for (const name of ["minReplicas", "maxReplicas"].filter((one) => choice.params[one])) {
      const bound = numberParam(choice, name);
      if (typeof bound === "string") return bound;
      spec[name] = bound;
    }
    return Object.keys(spec).length === 0 ? "name minReplicas, maxReplicas or both" : { spec };
  },
  {
    params: [
      { name: "minReplicas", default: null },
      { name: "maxReplicas", default: null },
    ],
  },
);

const fluxKinds = Object.fromEntries(
  [
    "helm.toolkit.fluxcd.io/HelmRelease",
    "kustomize.toolkit.fluxcd.io/Kustomization",
    "source.toolkit.fluxcd.io/GitRepository",
    "source.toolkit.fluxcd.io/OCIRepository",
    "source.toolkit.fluxcd.io/Bucket",
    "source.toolkit.fluxcd.io/HelmChart",
    "source.toolkit.fluxcd.io/HelmRepository",
    "image.toolkit.fluxcd.io/ImageRepository",
    "image.toolkit.fluxcd.io/ImageUpdateAutomation",
    "notification.toolkit.fluxcd.io/Receiver",
  ].map((kind) => [kind, fluxActions]),
);

/** What may be done to objects of a kind, by `group/Kind`. */
export const builtInActions: Readonly<Record<string, Actions>> = {
  ...fluxKinds,
  "notification.toolkit.fluxcd.io/Alert": fluxTurns,
  "notification.toolkit.fluxcd.io/Provider": fluxTurns,
  "apps/Deployment": [
    restart,
    change("pause", { spec: { paused: true } }, { disabled: has(["spec", "paused"], true) }),
    change("resume", { spec: { paused: null } }, { disabled: lacks(["spec", "paused"], true) }),
    scale,
  ],
  "apps/StatefulSet": [restart, scale],
  "apps/DaemonSet": [restart],
  "autoscaling/HorizontalPodAutoscaler": [boundsAction],
  "batch/CronJob": [create("create-job", jobOf, { displayName: "Create Job" }), ...turns],
  "batch/Job": jobActions,
  "argoproj.io/Rollout": rolloutActions,
  "argoproj.io/AnalysisRun": [
    change(
      "terminate",
      { spec: { terminate: true } },
      {
        disabled: (run) => fieldAt(run, "spec", "terminate") === true || RUNS_ENDED.has(textAt(run, "status", "phase")),
      },
    ),
  ],
  "argoproj.io/Application": [
    change("toggle-auto-sync", (app) => ({ spec: { syncPolicy: { automated: { enabled: !isAutomated(app) } } } })),
  ],
  "argoproj.io/Workflow": workflowActions,
  "argoproj.io/CronWorkflow": [create("create-workflow", workflowOf, { displayName: "Create Workflow" }), ...turns],
  "argoproj.io/WorkflowTemplate": [create("create-workflow", workflowOf, { displayName: "Create Workflow" })],
  "external-secrets.io/ExternalSecret": [forceSync("refresh")],
  "external-secrets.io/PushSecret": [forceSync("push")],
  "cert-manager.io/Certificate": [
    change("renew", (certificate, { now }) =>
      withCondition(certificate, {
        type: "Issuing",
        reason: "ManuallyTriggered",
        message: "Re-issuance was asked for",
        now,
      }),
    ),
  ],
  "keda.sh/ScaledObject": [
    ...scalerActions,
    change(
      "paused-replicas",
      (_object, choice) => {
        const replicas = numberParam(choice, "replicas");
        return typeof replicas === "string" ? replicas : annotation(PAUSED_REPLICAS, String(replicas));
      },
      { params: [{ name: "replicas", default: "0" }], disabled: has(PAUSED, "true") },
    ),
  ],
  "keda.sh/ScaledJob": scalerActions,
  "postgresql.cnpg.io/Cluster": postgresActions,
  "k8s.mariadb.com/MariaDB": turns,
  "psmdb.percona.com/PerconaServerMongoDB": [
    change("pause", { spec: { pause: true } }, { disabled: has(["spec", "pause"], true) }),
    change("unpause", { spec: { pause: false } }, { disabled: lacks(["spec", "pause"], true) }),
  ],
  "core.strimzi.io/StrimziPodSet": [
    change("rolling-update", annotation("strimzi.io/manual-rolling-update", "true"), {
      disabled: has(["metadata", "annotations", "strimzi.io/manual-rolling-update"], "true"),
    }),
  ],
};

/** Conditions with one that is true now. */
function withCondition(
  object: Resource,
  {
    now,
    ...condition
  }: { readonly type: string; readonly reason: string; readonly message: string; readonly now: number },
): Readonly<Record<string, unknown>> {
  const others = listAt(object, "status", "conditions").filter((one) => textAt(one, "type") !== condition.type);
  const lastTransitionTime = timeText(now);
  return { status: { conditions: [...others, { ...condition, status: "True", lastTransitionTime }] } };
}

/** Makes another healthy instance of a database the first one. */
function promotion(
  cluster: Resource,
  { params, now }: { readonly params: Readonly<Record<string, string>>; readonly now: number },
): Readonly<Record<string, unknown>> | string {
  const { instance = "any" } = params;
  const healthy = listAt(cluster, "status", "instancesStatus", "healthy").map(String);
  const primary = textAt(cluster, "status", "currentPrimary");
  const wanted = /^\d+$/.test(instance) ? `${cluster.metadata.name}-${instance}` : instance;
  const next = healthy[(healthy.indexOf(primary) + 1) % Math.max(healthy.length, 1)];
  const chosen = instance === "any" ? next : healthy.find((one) => one === wanted);
  if (chosen === undefined) return `no healthy instance is ${JSON.stringify(instance)}`;
  return {
    status: {
      targetPrimary: chosen,
      targetPrimaryTimestamp: timeText(now),
      phase: "Switchover in progress",
      phaseReason: `Switching over to ${chosen}`,
    },
  };
}
