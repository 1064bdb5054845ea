import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { idOf } from "#core/resource/resource-id.ts";
import { type Resource, withMetadata } from "#core/resource/resource.ts";
import { eventually } from "../support/eventually.ts";
import { officialTool } from "../support/official-tool.ts";
import type { ArgoWorld } from "./argo-world.ts";

const NAMESPACE = "argocd";
const CONTROLLER = "argocd-application-controller";
const SET_CONTROLLER = "argocd-applicationset-controller";
const { signal } = new AbortController();
const run = promisify(execFile);

/** How Argo CD applies the objects of an app. */
export type Manner = "client-side" | "server-side";

/**
 * Writes what Argo CD's application controller writes, under its names and in its forms, so that a test begins with a
 * cluster as that leaves it. Objects are applied and compared by the official kubectl, whose way of applying it shares.
 */
export class VendorArgo {
  readonly #world: ArgoWorld;

  constructor(world: ArgoWorld) {
    this.#world = world;
  }

  /** The workloads of its controllers, as the vendor's manifests have them. */
  controllers(): Resource[] {
    return [
      workload("StatefulSet", CONTROLLER, { serviceName: CONTROLLER }),
      workload("Deployment", SET_CONTROLLER, { strategy: {} }),
    ];
  }

  /** Starts the controllers. */
  async started(): Promise<void> {
    for (const one of this.controllers()) await this.#world.client.apply(one, { manager: "kubectl", signal });
    await this.untilReady(1);
  }

  async untilReady(replicas: number): Promise<void> {
    for (const { kind, apiVersion, metadata } of this.controllers()) {
      const ref = { apiVersion, kind, namespace: NAMESPACE, name: metadata.name };
      await eventually(`${metadata.name} has ${replicas} ready replicas`, async () => {
        const live = await this.#world.client.get(ref, { signal });
        return ((live?.["status"] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0) === replicas;
      });
    }
  }

  /** Creates an Application as the ApplicationSet controller does. */
  async generated(app: Resource, set: Resource): Promise<void> {
    const { name, uid = "" } = set.metadata;
    const owner = { apiVersion: set.apiVersion, kind: set.kind, name, uid, controller: true, blockOwnerDeletion: true };
    const finalizers = ["resources-finalizer.argocd.argoproj.io"];
    const made = { ...app, metadata: { ...app.metadata, finalizers, ownerReferences: [owner] } };
    await this.#world.client.create(made, { manager: SET_CONTROLLER, signal });
  }

  /** Applies the objects of an app, deletes those that it lists no more, and tells of it in its status. */
  async synced(name: string, state: { commit: string; objects: readonly Resource[]; manner: Manner }): Promise<void> {
    const { client } = this.#world;
    const app = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", namespace: NAMESPACE, name };
    const live = await client.get(app, { signal });
    if (!live) throw new Error(`Cannot act for Argo CD: there is no Application ${name}`);
    await this.#kubectl("apply", { objects: tracked(name, state.objects), manner: state.manner });
    const rows = state.objects.map((object) => rowOf(object));
    const before = ((live["status"] ?? {}) as { resources?: readonly Row[] }).resources ?? [];
    for (const row of before.filter((one) => !rows.some((other) => sameRow(one, other)))) await this.#prune(row);
    const body = { status: statusOf(live, state.commit, rows) };
    await client.patch(app, body, { type: "merge", manager: CONTROLLER, signal });
  }

  /** What Argo CD would change of an app's objects, as kubectl shows it; empty: nothing. */
  async wouldChange(name: string, objects: readonly Resource[], manner: Manner): Promise<string> {
    return this.#kubectl("diff", { objects: tracked(name, objects), manner });
  }

  async #prune({ group = "", version, kind, namespace, name }: Row): Promise<void> {
    const ref = { apiVersion: group === "" ? version : `${group}/${version}`, kind, namespace, name };
    const live = await this.#world.client.get(ref, { signal });
    if (live) await this.#world.client.delete(ref, { uid: live.metadata.uid ?? "", signal });
  }

  async #kubectl(verb: "apply" | "diff", input: { objects: readonly Resource[]; manner: Manner }): Promise<string> {
    const way = input.manner === "server-side" ? ["--server-side", "--force-conflicts"] : ["--server-side=false"];
    const args = [verb, ...way, "--field-manager=argocd-controller", "--filename=-"];
    const env = { ...process.env, KUBECONFIG: this.#world.plane.kubeconfigPath };
    const running = run(await officialTool("kubectl"), args, { env });
    running.child.stdin?.end(input.objects.map((object) => JSON.stringify(object)).join("\n---\n"));
    const ended = await running.catch((error: { code?: number; stdout: string; stderr: string }) => {
      if (verb !== "diff" || error.code !== 1) throw error;
      return error;
    });
    return ended.stdout;
  }
}

function workload(kind: string, name: string, extra: object): Resource {
  const labels = { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd" };
  const selector = { "app.kubernetes.io/name": name };
  const containers = [{ name, image: "registry.example/argocd:v3.6.0" }];
  const template = { metadata: { labels: selector }, spec: { containers } };
  const spec = { replicas: 1, selector: { matchLabels: selector }, template, ...extra };
  return { apiVersion: "apps/v1", kind, metadata: { name, namespace: NAMESPACE, labels }, spec };
}

interface Row {
  readonly group?: string;
  readonly version: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly status: string;
}

function rowOf(object: Resource): Row {
  const { group, kind, namespace, name } = idOf(object);
  const version = object.apiVersion.split("/").at(-1) ?? "";
  return { ...(group !== "" && { group }), version, kind, namespace, name, status: "Synced" };
}

function sameRow(a: Row, b: Row): boolean {
  return (["group", "kind", "namespace", "name"] as const).every((field) => a[field] === b[field]);
}

function tracked(app: string, objects: readonly Resource[]): Resource[] {
  return objects.map((object) => {
    const { group, kind, namespace, name } = idOf(object);
    const id = `${app}:${group}/${kind}:${namespace}/${name}`;
    return withMetadata(object, { annotations: { "argocd.argoproj.io/tracking-id": id } });
  });
}

function statusOf(app: Resource, revision: string, resources: readonly Row[]): object {
  const { source, destination } = app["spec"] as { source: object; destination: object };
  const { history = [] } = (app["status"] ?? {}) as { history?: readonly object[] };
  const at = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const results = resources.map(({ group = "", ...row }) => ({ ...row, group, syncPhase: "Sync" }));
  return {
    controllerNamespace: NAMESPACE,
    health: { lastTransitionTime: at, status: "Healthy" },
    history: [
      ...history,
      { deployStartedAt: at, deployedAt: at, id: history.length, initiatedBy: { automated: true }, revision, source },
    ],
    operationState: {
      finishedAt: at,
      message: "successfully synced (all tasks run)",
      operation: { initiatedBy: { automated: true }, retry: { limit: 5 }, sync: { prune: true, revision } },
      phase: "Succeeded",
      startedAt: at,
      syncResult: { resources: results, revision, source },
    },
    reconciledAt: at,
    resourceHealthSource: "appTree",
    resources,
    sourceHydrator: {},
    sourceType: "Directory",
    summary: {},
    sync: { comparedTo: { destination, source }, revision, status: "Synced" },
  };
}
