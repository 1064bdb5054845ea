import type { Resource } from "#core/resource/resource.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { HelperPool } from "#adapters/upstream/helper-pool.ts";
import type { ObjectRef } from "#engine/ports.ts";
import { eventually } from "../support/eventually.ts";
import { type ChartOf, VendorHelm } from "./takeover-vendor-helm.ts";
import { entryOf, now, observed, VendorWriter } from "./takeover-writer.ts";

const CONTROLLERS = ["kustomize-controller", "source-controller", "helm-controller"];
const HELM = "helm.toolkit.fluxcd.io/v2";
const SOURCE = "source.toolkit.fluxcd.io/v1";
const KUSTOMIZE = "kustomize.toolkit.fluxcd.io/v1";
const { signal } = new AbortController();

/**
 * Writes what Flux's controllers write, under their names and in their forms, so that a test begins with a cluster as
 * they leave it. Charts are rendered and records encoded by Helm's own library.
 */
export class VendorFlux {
  readonly helm: VendorHelm;
  readonly #writer: VendorWriter;

  constructor(client: ConnectedCluster, pool: HelperPool, chartOf: ChartOf) {
    this.#writer = new VendorWriter(client);
    this.helm = new VendorHelm(this.#writer, pool, chartOf);
  }

  /** The Deployment of one of Flux's controllers, as its distribution has it. */
  controller(name: string, replicas = 1): Resource {
    const labels = {
      "app.kubernetes.io/component": name,
      "app.kubernetes.io/instance": "flux-system",
      "app.kubernetes.io/part-of": "flux",
      "control-plane": "controller",
    };
    const containers = [{ name: "manager", image: `registry.example/${name}:v1.6.0` }];
    const spec = {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers } },
    };
    const metadata = { name, namespace: "flux-system", labels };
    return { apiVersion: "apps/v1", kind: "Deployment", metadata, spec };
  }

  /** Flux's Deployments, all of them ready. */
  async install(): Promise<void> {
    for (const name of CONTROLLERS) await this.#writer.apply(this.controller(name), "kustomize-controller");
    await this.untilReady(1);
  }

  async scale(replicas: number): Promise<void> {
    for (const name of CONTROLLERS) {
      const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "flux-system", name };
      await this.#writer.client.patch(ref, { spec: { replicas } }, { type: "merge", manager: "kubectl-scale", signal });
    }
    await this.untilReady(replicas);
  }

  async untilReady(replicas: number): Promise<void> {
    for (const name of CONTROLLERS) {
      const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "flux-system", name };
      await eventually(`${name} has ${replicas} ready replicas`, async () => {
        const live = await this.#writer.client.get(ref, { signal });
        return ((live?.["status"] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0) === replicas;
      });
    }
  }

  /** What source-controller leaves on a source. */
  async fetched(ref: ObjectRef, revision: string): Promise<void> {
    await this.#writer.finalizer(ref, "source-controller");
    const path = `${ref.kind.toLowerCase()}/${ref.namespace}/${ref.name}/${revision.split(":").at(-1)}.tar.gz`;
    const message = `stored artifact for revision '${revision}'`;
    const artifact = {
      digest: `sha256:${"a1".repeat(32)}`,
      lastUpdateTime: now(),
      path,
      revision,
      size: 2048,
      url: `http://source-controller.flux-system.svc.cluster.local./${path}`,
    };
    const marks = { Ready: ["Succeeded", message], ArtifactInStorage: ["Succeeded", message] } as const;
    await this.#writer.status(ref, "source-controller", (live) => ({ artifact, ...observed(live, marks) }));
  }

  /**
   * What kustomize-controller does with a Kustomization whose source is at a revision: applies these objects, deletes
   * those that were there before, and tells of it.
   */
  async kustomized(ref: ObjectRef, revision: string, objects: readonly Resource[]): Promise<void> {
    await this.#writer.finalizer(ref, "gotk-kustomize-controller");
    const labels = {
      "kustomize.toolkit.fluxcd.io/name": ref.name,
      "kustomize.toolkit.fluxcd.io/namespace": ref.namespace ?? "",
    };
    const entries: { id: string; v: string }[] = [];
    for (const object of objects) {
      const { metadata } = object;
      const marked = { ...object, metadata: { ...metadata, labels: { ...metadata.labels, ...labels } } };
      await this.#writer.apply(marked, "kustomize-controller");
      entries.push(entryOf(marked));
    }
    await this.#writer.status(ref, "gotk-kustomize-controller", (live) => {
      const status = (live["status"] ?? {}) as { history?: readonly object[] };
      const message = `Applied revision: ${revision}`;
      return {
        ...observed(live, { Ready: ["ReconciliationSucceeded", message] }),
        history: [historyEntry(revision), ...(status.history ?? [])],
        inventory: { entries: entries.toSorted((a, b) => (a.id < b.id ? -1 : 1)) },
        lastAppliedRevision: revision,
        lastAttemptedRevision: revision,
      };
    });
  }

  /** Deletes an object, as garbage collection does. */
  async collected(ref: ObjectRef): Promise<void> {
    const live = await this.#writer.client.get(ref, { signal });
    if (live)
      await this.#writer.client.delete(ref, { uid: live.metadata.uid ?? "", propagation: "Background", signal });
  }
}

function historyEntry(revision: string): object {
  return {
    digest: `sha256:${revision.slice(-40)}${"0".repeat(24)}`,
    firstReconciled: now(),
    lastReconciled: now(),
    lastReconciledDuration: "148.199832ms",
    lastReconciledStatus: "ReconciliationSucceeded",
    metadata: { revision },
    totalReconciliations: 1,
  };
}

/** The address of an object of Flux's. */
export const fluxRef = {
  release: (namespace: string, name: string): ObjectRef => ({ apiVersion: HELM, kind: "HelmRelease", namespace, name }),
  kustomization: (namespace: string, name: string): ObjectRef => ({
    apiVersion: KUSTOMIZE,
    kind: "Kustomization",
    namespace,
    name,
  }),
  source: (kind: string, namespace: string, name: string): ObjectRef => ({
    apiVersion: SOURCE,
    kind,
    namespace,
    name,
  }),
};
