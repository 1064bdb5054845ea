import fc from "fast-check";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { healthOf } from "#core/health/health.ts";
import type { Resource } from "#core/resource/resource.ts";
import { healthTable } from "./health-table.ts";

const cases: readonly [name: string, api: string, fields: string, want: string | null][] = [
  ["paused", "apps/v1/Deployment", "{spec: {paused: true}}", "Suspended: Deployment is paused"],
  [
    "unobserved",
    "apps/v1/Deployment",
    "{metadata: {generation: 2}, status: {observedGeneration: 1}}",
    "Progressing: Waiting for rollout to finish: observed deployment generation less than desired generation",
  ],
  [
    "past its deadline",
    "apps/v1/Deployment",
    "{status: {conditions: [{type: Progressing, reason: ProgressDeadlineExceeded}]}}",
    'Degraded: Deployment "x" exceeded its progress deadline',
  ],
  [
    "updating",
    "apps/v1/Deployment",
    "{spec: {replicas: 3}, status: {updatedReplicas: 1}}",
    "Progressing: Waiting for rollout to finish: 1 out of 3 new replicas have been updated...",
  ],
  [
    "with old replicas",
    "apps/v1/Deployment",
    "{spec: {replicas: 1}, status: {updatedReplicas: 1, replicas: 2}}",
    "Progressing: Waiting for rollout to finish: 1 old replicas are pending termination...",
  ],
  [
    "not available",
    "apps/v1/Deployment",
    "{spec: {replicas: 1}, status: {updatedReplicas: 1, replicas: 1}}",
    "Progressing: Waiting for rollout to finish: 0 of 1 updated replicas are available...",
  ],
  ["without replicas", "apps/v1/Deployment", "{spec: {replicas: 0}}", "Healthy: "],
  ["unobserved", "apps/v1/StatefulSet", "{}", "Progressing: Waiting for statefulset spec update to be observed..."],
  [
    "not ready",
    "apps/v1/StatefulSet",
    "{spec: {replicas: 2}, status: {observedGeneration: 1, readyReplicas: 1}}",
    "Progressing: Waiting for 1 pods to be ready...",
  ],
  [
    "rolling past its partition whatever its revisions",
    "apps/v1/StatefulSet",
    "{spec: {replicas: 2, updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}}, status: {observedGeneration: 1, readyReplicas: 2, updatedReplicas: 1, updateRevision: b, currentRevision: a}}",
    "Healthy: partitioned roll out complete: 1 new pods have been updated...",
  ],
  [
    "between revisions",
    "apps/v1/StatefulSet",
    "{spec: {replicas: 1}, status: {observedGeneration: 1, readyReplicas: 1, updateRevision: b, currentRevision: a}}",
    "Progressing: waiting for statefulset rolling update to complete 0 pods at revision b...",
  ],
  [
    "updating",
    "apps/v1/DaemonSet",
    "{status: {desiredNumberScheduled: 2, updatedNumberScheduled: 1}}",
    'Progressing: Waiting for daemon set "x" rollout to finish: 1 out of 2 new pods have been updated...',
  ],
  [
    "updated on delete",
    "apps/v1/DaemonSet",
    "{spec: {updateStrategy: {type: OnDelete}}}",
    "Healthy: daemon set 0 out of 0 new pods have been updated",
  ],
  [
    "failing",
    "apps/v1/ReplicaSet",
    '{status: {conditions: [{type: ReplicaFailure, status: "True", message: quota}]}}',
    "Degraded: quota",
  ],
  [
    "in a crash loop",
    "v1/Pod",
    "{spec: {restartPolicy: Always}, status: {phase: Running, containerStatuses: [{state: {waiting: {reason: CrashLoopBackOff, message: back-off}}}]}}",
    "Degraded: back-off",
  ],
  [
    "waiting for its image as a one-off",
    "v1/Pod",
    "{spec: {restartPolicy: Never}, status: {phase: Pending, containerStatuses: [{state: {waiting: {reason: ImagePullBackOff}}}]}}",
    "Progressing: ",
  ],
  [
    "failed with a code",
    "v1/Pod",
    "{spec: {restartPolicy: Never}, status: {phase: Failed, containerStatuses: [{name: c, state: {terminated: {exitCode: 3}}}]}}",
    'Degraded: container "c" failed with exit code 3',
  ],
  [
    "ready",
    "v1/Pod",
    '{spec: {restartPolicy: Always}, status: {phase: Running, conditions: [{type: Ready, status: "True"}]}}',
    "Healthy: ",
  ],
  [
    "that its operator keeps running, as its annotation says",
    "v1/Pod",
    '{metadata: {annotations: {argocd.argoproj.io/ignore-restart-policy: "true"}}, spec: {restartPolicy: Never}, status: {phase: Running, conditions: [{type: Ready, status: "True"}]}}',
    "Healthy: ",
  ],
  [
    "that runs as a hook, whatever its annotation says",
    "v1/Pod",
    '{metadata: {annotations: {argocd.argoproj.io/ignore-restart-policy: "true", argocd.argoproj.io/hook: PreSync}}, spec: {restartPolicy: Never}, status: {phase: Running, conditions: [{type: Ready, status: "True"}]}}',
    "Progressing: ",
  ],
  ["without an address", "v1/Service", "{spec: {type: LoadBalancer}}", "Progressing: "],
  [
    "with an address",
    "v1/Service",
    "{spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: a}]}}}",
    "Healthy: ",
  ],
  ["inside the cluster", "v1/Service", "{spec: {type: ClusterIP}}", "Healthy: "],
  ["without an address", "networking.k8s.io/v1/Ingress", "{}", "Progressing: "],
  ["lost", "v1/PersistentVolumeClaim", "{status: {phase: Lost}}", "Degraded: "],
  ["pending", "v1/PersistentVolumeClaim", "{status: {phase: Pending}}", "Progressing: "],
  ["running", "batch/v1/Job", "{status: {active: 1}}", "Progressing: "],
  ["failed", "batch/v1/Job", '{status: {conditions: [{type: Failed, status: "True", message: no}]}}', "Degraded: no"],
  ["suspended", "batch/v1/Job", '{status: {conditions: [{type: Suspended, status: "True"}]}}', "Suspended: "],
  [
    "resumed and running",
    "batch/v1/Job",
    '{status: {conditions: [{type: Suspended, status: "False"}]}}',
    "Progressing: ",
  ],
  [
    "complete",
    "batch/v1/Job",
    '{status: {conditions: [{type: Complete, status: "True", message: ok}]}}',
    "Healthy: ok",
  ],
  ["suspended", "batch/v1/CronJob", "{spec: {suspend: true}}", "Healthy: CronJob is Suspended"],
  [
    "failed last time",
    "batch/v1/CronJob",
    '{status: {lastScheduleTime: "2026-01-02T00:00:00Z", lastSuccessfulTime: "2026-01-01T00:00:00Z"}}',
    "Degraded: CronJob has not completed its last execution successfully",
  ],
  [
    "failing",
    "autoscaling/v2/HorizontalPodAutoscaler",
    '{status: {conditions: [{type: AbleToScale, status: "True"}, {type: ScalingActive, reason: FailedGetResourceMetric, message: no}]}}',
    "Degraded: no",
  ],
  ["new", "autoscaling/v2/HorizontalPodAutoscaler", "{}", "Progressing: Waiting to Autoscale"],
  [
    "healthy by its annotation",
    "autoscaling/v1/HorizontalPodAutoscaler",
    '{metadata: {annotations: {autoscaling.alpha.kubernetes.io/conditions: \'[{"type":"AbleToScale","status":"True","message":"ok"}]\'}}}',
    "Healthy: ok",
  ],
  ["new", "apiregistration.k8s.io/v1/APIService", "{}", "Progressing: Waiting to be processed"],
  [
    "on its way out",
    "v1/ConfigMap",
    '{metadata: {deletionTimestamp: "2026-01-01T00:00:00Z"}}',
    "Progressing: Pending deletion",
  ],
  [
    "a hook on its way out that is waited for",
    "batch/v1/Job",
    '{metadata: {deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [argocd.argoproj.io/hook-finalizer]}, status: {conditions: [{type: Complete, message: ok}]}}',
    "Healthy: ok",
  ],
  [
    "with a webhook that nobody may trust",
    "apiextensions.k8s.io/v1/CustomResourceDefinition",
    '{status: {conditions: [{type: Established, status: "False", reason: InvalidCABundle, message: bad}]}}',
    "Degraded: CRD is not established: bad",
  ],
  [
    "of a known operator's kind",
    "cert-manager.io/v1/Issuer",
    '{status: {conditions: [{type: Ready, status: "False", message: no}]}}',
    "Degraded: no",
  ],
  ["of a kind without a check", "v1/ConfigMap", "{}", null],
  ["of a kind without a check", "argoproj.io/v1alpha1/Application", "{}", null],
];

for (const [name, api, fields, want] of cases) {
  test(`health of ${api} ${name}: ${want ?? "none"}`, () => {
    const split = api.lastIndexOf("/");
    const { metadata = {}, ...rest } = load(fields) as { metadata?: object };
    const object = {
      apiVersion: api.slice(0, split),
      kind: api.slice(split + 1),
      metadata: { name: "x", ...metadata },
      ...rest,
    };
    const health = healthOf(object, healthTable, 0);
    expect(health && `${health.status}: ${health.message}`).toBe(want);
  });
}

test("health rules never throw on arbitrary specs and statuses", () => {
  const kinds = Object.keys(healthTable.kinds).map((key) => key.split("/"));
  fc.assert(
    fc.property(fc.constantFrom(...kinds), fc.jsonValue(), fc.jsonValue(), ([group, kind], spec, status) => {
      const object = { apiVersion: group ? `${group}/v1` : "v1", kind, metadata: { name: "x" }, spec, status };
      healthOf(object as Resource, healthTable, 0);
    }),
  );
});
