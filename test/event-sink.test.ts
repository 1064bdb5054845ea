import { afterAll, beforeAll, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { connectCluster } from "#adapters/kube/cluster-client.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { loadKubeconfig } from "#adapters/kube/kubeconfig.ts";
import { createEventSink } from "#adapters/observe/event-sink.ts";
import type { EventOutcome } from "#adapters/observe/event-sink.ts";
import { useControlPlane } from "./support/control-plane.ts";

const { signal } = new AbortController();
const controlPlane = useControlPlane({ withNodes: false });
let client: ConnectedCluster;

beforeAll(async () => {
  client = connectCluster(await loadKubeconfig({ path: controlPlane().kubeconfigPath, signal }));
});

afterAll(() => client.close());

test("the API server takes events of any object, as long as they may be, and counts repetitions", async () => {
  const outcomes: EventOutcome[] = [];
  const warnings: unknown[] = [];
  const time = { ms: 0 };
  const sink = createEventSink({
    client,
    clock: { now: () => Date.now() + time.ms, monotonic: () => time.ms },
    log: { info: () => {}, warn: (fields) => warnings.push(fields), error: () => {} },
    onOutcome: (outcome) => outcomes.push(outcome),
  });
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "web", namespace: "default" }, data: {} };
  const { object } = await client.apply(configMap, { manager: "test", signal });
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "view" } };
  const note = { type: "Normal", reason: "Synced", message: "applied", annotations: { "example.com/a": "b" } } as const;
  sink.push(object, "thing-controller", [note, { ...note, message: "ä".repeat(3_000), type: "Warning" }]);
  sink.push(role, "thing-controller", [note]);
  await sink.run(AbortSignal.abort());
  time.ms = 6 * 60_000;
  sink.push(object, "thing-controller", [note]);
  await sink.run(AbortSignal.abort());
  expect({ outcomes, warnings }).toEqual({ outcomes: ["written", "written", "written", "written"], warnings: [] });
  const info = { group: "", version: "v1", kind: "Event", plural: "events", namespaced: true, verbs: [] };
  const events = await client.list(info, { fieldSelector: "reason=Synced" }, { signal });
  expect(events.map(summary).sort()).toEqual([
    "default/ClusterRole/view thing-controller 1",
    "default/ConfigMap/web thing-controller 1",
    "default/ConfigMap/web thing-controller 2",
  ]);
});

function summary(event: Resource): string {
  const { kind, name } = event["involvedObject"] as { kind: string; name: string };
  const { component } = event["source"] as { component: string };
  return `${event.metadata.namespace}/${kind}/${name} ${component} ${String(event["count"])}`;
}
