import { load } from "js-yaml";
import { expect, test } from "vitest";
import { healthOf } from "#core/health/health.ts";
import type { Resource } from "#core/resource/resource.ts";
import { healthTable } from "./health.ts";
import { captured } from "./testdata/captured.ts";

const now = Date.parse("2026-01-01T00:01:00Z");
const deploymentReady = "replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2";
const rolledOut =
  "{type: Progressing, status: 'True', reason: NewReplicaSetAvailable}, {type: Available, status: 'True'}";

const cases = [
  ["a terminating object", "v1 ConfigMap", "", "Progressing", { deletionTimestamp: "2026-01-01T00:00:00Z" }],
  ["a ConfigMap", "v1 ConfigMap", "", "Healthy"],
  ["an unobserved object", "a.b/v1 Any", "status: {observedGeneration: 1}", "Progressing", { generation: 2 }],
  ["a reconciling object", "a.b/v1 Any", "status: {conditions: [{type: Reconciling, status: 'True'}]}", "Progressing"],
  ["a stalled object", "a.b/v1 Any", "status: {conditions: [{type: Stalled, status: 'True'}]}", "Degraded"],
  ["an object that is ready", "a.b/v1 Any", "status: {conditions: [{type: Ready, status: 'True'}]}", "Healthy"],
  [
    "an object that is not ready",
    "a.b/v1 Any",
    "status: {conditions: [{type: Ready, status: 'False'}]}",
    "Progressing",
  ],
  [
    "an object of unknown readiness",
    "a.b/v1 Any",
    "status: {conditions: [{type: Ready, status: Unknown}]}",
    "Progressing",
  ],
  ["an object without conditions", "a.b/v1 Any", "status: {phase: x}", "Healthy"],
  ["a Deployment without a status", "apps/v1 Deployment", "spec: {replicas: 1}", "Progressing"],
  [
    "a Deployment with no replicas wanted",
    "apps/v1 Deployment",
    "spec: {replicas: 0}\nstatus: {conditions: [{type: Available, status: 'True'}]}",
    "Healthy",
  ],
  [
    "a rolled out Deployment",
    "apps/v1 Deployment",
    `spec: {replicas: 2, progressDeadlineSeconds: 600}\nstatus: {${deploymentReady}, conditions: [${rolledOut}]}`,
    "Healthy",
  ],
  [
    "a Deployment whose new set is not available",
    "apps/v1 Deployment",
    `spec: {replicas: 2, progressDeadlineSeconds: 600}\nstatus: {${deploymentReady}, conditions: [{type: Available, status: 'True'}]}`,
    "Progressing",
  ],
  [
    "a Deployment with old replicas",
    "apps/v1 Deployment",
    `spec: {replicas: 1}\nstatus: {${deploymentReady}, conditions: [${rolledOut}]}`,
    "Progressing",
  ],
  [
    "a Deployment past its deadline",
    "apps/v1 Deployment",
    "spec: {replicas: 1}\nstatus: {conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}]}",
    "Degraded",
  ],
  [
    "a paused Deployment that is rolled out",
    "apps/v1 Deployment",
    `spec: {paused: true, replicas: 2}\nstatus: {${deploymentReady}, conditions: [${rolledOut}]}`,
    "Healthy",
  ],
  [
    "a StatefulSet at one revision",
    "apps/v1 StatefulSet",
    "spec: {replicas: 1}\nstatus: {replicas: 1, readyReplicas: 1, currentReplicas: 1, currentRevision: a, updateRevision: a}",
    "Healthy",
  ],
  [
    "a StatefulSet between revisions",
    "apps/v1 StatefulSet",
    "spec: {replicas: 1}\nstatus: {replicas: 1, readyReplicas: 1, currentReplicas: 1, currentRevision: a, updateRevision: b}",
    "Progressing",
  ],
  [
    "a StatefulSet rolled out down to its partition",
    "apps/v1 StatefulSet",
    "spec: {replicas: 3, updateStrategy: {rollingUpdate: {partition: 2}}}\nstatus: {replicas: 3, readyReplicas: 3, updatedReplicas: 1}",
    "Healthy",
  ],
  ["a StatefulSet updated by hand", "apps/v1 StatefulSet", "spec: {updateStrategy: {type: OnDelete}}", "Healthy"],
  [
    "an unobserved DaemonSet",
    "apps/v1 DaemonSet",
    "status: {desiredNumberScheduled: 0}",
    "Progressing",
    { generation: 1 },
  ],
  [
    "a DaemonSet that is ready",
    "apps/v1 DaemonSet",
    "status: {observedGeneration: 1, desiredNumberScheduled: 1, currentNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1, numberReady: 1}",
    "Healthy",
    { generation: 1 },
  ],
  [
    "a DaemonSet that is rolling",
    "apps/v1 DaemonSet",
    "status: {observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 1}",
    "Progressing",
    { generation: 1 },
  ],
  [
    "a ReplicaSet that is ready",
    "apps/v1 ReplicaSet",
    "spec: {replicas: 1}\nstatus: {replicas: 1, fullyLabeledReplicas: 1, availableReplicas: 1, readyReplicas: 1}",
    "Healthy",
  ],
  [
    "a ReplicaSet that cannot make pods",
    "apps/v1 ReplicaSet",
    "status: {conditions: [{type: ReplicaFailure, status: 'True'}]}",
    "Progressing",
  ],
  ["a running Job", "batch/v1 Job", "status: {startTime: x, active: 1}", "Progressing"],
  ["a complete Job", "batch/v1 Job", "status: {conditions: [{type: Complete, status: 'True'}]}", "Healthy"],
  ["a failed Job", "batch/v1 Job", "status: {conditions: [{type: Failed, status: 'True'}]}", "Degraded"],
  ["a suspended Job", "batch/v1 Job", "status: {conditions: [{type: Suspended, status: 'True'}]}", "Healthy"],
  ["a ready Pod", "v1 Pod", "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}", "Healthy"],
  ["a Pod that is starting", "v1 Pod", "status: {phase: Running}", "Progressing"],
  [
    "a Pod that keeps crashing",
    "v1 Pod",
    "status: {phase: Running, containerStatuses: [{name: a, state: {waiting: {reason: CrashLoopBackOff}}}]}",
    "Degraded",
  ],
  [
    "a Pod that waits for a node, just created",
    "v1 Pod",
    "status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable}]}",
    "Progressing",
    { creationTimestamp: "2026-01-01T00:00:50Z" },
  ],
  [
    "a Pod that found no node for a minute",
    "v1 Pod",
    "status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable}]}",
    "Degraded",
    { creationTimestamp: "2026-01-01T00:00:00Z" },
  ],
  ["a bound claim", "v1 PersistentVolumeClaim", "status: {phase: Bound}", "Healthy"],
  ["a pending claim", "v1 PersistentVolumeClaim", "status: {phase: Pending}", "Progressing"],
  [
    "a load balancer without an address of its own",
    "v1 Service",
    "spec: {type: LoadBalancer, clusterIP: 10.0.0.1}",
    "Healthy",
  ],
  ["a load balancer without a cluster address", "v1 Service", "spec: {type: LoadBalancer}", "Progressing"],
  [
    "an established definition",
    "apiextensions.k8s.io/v1 CustomResourceDefinition",
    "status: {conditions: [{type: NamesAccepted, status: 'True'}, {type: Established, status: 'True'}]}",
    "Healthy",
  ],
  [
    "a definition whose names are taken",
    "apiextensions.k8s.io/v1 CustomResourceDefinition",
    "status: {conditions: [{type: NamesAccepted, status: 'False', reason: Conflict}]}",
    "Degraded",
  ],
  [
    "a definition that is being installed",
    "apiextensions.k8s.io/v1 CustomResourceDefinition",
    "status: {conditions: [{type: Established, status: 'False', reason: Installing}]}",
    "Progressing",
  ],
] as const;

for (const [name, type, fields, want, metadata = {}] of cases) {
  test(`${name} is ${want}`, () => {
    const [apiVersion = "", kind = ""] = type.split(" ");
    const rest = load(fields) ?? {};
    const object: Resource = { apiVersion, kind, metadata: { name: "x", ...metadata }, ...rest };
    expect(healthOf(object, healthTable, now)?.status).toBe(want);
  });
}

test("captured objects are judged as Flux judged them", () => {
  expect(healthOf(captured("object-deployment-web"), healthTable, now)?.status).toBe("Healthy");
  expect(healthOf(captured("kustomization-ok"), healthTable, now)?.status).toBe("Healthy");
  expect(healthOf(captured("kustomization-health-fail"), healthTable, now)?.status).toBe("Progressing");
});

test("no status makes a rule throw", () => {
  for (const [, type] of cases) {
    const [apiVersion = "", kind = ""] = type.split(" ");
    for (const junk of [
      null,
      1,
      "x",
      [],
      { conditions: {} },
      { conditions: [null, 1, {}] },
      { containerStatuses: [null] },
    ]) {
      const object: Resource = { apiVersion, kind, metadata: { name: "x" }, spec: junk, status: junk };
      expect(() => healthOf(object, healthTable, now)).not.toThrow();
    }
  }
});
